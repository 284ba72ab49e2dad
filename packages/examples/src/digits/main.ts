/**
 * Classifies handwritten digits by softmax regression, or with `--hidden` by a two-layer network.
 *
 * A model is a tree of tensors. `fit` draws batches of images, computes the gradient of the loss (a tree of the same structure),
 * and passes the gradient to an optimizer.
 */
import { join } from "node:path";
import { compile } from "@wengert/compile";
import { explain, record, type Tensor, tensor, valueAndGrad, zeros } from "@wengert/core";
import { add, crossEntropy, matmul, mul, randomKey, randomNormal, relu, splitKey } from "@wengert/ops";
import { accuracy, adam, applyUpdates, batches, fit, linear, measure, type Optimizer, sgd } from "@wengert/train";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { finishedFit } from "../shared/fitted.ts";
import { type Batch, classes, pixelsPerImage, readDigits, wholeSet } from "../shared/mnist.ts";
import { choice, count, flag, optional, path, positive, spelled } from "../shared/options.ts";
import { percent, whole } from "../shared/table.ts";
import { examine } from "./outcome.ts";
import { type Fit, report } from "./report.ts";

type Model = readonly { readonly W: Tensor; readonly b: Tensor }[];

/** Returns the score of each digit: A = X W + b for each layer, with relu between the layers. */
function scores(model: Model, images: Tensor): Tensor {
  return model.reduce((X, { W, b }, i) => add(matmul(i === 0 ? X : relu(X), W), b), images);
}

/** Returns the cross-entropy loss and the scores A, from which `fit` computes the accuracy. */
function loss(model: Model, { images, labels }: Batch): [loss: Tensor, A: Tensor] {
  const A = scores(model, images);
  return [crossEntropy(A, labels), A];
}

const metrics = { accuracy: (A: Tensor, { labels }: Batch) => accuracy(A, labels) };

/** Formats the tape of one training step, which computes the loss, the gradients and the new parameters. */
function tapeOf(optimizer: Optimizer, model: Model, batch: Batch): string {
  const gradient = valueAndGrad(loss, { hasAux: true });
  const state = optimizer.init(model);
  const step = (given: Model) =>
    applyUpdates(given, optimizer.update(gradient(given, batch).grad, state, given).updates);
  return explain(record(step, model));
}

/** Returns the initial model. The weights of the last layer are 0, so each digit has probability 1/10 and the loss is log 10. */
function initialModel(hidden: number, key: Tensor, dtype: "float32" | "float64"): Model {
  const zeroLayer = (inputs: number) => ({
    W: zeros([inputs, classes], { dtype, label: "W" }),
    b: zeros([classes], { dtype, label: "b" }),
  });
  if (hidden === 0) return [zeroLayer(pixelsPerImage)];
  // He initialization: relu halves the mean square of its input, so a variance of 2 / (number of inputs) keeps the scale.
  const W = mul(Math.sqrt(2 / pixelsPerImage), randomNormal(key, { shape: [pixelsPerImage, hidden], dtype }));
  return [{ W: tensor(W, { label: "W1" }), b: zeros([hidden], { dtype, label: "b1" }) }, zeroLayer(hidden)];
}

const options = {
  epochs: count(6, "passes over the training images"),
  batch: count(64, "images per step"),
  optimizer: choice(["sgd", "adam"], "the optimizer"),
  rate: optional(positive(0.5, "initial learning rate, which decays linearly to 0"), "0.5 for sgd, 0.002 for adam"),
  hidden: count(0, "units of a hidden relu layer; 0 for none", { min: 0 }),
  limit: count(60_000, "train on the first N images only"),
  seed: count(1, "seed of the image order and the initial weights", { min: 0 }),
  dtype: choice(["float32", "float64"], "dtype of all numbers"),
  out: path("out/digits", "report folder"),
  checkpoint: optional(
    path("", "file written every minute, at Ctrl-C and at the end"),
    "checkpoint.safetensors in the report folder",
  ),
  resume: flag("resume from the checkpoint"),
  eager: flag("run op by op, without compile"),
};

const digits: Command<{ fit: Fit; file: string }> = command({
  summary: "classifies 70,000 handwritten digits by softmax regression, and writes an illustrated report",
  options,
  async run({ out, checkpoint = join(out, "checkpoint.safetensors"), resume, ...settings }, stop) {
    const { epochs, batch: size, optimizer: by, hidden, limit, seed, dtype } = settings;
    prepareFolder(out);
    const [train, test] = [await readDigits("train", { dtype, limit }), await readDigits("t10k", { dtype })];
    const [data, held] = [wholeSet(train), wholeSet(test)];
    const [modelKey, key] = splitKey(randomKey(seed)) as [Tensor, Tensor];
    const model = initialModel(hidden, modelKey, dtype);
    const from = settings.rate ?? (by === "sgd" ? 0.5 : 0.002);
    const rate = linear({ from, steps: epochs * Math.ceil(train.count / size) });
    const optimizer: Optimizer = by === "sgd" ? sgd({ learningRate: rate }) : adam({ learningRate: rate });
    const tape = tapeOf(optimizer, model, batches(data, { batchSize: size }).at(0)!);
    const parameters = model.reduce((sum, { W, b }) => sum + W.size + b.size, 0);
    console.log(`${whole(parameters)} parameters, ${whole(train.count)} training and ${whole(test.count)} test images`);

    const measuring = { metrics, batchSize: test.count };
    const fitted = await finishedFit(
      fit(loss, model, data, {
        optimizer,
        epochs,
        batchSize: size,
        key,
        metrics,
        validation: { data: held, batchSize: test.count },
        signal: stop,
        progress: true,
        checkpoint: { path: checkpoint },
        resume: resume ? checkpoint : false,
        compile: settings.eager ? undefined : compile,
      }),
    );
    const { params, step, epoch, reason } = fitted;
    const reached = reason === "aborted" ? [{ step, epoch, ...(await measure(loss, params, held, measuring)) }] : [];
    const history = { ...fitted.history, validation: [...fitted.history.validation, ...reached] };

    const result: Fit = {
      command: `npm start -- ${spelled(options, settings)}`.replace(/ -- $/, ""),
      hidden,
      optimizer: by,
      parameters,
      images: train.count,
      stopped: reason === "aborted",
      steps: step,
      history,
      ...examine((X) => scores(params, X), test),
      tape,
    };
    const file = await writeWhole(out, "index.html", await report(result));
    const [seen, total] = [Math.round(epoch * train.count), epochs * train.count];
    const stopped = result.stopped ? `, stopped after ${whole(seen)} of ${whole(total)} images` : "";
    console.log(`test accuracy ${percent(history.validation.at(-1)?.metrics.accuracy ?? 0)}${stopped}\nreport ${file}`);
    if (result.stopped) console.log(`resume from ${checkpoint} with --resume`);
    return { fit: result, file };
  },
});

await startIfMain(import.meta, digits);

export default digits;

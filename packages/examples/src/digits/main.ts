/**
 * Learns handwritten digits: by softmax regression, or with `--hidden` by a network of two layers.
 *
 * A model is a tree of tensors and a function of it. `valueAndGrad` runs the loss, keeps its tape and reads it
 * backwards; what comes out is a tree of the same structure, so gradient descent is one `treeMap`.
 */
import { setImmediate } from "node:timers/promises";
import { explain, record, type Tensor, tensor, treeMap, valueAndGrad, zeros } from "@wengert/core";
import { add, axpy, crossEntropy, matmul, mul, randomKey, randomNormal, relu, splitKey } from "@wengert/ops";
import { accuracy } from "@wengert/train";
import { type Command, command, startIfMain } from "../command.ts";
import { prepareFolder, writeWhole } from "../files.ts";
import { choice, count, path, positive, spelled } from "../options.ts";
import { showProgress } from "../progress.ts";
import { percent, whole } from "../table.ts";
import { type Batch, batches, first, wholeSet } from "./batches.ts";
import { History } from "./history.ts";
import { classes, pixelsPerImage, readDigits } from "./mnist.ts";
import { examine } from "./outcome.ts";
import { type Fit, report } from "./report.ts";

type Model = readonly { readonly W: Tensor; readonly b: Tensor }[];

/** A = X W + b, layer by layer, relu between two. The last A holds a score for each digit. */
function scores(model: Model, images: Tensor): Tensor {
  return model.reduce((X, { W, b }, i) => add(matmul(i === 0 ? X : relu(X), W), b), images);
}

/** The mean of −log softmax(A) at the right digit; and A, from which the accuracy comes. */
function loss(model: Model, { images, labels }: Batch): [loss: Tensor, A: Tensor] {
  const A = scores(model, images);
  return [crossEntropy(A, labels), A];
}

const lossAndGradient = valueAndGrad(loss, { hasAux: true });

/** One step downhill: each parameter p becomes p − rate · ∂loss/∂p. */
function descend(model: Model, batch: Batch, rate: number): { model: Model; loss: Tensor; A: Tensor } {
  const { value, grad, aux } = lossAndGradient(model, batch);
  return { model: treeMap((p, gradient) => axpy(-rate, gradient, p), model, grad), loss: value, A: aux };
}

/** The last layer starts at zero: each digit gets the probability 1/10, and the loss is log 10. */
function initialModel(hidden: number, key: Tensor, dtype: "float32" | "float64"): Model {
  const zeroLayer = (inputs: number) => ({
    W: zeros([inputs, classes], { dtype, label: "W" }),
    b: zeros([classes], { dtype, label: "b" }),
  });
  if (hidden === 0) return [zeroLayer(pixelsPerImage)];
  // Variance 2 / inputs: relu halves what comes through, so the scale stays from layer to layer.
  const W = mul(Math.sqrt(2 / pixelsPerImage), randomNormal(key, { shape: [pixelsPerImage, hidden], dtype }));
  return [{ W: tensor(W, { label: "W1" }), b: zeros([hidden], { dtype, label: "b1" }) }, zeroLayer(hidden)];
}

const options = {
  epochs: count(6, "passes over the training images"),
  batch: count(64, "images a step"),
  rate: positive(0.5, "learning rate of the first step; it falls to 0 in a straight line"),
  hidden: count(0, "units of a hidden relu layer; 0 for none", { min: 0 }),
  limit: count(60_000, "trains on the first N images only"),
  seed: count(1, "decides the order of the images, and where a hidden layer starts", { min: 0 }),
  dtype: choice(["float32", "float64"], "of all numbers"),
  out: path("out/digits", "folder of the report"),
};

const digits: Command<{ fit: Fit; file: string }> = command({
  summary: "learns 70,000 handwritten digits by softmax regression, and writes an illustrated report",
  options,
  async run({ out, ...settings }, stop) {
    const { epochs, batch: size, rate, hidden, limit, seed, dtype } = settings;
    prepareFolder(out);
    const [train, test] = [await readDigits("train", { dtype, limit }), await readDigits("t10k", { dtype })];
    const testBatch = wholeSet(test);
    const [modelKey, orderKey] = splitKey(randomKey(seed)) as [Tensor, Tensor];
    let model = initialModel(hidden, modelKey, dtype);
    const oneStep = (given: Model, batch: Batch) => descend(given, batch, rate).model;
    const tape = explain(record(oneStep, model, first(train, size)));
    const parameters = model.reduce((sum, { W, b }) => sum + W.size + b.size, 0);
    console.log(`${whole(parameters)} parameters, ${whole(train.count)} training and ${whole(test.count)} test images`);

    const total = epochs * train.count;
    const history = new History(train.count / size);
    const progress = showProgress({ total, unit: "images" });
    let seen = 0;
    for (const batch of progress.during(batches(train, { size, epochs, key: orderKey }))) {
      const step = descend(model, batch, rate * (1 - seen / total));
      model = step.model;
      seen += batch.labels.size;
      const epoch = seen / train.count;
      const now = history.addStep({ epoch, loss: step.loss.item(), accuracy: accuracy(step.A, batch.labels) });
      progress.update(seen, `loss ${now.loss.toFixed(4)}  accuracy ${percent(now.accuracy)}`);
      await setImmediate(); // so that Ctrl-C is heard between two steps
      if (Number.isInteger(epoch) || stop.aborted) {
        const [testLoss, A] = loss(model, testBatch);
        history.test.push({ epoch, loss: testLoss.item(), accuracy: accuracy(A, testBatch.labels) });
      }
      if (stop.aborted) break;
    }

    const fit: Fit = {
      command: `npm start -- ${spelled(options, settings)}`.replace(/ -- $/, ""),
      hidden,
      parameters,
      images: train.count,
      stopped: seen < total,
      steps: history.steps,
      history: history.curves(train.count / size),
      ...examine((X) => scores(model, X), test),
      tape,
    };
    const file = await writeWhole(out, "index.html", await report(fit));
    const reached = fit.stopped ? `, stopped after ${whole(seen)} of ${whole(total)} images` : "";
    console.log(`test accuracy ${percent(history.test.at(-1)?.accuracy ?? 0)}${reached}\nreport ${file}`);
    return { fit, file };
  },
});

await startIfMain(import.meta, digits);

export default digits;

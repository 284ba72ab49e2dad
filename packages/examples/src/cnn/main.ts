/**
 * Classifies handwritten digits with a small convolutional network, built from the layers of `@wengert/nn`.
 *
 * `fit` trains the network with dropout, and `report.ts` draws the results.
 */
import { join } from "node:path";
import { compile } from "@wengert/compile";
import { explain, type Tensor, tensor, trace } from "@wengert/core";
import { conv2d, dense, dropout, flatten, maxPool2d, type ParamsOf, sequential, summary } from "@wengert/nn";
import { crossEntropy, randomKey, relu, reshape, splitKey } from "@wengert/ops";
import { accuracy, adam, batches, type Context, fit, linear, measure } from "@wengert/train";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { finishedFit } from "../shared/fitted.ts";
import { type Batch, classes, type Digits, readDigits, side, wholeSet } from "../shared/mnist.ts";
import { between, count, flag, optional, path, positive, spelled } from "../shared/options.ts";
import { percent, whole } from "../shared/table.ts";
import { type Fit, report } from "./report.ts";

/**
 * Returns a small convolutional network. Two convolutions with max pooling turn an image into 32 maps of 4 × 4 numbers,
 * and two dense layers turn the maps into a score for each digit. In training, dropout sets a fraction `rate` of the
 * inputs of each dense layer to 0.
 */
const networkOf = (rate: number) =>
  sequential(
    conv2d(16, { size: 5 }),
    relu,
    maxPool2d({ size: 2 }),
    conv2d(32, { size: 5 }),
    relu,
    maxPool2d({ size: 2 }),
    flatten,
    dropout(rate),
    dense(128),
    relu,
    dropout(rate),
    dense(classes),
  );

type Model = ParamsOf<ReturnType<typeof networkOf>>;

/** Returns the images with a channel axis, [n, 28, 28, 1], and their labels. */
function withChannel(digits: Digits): Batch {
  const { images, labels } = wholeSet(digits);
  return { images: reshape(images, { shape: [digits.count, side, side, 1] }), labels };
}

const options = {
  epochs: count(6, "passes over the training images"),
  batch: count(64, "images per step"),
  rate: positive(0.002, "initial learning rate of Adam, which decays linearly to 0"),
  dropout: between(0, 0.9, 0.3, "share of the inputs of each dense layer that training sets to 0"),
  limit: count(60_000, "train on the first N images only"),
  test: count(10_000, "test on the first N images only"),
  seed: count(1, "seed of the image order, the initial weights and dropout", { min: 0 }),
  out: path("out/cnn", "report folder"),
  checkpoint: optional(
    path("", "file written every minute, at Ctrl-C and at the end"),
    "checkpoint.safetensors in the report folder",
  ),
  resume: flag("resume from the checkpoint"),
  eager: flag("run op by op, without compile"),
};

const cnn: Command<{ fit: Fit; file: string }> = command({
  summary: "classifies 99 % of 70,000 handwritten digits with a small convolutional network, in minutes",
  options,
  async run({ out, checkpoint = join(out, "checkpoint.safetensors"), resume, ...settings }, stop) {
    const { epochs, batch: batchSize, rate, limit, seed } = settings;
    prepareFolder(out);
    const dtype = "float32";
    const train = await readDigits("train", { dtype, limit });
    const test = await readDigits("t10k", { dtype, limit: settings.test });
    const [data, held] = [withChannel(train), withChannel(test)];
    const [modelKey, key] = splitKey(randomKey(seed));
    const net = networkOf(settings.dropout);
    const input = { shape: [batchSize, side, side, 1], dtype } as const;
    const params = net.init(modelKey, input);
    const layers = summary(net, input);
    console.log(`${layers}\n\n${whole(train.count)} training and ${whole(test.count)} test images`);

    const loss = (params: Model, { images, labels }: Batch, { key, training }: Context): [loss: Tensor, A: Tensor] => {
      const A = net.apply(params, images, { key, training });
      return [crossEntropy(A, labels), A];
    };
    const metrics = { accuracy: (A: Tensor, { labels }: Batch) => accuracy(A, labels) };
    const began = performance.now();
    const fitted = await finishedFit(
      fit(loss, params, data, {
        optimizer: adam({ learningRate: linear({ from: rate, steps: epochs * Math.ceil(train.count / batchSize) }) }),
        epochs,
        batchSize,
        key,
        metrics,
        validation: { data: held },
        signal: stop,
        progress: true,
        checkpoint: { path: checkpoint },
        resume: resume ? checkpoint : false,
        compile: settings.eager ? undefined : compile,
      }),
    );
    const seconds = Math.round((performance.now() - began) / 1000);
    const { step, epoch, reason } = fitted;
    const stopped = reason === "aborted";
    const reached = stopped ? [{ step, epoch, ...(await measure(loss, fitted.params, held, { metrics })) }] : [];
    const validation = [...fitted.history.validation, ...reached];
    const scores = batches(held, { batchSize: 1000 });
    const result: Fit = {
      command: `npm run example -- cnn ${spelled(options, settings)}`.trim(),
      layers,
      images: train.count,
      stopped,
      steps: step,
      history: { ...fitted.history, validation },
      test: {
        images: reshape(held.images, { shape: [test.count, side, side] }),
        labels: held.labels,
        scores: tensor([...scores].flatMap(({ images }) => net.apply(fitted.params, images).toNested<number[][]>())),
      },
      filters: fitted.params[0].W,
      tape: explain(trace(net.apply, params, input)),
    };
    const file = await writeWhole(out, "index.html", await report(result));
    const time = resume ? "" : ` in ${whole(seconds)} s`;
    console.log(`${whole(step)} steps${time}. Test accuracy ${percent(validation.at(-1)?.metrics.accuracy ?? 0)}`);
    console.log(`report ${file}${stopped ? `\nresume from ${checkpoint} with --resume` : ""}`);
    return { fit: result, file };
  },
});

await startIfMain(import.meta, cnn);

export default cnn;

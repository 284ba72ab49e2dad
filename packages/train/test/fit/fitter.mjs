// Fits a small network with dropout in its own process, writes a checkpoint to the given path after each step, and
// prints the steps.

import { tensor } from "@wengert/core";
import { crossEntropy, greater, matmul, mul, randomKey, randomNormal, randomUniform, tanh, where } from "@wengert/ops";
import { adam, fit, toSafetensors } from "../../dist/index.js";

const X = randomNormal(randomKey(1), { shape: [100, 4] });
const y = tensor(
  Array.from({ length: 100 }, (_, i) => i % 3),
  { dtype: "int32" },
);
const params = [randomNormal(randomKey(2), { shape: [4, 8] }), randomNormal(randomKey(3), { shape: [8, 3] })];
const loss = ([V, W], { X, y }, { key, training }) => {
  const h = tanh(matmul(X, V));
  const kept = training ? where(greater(randomUniform(key, { shape: h.shape }), 0.3), mul(1 / 0.7, h), 0) : h;
  return crossEntropy(matmul(kept, W), y);
};

const [path] = process.argv.slice(2);
const fitted = await fit(
  loss,
  params,
  { X, y },
  {
    optimizer: adam({ learningRate: 0.01 }),
    steps: 150,
    batchSize: 7,
    key: randomKey(4),
    validation: { data: { X, y }, everySteps: 20 },
    checkpoint: { path, everySteps: 1 },
    resume: true,
    progress: ({ step }) => console.log(step),
  },
);
console.log("fitted", Buffer.from(toSafetensors([fitted.params, fitted.best.params])).toString("base64"));

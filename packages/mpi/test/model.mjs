// A small model and its data, for programs that run on several ranks and for the test that compares their results.

import { tensor } from "@wengert/core";
import { add, cast, crossEntropy, matmul, randomKey, randomNormal, splitKey, tanh } from "@wengert/ops";
import { accuracy, adam } from "@wengert/train";

const classes = 3;

/** Returns `count` random rows of four numbers, and a class label for each row. */
export const dataOf = (count, dtype, seed = 1) => ({
  X: cast(randomNormal(randomKey(seed), { shape: [count, 4] }), { dtype }),
  y: tensor(
    Array.from({ length: count }, (_, i) => (i * i) % classes),
    { dtype: "int32" },
  ),
});

export function modelOf(dtype) {
  const [first, second] = splitKey(randomKey(2));
  return {
    hidden: { W: randomNormal(first, { shape: [4, 5], dtype }), b: tensor([0, 0, 0, 0, 0], { dtype }) },
    out: [randomNormal(second, { shape: [5, classes], dtype })],
  };
}

/** Returns the cross-entropy loss and the class scores of a network without dropout. */
export function loss({ hidden, out }, { X, y }) {
  const scores = matmul(tanh(add(matmul(X, hidden.W), hidden.b)), out[0]);
  return [crossEntropy(scores, y), scores];
}

export const meanLoss = (params, batch) => loss(params, batch)[0];

/** Options of a fit of 10 steps. The last batch of an epoch has 2 rows, so on 4 ranks some ranks have no row. */
export const optionsOf = (dtype) => ({
  optimizer: adam({ learningRate: 0.01 }),
  steps: 10,
  batchSize: 7,
  key: randomKey(3),
  metrics: { accuracy: (scores, { y }) => accuracy(scores, y) },
  validation: { data: dataOf(11, dtype, 4), everySteps: 3, batchSize: 6 },
  history: { everySteps: 4 },
});

export const rows = 16; // an epoch has two batches of 7 rows, and a batch of 2

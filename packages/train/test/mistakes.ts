// Erroneous calls, as a user might write them: for each function of train, every way to make it throw.
// errors.snapshot.md shows the messages. errors.test.ts checks that the calls reach every statement that creates an
// error, and that every part of a message (two or more words) appears in the snapshot.
//
// To add a call, write a line of JavaScript under the function's heading, with `await` before an asynchronous call. Put
// shared definitions into the prelude. Add names that core, ops and train do not export to the scope in errors.test.ts.
// Then run `npx vitest run --project train errors -u` and read errors.snapshot.md as a user would.

import type { Chapter } from "../../ops/test/mistakesTest.ts";
import { filesMistakes, filesPrelude } from "./files/mistakes.ts";
import { fitMistakes, fitPrelude } from "./fit/mistakes.ts";

/**
 * The code that runs before each erroneous call. `folder` is the path of an empty folder; the snapshot omits the path.
 */
export const prelude = `
const params = { W: zeros([3, 2], { label: "W" }), b: zeros([2], { label: "b" }) };
const X = tensor([[2, 1, 0], [0, 3, 1]], { label: "X" });
const y = tensor([0, 2], { dtype: "int32", label: "y" });
const int32 = (values) => tensor(values, { dtype: "int32" });
const data = { X: tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 1, 2]]), y: tensor([0, 1, 1, 0], { dtype: "int32" }) };
const path = (name) => folder + "/" + name;
const counters = { n: tensor([1], { dtype: "int32", label: "n" }) };
const grads = { W: zeros([3, 2]), b: zeros([2]) };
${filesPrelude.trim()}
${fitPrelude.trim()}
`;

export const mistakes: Chapter = {
  "accuracy, topKAccuracy, confusionMatrix": [
    "accuracy([[2, 1, 0]], y)",
    "accuracy(X)",
    "accuracy(y, X)",
    "accuracy(X, cast(y, { dtype: 'float64' }))",
    "accuracy(X, oneHot(y, { numClasses: 3 }))",
    "accuracy(transpose(X), y)",
    "accuracy(X, int32([0, 1, 2, 0]))",
    "accuracy(greater(X, 1), y)",
    "accuracy(X, int32([1, 3]))",
    "accuracy(X, int32([1, -100]))",
    "accuracy(X, int32([1, 7]), { classes: ['cat', 'dog', 'owl'] })",
    "accuracy(reshape(X, { shape: [2, 1, 3] }), int32([[1], [4]]))",
    "accuracy(X, y, { axis: 2 })",
    "accuracy(X, y, { axis: 'last' })",
    "accuracy(sum(X), int32(0))",
    "accuracy(X, y, { dim: 1 })",
    "accuracy(zeros([0, 3]), int32([]))",
    "accuracy(log(sub(X, 1)), y)",
    "trace((scores) => accuracy(scores, y), X)",
    "accuracy(int32([0, 1, 2]), y)",
    "topKAccuracy(X, y)",
    "topKAccuracy(X, y, { k: 4 })",
    "topKAccuracy(log(sub(X, 1)), y, { k: 2 })",
    "confusionMatrix(X, y, { classes: 3 })",
    "confusionMatrix(X, y, { classes: ['cat', 'dog'] })",
    "confusionMatrix(X, y, { classes: ['cat', 'dog', 'cat'] })",
    "confusionMatrix(int32([0, 2]), y, { classes: ['cat', 'dog'] })",
    "confusionMatrix(int32([0, -1]), y)",
    "confusionMatrix(int32([0, 2 ** 31 - 1]), y)",
  ],
  "logLoss, calibration": [
    "logLoss(X, y)",
    "logLoss(sub(softmax(X), 0.2), y)",
    "logLoss(div(X, 0), y)",
    "calibration(X, y)",
    "calibration(softmax(X), y, { bins: 0 })",
  ],
  applyUpdates: ["applyUpdates(params, { W: params.W })", "applyUpdates(params, { ...params, b: zeros([1]) })"],
  "sgd, momentum": [
    "sgd()",
    "sgd(0.1)",
    "sgd({ lr: 0.1 })",
    'sgd({ learningRate: "fast" })',
    "sgd({ learningRate: -0.1 })",
    "sgd({ learningRate: NaN })",
    "momentum({ learningRate: 0.1, momentum: 1 })",
    "momentum({ learningRate: 0.1, momentum: true })",
    "sgd({ learningRate: 0.1, nesterov: 1 })",
    "sgd({ learningRate: 0.1, nesterov: true })",
    "sgd({ learningRate: 0.1 }).init(counters)",
    "sgd({ learningRate: 0.1 }).init({ W: [1, 2] })",
    "sgd({ learningRate: 0.1 }).update({ W: grads.W }, sgd({ learningRate: 0.1 }).init(params), params)",
    "momentum({ learningRate: 0.1 }).update({ ...grads, b: zeros([3]) }, momentum({ learningRate: 0.1 }).init(params), params)",
    "momentum({ learningRate: 0.1 }).update(grads, sgd({ learningRate: 0.1 }).init(params), params)",
    "sgd({ learningRate: () => 0.1 }).update(grads, sgd({ learningRate: 0.1 }).init(params), params)",
    "sgd({ learningRate: (step) => step }).update(grads, sgd({ learningRate: 0.1 }).init(params), params)",
    "sgd({ learningRate: () => zeros([1]) }).update(grads, sgd({ learningRate: 0.1 }).init(params), params)",
  ],
  "adam, adamw": [
    "adam({ learningRate: undefined })",
    "adam({ learningRate: 0.1, beta1: 0.9 })",
    "adam({ learningRate: 0.1, betas: 0.9 })",
    "adam({ learningRate: 0.1, betas: [0.9, 0.999, 0.5] })",
    "adam({ learningRate: 0.1, betas: [0.9, 1] })",
    "adam({ learningRate: 0.1, epsilon: 0 })",
    "adam({ learningRate: 0.1, weightDecay: 0.01 })",
    "sgd({ learningRate: 0.1, weightDecay: 0.01 })",
    "adamw({ learningRate: 0.1, weightDecay: -1 })",
    "adam({ learningRate: 0.1 }).init(counters)",
    "adam({ learningRate: 0.1 }).update(grads, sgd({ learningRate: 0.1 }).init(params), params)",
  ],
  chain: ["chain([sgd({ learningRate: 0.1 })])", "chain(sgd)", "chain(undefined)"],
  partition: [
    "partition([sgd, (p) => 0])",
    "partition(sgd({ learningRate: 0.1 }), () => 'weights')",
    "partition(undefined, () => 'weights')",
    "partition(null, () => 'weights')",
    "partition({ weights: adam, others: sgd({ learningRate: 0.1 }) }, () => 'weights')",
    "partition({ weights: sgd({ learningRate: 0.1 }) }, 'weights')",
    "partition({ weights: sgd({ learningRate: 0.1 }) }, (p) => (p.shape.length > 1 ? 'weights' : 'biases')).init(params)",
    "partition({ weights: sgd({ learningRate: 0.1 }), others: sgd({ learningRate: 0 }) }, (p) => p.shape.length > 1).init(params)",
    "partition({ all: sgd({ learningRate: 0.1 }) }, () => 'all').update({ W: zeros([1, 2]) }, { all: sgd({ learningRate: 0.1 }).init(params) }, params)",
  ],
  "clipByGlobalNorm, weightDecay": [
    "clipByGlobalNorm(0)",
    "clipByGlobalNorm({ norm: 1 })",
    "clipByGlobalNorm(1).update({ W: zeros([1, 2]) }, [], params)",
    "weightDecay(-0.1)",
    "weightDecay()",
    "weightDecay(1).update({ W: zeros([1, 2]) }, [], params)",
  ],
  "lbfgs, newton": [
    "lbfgs(params, (params) => sum(params.W))",
    "lbfgs((params) => sum(params.W))",
    "newton((params) => params.W, params)",
    "newton((params) => sum(params.W).item(), params)",
    "lbfgs(() => tensor(1), counters)",
    "lbfgs((params) => sum(params.W), params, { tolerance: -1 })",
    "lbfgs((params) => sum(params.W), params, { memorySize: 0 })",
    "newton((params) => sum(params.W), params, { maxIterations: 1.5 })",
    "newton((params) => sum(params.W), params, { memorySize: 5 })",
    "lbfgs((params) => sum(log(sub(params.b, 1))), params)",
    "newton((params) => sum(sqrt(params.b)), params)",
  ],
  schedules: [
    "constant(-1)",
    'constant("0.1")',
    "cosine(0.1)",
    "cosine({ from: 0.1 })",
    "cosine({ from: 0.1, steps: 0 })",
    "cosine({ from: 0.1, steps: 1.5 })",
    "cosine({ from: 0.1, to: -1, steps: 10 })",
    "cosine({ from: Infinity, steps: 10 })",
    "linear({ from: 0.1 })",
    "linear({ from: 0.1, to: 'zero', steps: 10 })",
    "warmUp({ steps: 10 })",
    "warmUp({ learningRate: 0.1 })",
    "warmUp({ learningRate: 0.1, steps: 10, from: NaN })",
    "warmUp({ learningRate: (step) => step, steps: 10 })(tensor(0, { dtype: 'int32' }))",
    "piecewise(0.1)",
    "piecewise([])",
    "piecewise([0.1, 0.01])",
    "piecewise([[1, 0.1]])",
    "piecewise([[0, 0.1], [10, 0.01], [10, 0.001]])",
    "piecewise([[0, 0.1], [1.5, 0.01]])",
    "piecewise([[0, 0.1], [10]])",
    "piecewise([[0, 0.1], [10, true]])",
    "piecewise({ 0: 0.1 })",
  ],
  ...fitMistakes,
  "batches, trainTestSplit, kFold, standardize": [
    "batches(data)",
    "batches(data, 32)",
    "batches(data, { size: 32 })",
    "batches(data, { batchSize: 0 })",
    "batches(data, { batchSize: 9, dropLast: true })",
    "batches(data, { batchSize: 2, epoch: -1 })",
    "batches(data, { batchSize: 2, key: 7 })",
    "batches({ X: data.X, y: zeros([3]) }, { batchSize: 2 })",
    "batches({ ...data, rate: tensor(0.1) }, { batchSize: 2 })",
    "batches([[1, 2], [3, 4]], { batchSize: 2 })",
    "batches({}, { batchSize: 2 })",
    "batches(zeros([0, 3]), { batchSize: 2 })",
    "trainTestSplit(data)",
    "trainTestSplit(data, { testSize: 0.2 })",
    "trainTestSplit(data, { test_size: 4 })",
    "trainTestSplit(data, { fraction: 80 })",
    "trainTestSplit(data, { fraction: 0.1 })",
    "trainTestSplit(data, { fraction: 0.5, labels: data.X })",
    "trainTestSplit(data, { fraction: 0.5, labels: [0, 1, 1, 0] })",
    'trainTestSplit(data, { fraction: 0.5, key: "seed" })',
    "kFold(data, { folds: 1 })",
    "kFold(data, { folds: 5 })",
    "standardize(data)",
    "standardize(tensor(1))",
  ],
  ...filesMistakes,
};

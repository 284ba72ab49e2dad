// Mistakes, as a user would write them: for each function of train, whatever it refuses. What they are told stands in
// errors.snapshot.md, and errors.test.ts finds out whether a message of the sources is missing here: each place where an
// error is made must be reached, and each piece of text of two words or more in a file with such a place must be read.
//
// To add some: a line of JavaScript under the heading of what is called, with `await` before what is asynchronous; what
// several of them need goes to the prelude, and what is no function of core, ops or train to the scope in errors.test.ts.
// Then `npx vitest run --project train errors -u`, and read what errors.snapshot.md says as a user would.

import type { Chapter } from "../../ops/test/told.ts";
import { dataMistakes, dataPrelude } from "./data/mistakes.ts";
import { filesMistakes, filesPrelude } from "./files/mistakes.ts";
import { fitMistakes, fitPrelude } from "./fit/mistakes.ts";

/** What the mistakes are made with. `folder` is an empty folder, whose name the page leaves out. */
export const prelude = `
const params = { W: zeros([3, 2], { label: "W" }), b: zeros([2], { label: "b" }) };
const X = tensor([[2, 1, 0], [0, 3, 1]], { label: "X" });
const y = tensor([0, 2], { dtype: "int32", label: "y" });
const int32 = (values) => tensor(values, { dtype: "int32" });
const data = { X: tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 1, 2]]), y: tensor([0, 1, 1, 0], { dtype: "int32" }) };
const path = (name) => folder + "/" + name;
const history = { train: [{ step: 1, epoch: 1, loss: 1.2, metrics: {} }], validation: [] };
const counters = { n: tensor([1], { dtype: "int32", label: "n" }) };
const grads = { W: zeros([3, 2]), b: zeros([2]) };
${dataPrelude.trim()}
${filesPrelude.trim()}
${fitPrelude.trim()}
`;

export const mistakes: Chapter = {
  "accuracy, topK, confusionMatrix": [
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
    "topK(X, y)",
    "topK(X, y, { k: 4 })",
    "topK(log(sub(X, 1)), y, { k: 2 })",
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
    'sgd({ rate: "fast" })',
    "sgd({ rate: -0.1 })",
    "sgd({ rate: NaN })",
    "momentum({ rate: 0.1, momentum: 1 })",
    "momentum({ rate: 0.1, momentum: true })",
    "sgd({ rate: 0.1, nesterov: 1 })",
    "sgd({ rate: 0.1, nesterov: true })",
    "sgd({ rate: 0.1 }).init(counters)",
    "sgd({ rate: 0.1 }).init({ W: [1, 2] })",
    "sgd({ rate: 0.1 }).update({ W: grads.W }, sgd({ rate: 0.1 }).init(params), params)",
    "momentum({ rate: 0.1 }).update({ ...grads, b: zeros([3]) }, momentum({ rate: 0.1 }).init(params), params)",
    "momentum({ rate: 0.1 }).update(grads, sgd({ rate: 0.1 }).init(params), params)",
    "sgd({ rate: () => 0.1 }).update(grads, sgd({ rate: 0.1 }).init(params), params)",
    "sgd({ rate: (step) => step }).update(grads, sgd({ rate: 0.1 }).init(params), params)",
    "sgd({ rate: () => zeros([1]) }).update(grads, sgd({ rate: 0.1 }).init(params), params)",
  ],
  "adam, adamw": [
    "adam({ rate: undefined })",
    "adam({ rate: 0.1, beta1: 0.9 })",
    "adam({ rate: 0.1, betas: 0.9 })",
    "adam({ rate: 0.1, betas: [0.9, 0.999, 0.5] })",
    "adam({ rate: 0.1, betas: [0.9, 1] })",
    "adam({ rate: 0.1, epsilon: 0 })",
    "adam({ rate: 0.1, weightDecay: 0.01 })",
    "sgd({ rate: 0.1, weightDecay: 0.01 })",
    "adamw({ rate: 0.1, weightDecay: -1 })",
    "adam({ rate: 0.1 }).init(counters)",
    "adam({ rate: 0.1 }).update(grads, sgd({ rate: 0.1 }).init(params), params)",
  ],
  chain: ["chain([sgd({ rate: 0.1 })])", "chain(sgd)", "chain(undefined)"],
  partition: [
    "partition([sgd, (p) => 0])",
    "partition(sgd({ rate: 0.1 }), () => 'weights')",
    "partition(undefined, () => 'weights')",
    "partition(null, () => 'weights')",
    "partition({ weights: adam, others: sgd({ rate: 0.1 }) }, () => 'weights')",
    "partition({ weights: sgd({ rate: 0.1 }) }, 'weights')",
    "partition({ weights: sgd({ rate: 0.1 }) }, (p) => (p.shape.length > 1 ? 'weights' : 'biases')).init(params)",
    "partition({ weights: sgd({ rate: 0.1 }), others: sgd({ rate: 0 }) }, (p) => p.shape.length > 1).init(params)",
    "partition({ all: sgd({ rate: 0.1 }) }, () => 'all').update({ W: zeros([1, 2]) }, { all: sgd({ rate: 0.1 }).init(params) }, params)",
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
    "lbfgs((params) => sum(params.W), params, { memory: 0 })",
    "newton((params) => sum(params.W), params, { iterations: 1.5 })",
    "newton((params) => sum(params.W), params, { memory: 5 })",
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
    "warmUp({ rate: 0.1 })",
    "warmUp({ rate: 0.1, steps: 10, from: NaN })",
    "warmUp({ rate: (step) => step, steps: 10 })(tensor(0, { dtype: 'int32' }))",
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
  ...dataMistakes,
  ...fitMistakes,
  "batches, split, kFold, permutation, standardize": [
    "batches(data)",
    "batches(data, 32)",
    "batches(data, { batchSize: 32 })",
    "batches(data, { size: 0 })",
    "batches(data, { size: 9, dropLast: true })",
    "batches(data, { size: 2, epoch: -1 })",
    "batches(data, { size: 2, key: 7 })",
    "batches({ X: data.X, y: zeros([3]) }, { size: 2 })",
    "batches({ ...data, rate: tensor(0.1) }, { size: 2 })",
    "batches([[1, 2], [3, 4]], { size: 2 })",
    "batches({}, { size: 2 })",
    "batches(zeros([0, 3]), { size: 2 })",
    "split(data)",
    "split(data, { share: 80 })",
    "split(data, { share: 0.1 })",
    "split(data, { share: 0.5, labels: data.X })",
    "split(data, { share: 0.5, labels: [0, 1, 1, 0] })",
    'split(data, { share: 0.5, key: "seed" })',
    "kFold(data, { folds: 1 })",
    "kFold(data, { folds: 5 })",
    "permutation(randomKey(1), 2.5)",
    "standardize(data)",
    "standardize(tensor(1))",
  ],
  ...filesMistakes,
  report: [
    "await report(loss => loss, { title: 'Cats', labels: y, scores: X })",
    "await report({ params, history }, { title: 'Cats', labels: y, scores: X })",
    "await report([{ train: [] }], { title: 'Cats', labels: y, scores: X })",
    "await report(history, { labels: y, scores: X })",
    "await report(history, { title: 'Cats', labels: y })",
    "await report(history, { title: 'Cats', labels: y, scores: X, probabilities: softmax(X) })",
    "await report(history, { title: 'Cats', labels: y, scores: [[1, 2, 3]] })",
    "await report(history, { title: 'Cats', labels: y, probabilities: X })",
    "await report(history, { title: 'Cats', labels: int32([0, 3]), scores: X })",
    "await report(history, { title: 'Cats', labels: y, scores: X, classes: ['cat', 'dog'] })",
    "await report(history, { title: 'Cats', labels: y, scores: X, images: zeros([2, 784]) })",
    "await report(history, { title: 'Cats', labels: y, scores: X, weights: zeros([2, 28, 28]) })",
    "await report(history, { title: 'Cats', labels: y, scores: X, rows: ['Tom'] })",
    "await report(history, { title: 'Cats', labels: y, scores: X, mistakes: -1 })",
    "await report(history, { title: 'Cats', labels: y, scores: X, image: X })",
  ],

  "Files in a page": ['await inPage(() => builtin("load", "node:fs/promises"))'],
};

/** Functions that refuse nothing themselves, each with why. */
export const silent: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["html", "plot", "page", "head", "table", "coloured"].map((name) => [name, "whatever it is given is text or HTML"]),
  ),
};

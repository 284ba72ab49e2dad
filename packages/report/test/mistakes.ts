import type { Chapter } from "../../ops/test/mistakesTest.ts";

/** The code that runs before each wrong call of a function of this package. */
export const prelude = `
const X = tensor([[2, 1, 0], [0, 3, 1]], { label: "X" });
const int32 = (values) => tensor(values, { dtype: "int32" });
const y = tensor([0, 2], { dtype: "int32", label: "y" });
const params = { W: zeros([3, 2], { label: "W" }), b: zeros([2], { label: "b" }) };
const history = { train: [{ step: 1, epoch: 1, loss: 1.2, metrics: {} }], validation: [] };
`;

export const mistakes: Chapter = {
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
    "await report(history, { title: 'Cats', labels: y, scores: X, heldOut: true })",
    "await report(history, { title: 'Cats', labels: y, scores: X, image: X })",
  ],
};

/** Functions that accept any argument, and so never throw. The tests of error messages skip these functions. */
export const lenient: readonly string[] = ["html", "plot", "page", "head", "table", "colored"];

import type { Handed, HandedTensor } from "../../page/handed.ts";
import { short } from "../../parts/numbers.ts";
import type { Pace, Start, Upcoming } from "./protocol.ts";
import { whole } from "./words.ts";

/** Returns the next training step as a program for the Tape page, and the tensors that the program imports. */
export function programOf(
  { layers, X, labels, size, step }: Upcoming,
  { learningRate, optimizer, l2 }: Pace,
  { activation }: Pick<Start, "activation">,
): { readonly code: string; readonly tensors: Handed } {
  const names = layers.length === 1 ? [["W", "b"]] : layers.map((_, i) => [`W${i + 1}`, `b${i + 1}`]);
  const [parameters, weights] = [names.flat(), names.map(([W]) => W)];
  const hidden = layers.length > 1 ? [`  const H = ${activation}(add(matmul(X, W1), b1));`] : [];
  const scores = layers.length > 1 ? "add(matmul(H, W2), b2)" : "add(matmul(X, W), b)";
  const squares = weights.map((W) => `sum(square(${W}))`).reduce((a, b) => `add(${a}, ${b})`);
  const ops = ["add", "crossEntropy", "matmul"];
  if (layers.length > 1) ops.push(activation);
  if (l2 > 0) ops.push("mul", "square", "sum");
  const rows =
    size > labels.length ? `the first ${whole(labels.length)} of ${whole(size)} rows` : `${whole(size)} rows`;
  const code = `import { record, type Tensor } from "@wengert/core";
import { ${ops.sort().join(", ")} } from "@wengert/ops";
import { ${[...parameters, "X", "labels"].join(", ")} } from "fit"; // from the Fit page

// Step ${whole(step + 1)} of the fit: ${rows} of data,
// and the parameters before the step.
const loss = (${parameters.map((name) => `${name}: Tensor`).join(", ")}) => {
${hidden.map((line) => `${line}\n`).join("")}  const A = ${scores};
  return ${l2 > 0 ? `add(crossEntropy(A, labels), mul(${l2 / 2}, ${squares}))` : "crossEntropy(A, labels)"};
};

record(loss, ${parameters.join(", ")});

// The sweep computes the gradient of the loss. Then ${consequences[optimizer](short(learningRate, 3))}
`;
  const tensors: Record<string, HandedTensor> = {
    X: floats(X, [labels.length, X.length / labels.length]),
    labels: { shape: [labels.length], dtype: "int32", data: Array.from(labels) },
  };
  for (const [i, { W, b }] of layers.entries()) {
    tensors[names[i]![0]!] = floats(W, [W.length / b.length, b.length]);
    tensors[names[i]![1]!] = floats(b, [b.length]);
  }
  return { code, tensors };
}

const consequences = {
  sgd: (rate: string) => `SGD subtracts\n// ${rate} times the gradient from the parameters.`,
  momentum: (rate: string) => `momentum subtracts\n// ${rate} times a discounted sum of all gradients so far.`,
  adam: (rate: string) =>
    `Adam subtracts\n// ${rate} times the mean of the gradients so far, divided by\n// the root of the mean of their squares.`,
} as const;

/** Nine digits identify a float32 number. */
const floats = (numbers: Float32Array, shape: readonly number[]): HandedTensor => ({
  shape,
  dtype: "float32",
  data: Array.from(numbers, (x) => Number(x.toPrecision(9))),
});

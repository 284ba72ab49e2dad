import { grad, type Tensor, tensor, vjp } from "@wengert/core";
import {
  crossEntropy,
  div,
  exp,
  expandDims,
  logSumExp,
  matmul,
  mul,
  neg,
  oneHot,
  sigmoid,
  softmax,
  sub,
  sum,
  transpose,
} from "@wengert/ops";
import { softmaxPullback } from "@wengert/ops/extend";
import { check, type Question } from "./check.ts";

// Exercises 3 to 7, and 10, in which the user writes VJP rules.

type Binary = (a: Tensor, b: Tensor) => Tensor;
type Ternary = (G: Tensor, A: Tensor, B: Tensor) => Tensor;

const G = tensor([[1, -2], [0.5, 3]]); // biome-ignore format: a matrix
const A = tensor([[1, 2, -1], [0, 1, 4]]); // biome-ignore format: a matrix
const B = tensor([[2, 1], [-1, 3], [0.5, 1]]); // biome-ignore format: a matrix

const ofA: Question<Ternary, readonly [Tensor, Tensor, Tensor]> = {
  task: "Write the cotangent of A, with shape [2, 3], for C = A B, from G [2, 2], A [2, 3] and B [3, 2].",
  right: (G, _A, B) => matmul(G, transpose(B)),
  slips: [
    {
      answer: (G, _A, B) => matmul(transpose(G), transpose(B)),
      hint: "The shape is right, but the first factor is G, not Gᵀ.",
    },
    { answer: (_G, A) => A, hint: "That is A. Its cotangent is computed from G and B." },
  ],
  cases: [[G, A, B]],
  names: ["G", "A", "B"],
  run: (answer, ...of) => answer(...of),
  praise: "Ā = G Bᵀ.",
};
const ofB: Question<Ternary, readonly [Tensor, Tensor, Tensor]> = {
  ...ofA,
  task: "Now write the cotangent of B, with shape [3, 2].",
  right: (G, A) => matmul(transpose(A), G),
  slips: [
    {
      answer: (G, A) => matmul(transpose(A), transpose(G)),
      hint: "The shape is right, but the factor after Aᵀ is G, not Gᵀ.",
    },
    { answer: (_G, _A, B) => B, hint: "That is B. Its cotangent is computed from G and A." },
  ],
  praise:
    "Ā = G Bᵀ and B̄ = Aᵀ G. The shapes allow no other product: the right factor goes back on the right, transposed.",
};
/** Checks the VJP rules of the matrix product C = A B. */
export const checkMatmul = (answers: { readonly A: Ternary; readonly B: Ternary }): boolean =>
  check(ofA, answers.A) && check(ofB, answers.B);

type Entry = (s: readonly number[], i: number, j: number) => number;
const entry: Question<Entry, readonly [Tensor]> = {
  task: "Write ∂sᵢ/∂xⱼ. There are two cases: i = j and i ≠ j.",
  right: (s, i, j) => (i === j ? s[i]! * (1 - s[i]!) : -s[i]! * s[j]!),
  slips: [
    {
      answer: (s, i, j) => s[i]! * s[j]! * (i === j ? 0 : 1) + (i === j ? s[i]! * (1 - s[i]!) : 0),
      hint: "The diagonal is right. Off the diagonal the sign is wrong: if one logit grows, the other probabilities shrink.",
    },
    {
      answer: (s, i, j) => (i === j ? s[i]! * (1 - s[i]!) : 0),
      hint: "The diagonal is right. The other entries are not 0: xⱼ is in the denominator of every sᵢ.",
    },
    {
      answer: (s, i, j) => (i === j ? s[i]! : -s[i]! * s[j]!),
      hint: "The entries off the diagonal are right. On the diagonal, xᵢ is in the numerator and in the denominator: sᵢ − sᵢ².",
    },
    {
      answer: (s, i, j) => (i === j ? 1 : 0) - s[j]!,
      hint: "That is ∂ log sᵢ/∂xⱼ = δᵢⱼ − sⱼ. Without the logarithm there is another factor sᵢ.",
    },
    {
      answer: (s, i, j) => (i === j ? s[i]! : 0),
      hint: "That would be right if the sum did not depend on x. It does, so the quotient rule adds a second term, −sᵢ sⱼ.",
    },
    {
      answer: (s, i, j) => -s[i]! * s[j]!,
      hint: "The entries off the diagonal are right. On the diagonal the numerator depends on xᵢ too, which adds sᵢ.",
    },
  ],
  cases: [[tensor([0.5, 0.3, 0.2])], [tensor([0.1, 0.2, 0.3, 0.4])]],
  names: ["s"],
  run: (answer, s) => {
    const list = s.toNested<number[]>();
    return tensor(list.map((_, i) => list.map((_, j) => answer(list, i, j))));
  },
  praise:
    "J = diag(s) − s sᵀ. It is symmetric, and its rows sum to 0: adding a constant to all logits changes nothing.",
};
/** Checks the Jacobian of softmax, ∂sᵢ/∂xⱼ, as a function of the probabilities s. */
export const checkJacobian = (answer: Entry): boolean => check(entry, answer);

const rowsOf = (x: Tensor) => softmax(x);
const pullback: Question<Binary, readonly [Tensor, Tensor]> = {
  task: "Write x̄ from g and s, both [n, K], without a K × K matrix: s ⊙ (g − …).",
  right: (g, s) => softmaxPullback(s, g),
  slips: [
    {
      answer: (g, s) => mul(s, g),
      hint: "You have s ⊙ g, which is diag(s) times g. What is −s sᵀ times g?",
    },
    {
      answer: (g, s) => sub(g, sum(mul(g, s), { axis: 1, keepDims: true })),
      hint: "g − ⟨g, s⟩ is right. The factor s is missing: without it the entries of a row do not sum to 0.",
    },
    {
      answer: (g, s) => mul(s, sub(g, sum(mul(g, s)))),
      hint: "⟨g, s⟩ belongs to one row: sum along the last axis only, and keep it, { axis: 1, keepDims: true }, so that it broadcasts.",
    },
    {
      answer: (g, s) => mul(s, sub(g, sum(g, { axis: 1, keepDims: true }))),
      hint: "Each row subtracts Σ gⱼ. It should be the mean of g under the probabilities, Σ gⱼ sⱼ.",
    },
    {
      answer: (g, s) => sub(mul(s, g), sum(mul(g, s), { axis: 1, keepDims: true })),
      hint: "You have s ⊙ g − ⟨g, s⟩. s is a factor of both terms: s ⊙ (g − ⟨g, s⟩).",
    },
    {
      answer: (g, s) => mul(s, sub(sum(mul(g, s), { axis: 1, keepDims: true }), g)),
      hint: "The sign is wrong: g − ⟨g, s⟩, not the other way round.",
    },
    {
      answer: (_g, s) => mul(s, sub(1, s)),
      hint: "That is the diagonal of J. Multiply g by all of J, the entries off the diagonal included.",
    },
  ],
  cases: [
    [tensor([[1, 0, 2], [-1, 3, 0.5]]), rowsOf(tensor([[0, 1, -1], [2, 0, 0]]))], // biome-ignore format: matrices
  ],
  names: ["g", "s"],
  run: (answer, ...of) => answer(...of),
  praise:
    "x̄ = s ⊙ (g − ⟨g, s⟩): K numbers instead of K². The library centers g first, which saves digits when one probability is nearly 1; the Softmax room shows them.",
};
/** Checks the pullback (VJP) of softmax along the last axis. */
export const checkPullback = (answer: Binary): boolean => check(pullback, answer);

const labels = tensor([2, 0], { dtype: "int32" });
const target = oneHot(labels, { numClasses: 3 });
const logits = tensor([[1, 0, -1], [0.5, 2, 0]]); // biome-ignore format: a matrix
const crossEntropies: Question<Binary, readonly [Tensor, Tensor]> = {
  task: "Write the gradient of the mean cross-entropy with respect to the logits [n, K], where t [n, K] is one-hot.",
  right: (x, t) => grad((x: Tensor) => crossEntropy(x, t))(x),
  slips: [
    {
      answer: (x, t) => sub(softmax(x), t),
      hint: "s − t is the gradient of a sum over the rows. The loss is their mean: divide by n, x.shape[0].",
    },
    {
      answer: (x, t) => div(sub(t, softmax(x)), 2),
      hint: "The sign is wrong: it is prediction minus target, s − t.",
    },
    {
      answer: (x, t) => sub(t, softmax(x)),
      hint: "The sign is wrong: it is s − t. The loss is a mean over n rows: divide by n.",
    },
    { answer: (x) => softmax(x), hint: "That is s. Subtract t, and divide by n." },
    {
      answer: (x, t) => div(sub(x, t), 2),
      hint: "t is compared with the probabilities, not with the logits: apply softmax first.",
    },
    {
      answer: (x, t) => div(sub(softmax(x), t), 3),
      hint: "You divide by K. The mean is over the n rows, x.shape[0].",
    },
    {
      answer: (x, t) => div(sub(softmax(x), t), 6),
      hint: "You divide by n K, as mean() would. The mean is over the n rows only: each row has one loss.",
    },
  ],
  cases: [[logits, target]],
  names: ["logits", "t"],
  run: (answer, ...of) => answer(...of),
  praise: "(s − t) / n. The exponentials, the quotient and the logarithm cancel.",
};
/** Checks the gradient of the mean cross-entropy with respect to the logits. */
export const checkCrossEntropy = (answer: Binary): boolean => check(crossEntropies, answer);

const tails: Question<Binary, readonly [Tensor, Tensor]> = {
  task: "Write x̄ from g and x for y = sigmoid(x).",
  right: (g, x) => mul(g, mul(sigmoid(x), sigmoid(neg(x)))),
  slips: [
    {
      answer: (g, x) => mul(g, mul(sigmoid(x), sub(1, sigmoid(x)))),
      hint: "s (1 − s) is right on paper, and for small x. At x = 40, s rounds to 1 and 1 − s is 0: every digit is lost. 1 − sigmoid(x) is a sigmoid too. What is its argument?",
    },
    {
      answer: (_g, x) => mul(sigmoid(x), sigmoid(neg(x))),
      hint: "That is the derivative. The rule multiplies it by g.",
    },
    {
      answer: (_g, x) => mul(sigmoid(x), sub(1, sigmoid(x))),
      hint: "That is the derivative. The rule multiplies it by g.",
    },
    { answer: (g, x) => mul(g, sigmoid(x)), hint: "That is g σ. The derivative of σ is σ(x) (1 − σ(x))." },
    {
      answer: (g, x) => mul(g, sub(1, sigmoid(x))),
      hint: "That is the rule for log σ. The derivative of σ is σ(x) (1 − σ(x)).",
    },
  ],
  cases: [2, 0, -3, 40, -40, 700].map((x) => [tensor(2), tensor(x)] as const),
  names: ["g", "x"],
  run: (answer, ...of) => answer(...of),
  praise:
    "σ′(x) = σ(x) σ(−x) keeps its digits in both tails. At 40 it is 4 · 10⁻¹⁸, where s (1 − s) is 0 and a confident wrong model would get no gradient.",
};
/** Checks the VJP rule of the sigmoid, also for large |x|. */
export const checkSigmoid = (answer: Binary): boolean => check(tails, answer);

type OfRows = (x: Tensor) => Tensor;
const spread = (g: Tensor) => expandDims(g, { axis: 1 });
/** Defines a row-wise logSumExp whose backward rule is wrong. */
const withRule = (backward: Binary): OfRows => Object.assign((x: Tensor) => logSumExp(x, { axis: 1 }), { backward });
const pulled = (answer: OfRows, x: Tensor, g: Tensor): Tensor => {
  const { backward } = answer as OfRows & { readonly backward?: Binary };
  return backward ? backward(x, g) : vjp(answer, x).pullback(g)[0];
};
const logSumExps: Question<OfRows, readonly [Tensor, Tensor]> = {
  task: "Write the rule: x is [n, K], g is [n], and the cotangent of x is [n, K].",
  right: (x) => logSumExp(x, { axis: 1 }),
  slips: [
    {
      answer: withRule((x, g) => mul(spread(g), div(exp(x), sum(exp(x), { axis: 1, keepDims: true })))),
      hint: "Right on paper, and for small logits. exp(1000) overflows, and ∞ / ∞ is NaN. Which op computes exp(x) / Σ exp(x) and subtracts the maximum first?",
    },
    {
      answer: withRule((x) => softmax(x)),
      hint: "softmax(x) is the derivative. The rule multiplies it by the cotangent g of the row.",
    },
    {
      answer: withRule((x, g) => mul(spread(g), softmax(x, { axis: 0 }))),
      hint: "Your softmax runs along axis 0. logSumExp sums axis 1, so use axis 1.",
    },
    {
      answer: withRule((x, g) => mul(spread(g), exp(x))),
      hint: "The derivative of log Σ exp is exp(xⱼ) divided by the sum: the logarithm contributes 1 / Σ exp.",
    },
    {
      answer: withRule((x, g) => mul(spread(g), div(1, sum(exp(x), { axis: 1, keepDims: true })))),
      hint: "That is the rule of the logarithm alone. The sum of exponentials contributes the factor exp(xⱼ).",
    },
  ],
  cases: [
    [
      tensor([
        [0, 1, -1],
        [2, 0, 0.5],
      ]),
      tensor([1, -2]),
    ],
    [
      tensor([
        [1000, 1001, 999],
        [-1000, -1001, 0],
      ]),
      tensor([1, 3]),
    ],
  ],
  names: ["x", "g"],
  run: pulled,
  praise: "x̄ = g softmax(x): the derivative of the smooth maximum is the smooth argmax.",
};
const secondOrder: Question<OfRows, readonly [Tensor, Tensor]> = {
  ...logSumExps,
  slips: [],
  cases: logSumExps.cases.slice(0, 1),
  run: (answer, x, g) => grad((x: Tensor) => sum(mul(pulled(answer, x, g), tensor([1, 2, -1]))))(x),
  praise: "Its second derivative is right too, because the rule is made of ops.",
};
/** Checks the row-wise logSumExp with the user's backward rule. */
export const checkLogSumExp = (answer: OfRows): boolean => check(logSumExps, answer) && check(secondOrder, answer);

/** All exercise questions of this file, for the tests. A test checks that each common wrong answer gets its hint. */
export const questions = { ofA, ofB, entry, pullback, crossEntropies, tails, logSumExps, secondOrder };

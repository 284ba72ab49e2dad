import { defineOp, type Op, type Tensor, tensor, type Unary, type VjpRule } from "@wengert/core";
import { div, mul, neg, numeric } from "./arithmetic.ts";
import { greater } from "./compare.ts";
import { type ElementwiseLoop, elementwise } from "./loops.ts";
import { where } from "./where.ts";

// Functions of each element: y = f(x), x̄ = g f′(x). Each line: the loop, the rule, points at which it is checked.

type Rule = VjpRule<Unary, undefined>;
interface Remarks {
  readonly at?: readonly number[];
  readonly nonFinite?: string;
  readonly onIntegers?: boolean;
}

function elementwiseFunction(
  name: string,
  loop: ElementwiseLoop,
  rule: Rule,
  { at = [-1.5, -0.25, 0.5, 2], nonFinite, onIntegers = false }: Remarks = {},
): Op<Unary> {
  return defineOp<Unary>({
    name,
    shape: ([x]) => x.shape,
    ...(onIntegers ? { dtype: (inputs) => numeric(name, inputs) } : {}),
    kernel: (out, inputs) => elementwise(out, inputs, loop),
    vjp: [rule],
    ...(nonFinite === undefined ? {} : { nonFinite }),
    samples: () => [[tensor(at)], [tensor(at[0]!)]],
  });
}

/** y = x², x̄ = 2 g x */
export const square: Op<Unary> = elementwiseFunction(
  "square",
  (n, y, o, a, i, s) => {
    if (y instanceof Int32Array) for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.imul(a[p]!, a[p]!);
    else for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = a[p]! * a[p]!;
  },
  (g, { inputs: [x] }) => mul(g, mul(x, 2)),
  { onIntegers: true },
);

/** y = √x, x̄ = g / 2y */
export const sqrt: Op<Unary> = elementwiseFunction(
  "sqrt",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sqrt(a[p]!);
  },
  (g, { output: y }) => div(g, mul(y, 2)),
  {
    at: [0.25, 1, 3],
    nonFinite:
      "the root of a negative number is NaN, and its derivative at 0 infinite: take it of where(greater(x, 0), x, 1)",
  },
);

/** y = eˣ, x̄ = g y */
export const exp: Op<Unary> = elementwiseFunction(
  "exp",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.exp(a[p]!);
  },
  (g, { output: y }) => mul(g, y),
  {
    nonFinite:
      "exp overflows above 709 (float32: 88): subtract the maximum first, or use softmax, logSoftmax or logSumExp",
  },
);

/** y = ln x, x̄ = g / x */
export const log: Op<Unary> = elementwiseFunction(
  "log",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.log(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, x),
  {
    at: [0.25, 1, 3],
    nonFinite:
      "log 0 is −Infinity and of a negative number NaN: use logSoftmax for the log of a softmax, or log(where(greater(x, 0), x, 1))",
  },
);

/** y = tanh x, x̄ = g / cosh² x = 4 g σ(2x) σ(−2x), which is exact in both tails where 1 − y² is 0 */
export const tanh: Op<Unary> = elementwiseFunction(
  "tanh",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.tanh(a[p]!);
  },
  (g, { inputs: [x] }) => mul(mul(g, 4), sigmoidSlope(mul(x, 2))),
);

/** y = σ(x) = 1 / (1 + e⁻ˣ), x̄ = g σ(x) σ(−x), which is exact in both tails where y (1 − y) is 0 */
export const sigmoid: Op<Unary> = elementwiseFunction(
  "sigmoid",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) {
      const x = a[p]!;
      if (x < 0) {
        const e = Math.exp(x);
        y[o + l] = e / (1 + e);
      } else y[o + l] = 1 / (1 + Math.exp(-x));
    }
  },
  (g, { inputs: [x] }) => mul(g, sigmoidSlope(x)),
);

const sigmoidSlope = (x: Tensor): Tensor => mul(sigmoid(x), sigmoid(neg(x)));

/** y = max(x, 0), with the derivative 0 at 0. NaN stays NaN. */
export const relu: Op<Unary> = elementwiseFunction(
  "relu",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.max(a[p]!, 0);
  },
  (g, { inputs: [x] }) => where(greater(x, 0), g, 0),
  { onIntegers: true },
);

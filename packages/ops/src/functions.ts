import { defineOp, type Op, type OpSpec, type Tensor, tensor, type Unary, type VjpRule } from "@wengert/core";
import { add, div, mul, neg, numeric } from "./arithmetic.ts";
import { ofExp, ofLog, ofLog1p, ofSqrt, ofSquare } from "./causes.ts";
import { greater } from "./compare.ts";
import { type ElementwiseLoop, elementwise } from "./loops.ts";
import { where } from "./where.ts";

// Functions of each element: y = f(x), x̄ = g f′(x). Each line: the loop, the rule, points at which it is checked.

type Rule = VjpRule<Unary, undefined> | null;
interface Remarks {
  readonly at?: readonly number[];
  readonly nonFinite?: OpSpec<Unary>["nonFinite"];
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
  { nonFinite: ofSquare, onIntegers: true },
);

/** y = |x|, x̄ = g sign(x), with the derivative 0 at 0 */
export const abs: Op<Unary> = elementwiseFunction(
  "abs",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.abs(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, sign(x)),
  { onIntegers: true },
);

/** y = −1, 0 or 1; NaN stays NaN. Piecewise constant: nothing flows back. */
export const sign: Op<Unary> = elementwiseFunction(
  "sign",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sign(a[p]!);
  },
  null,
  { onIntegers: true },
);

/** y = √x, x̄ = g / 2y */
export const sqrt: Op<Unary> = elementwiseFunction(
  "sqrt",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sqrt(a[p]!);
  },
  (g, { output: y }) => div(g, mul(y, 2)),
  { at: [0.25, 1, 3], nonFinite: ofSqrt },
);

/** y = eˣ, x̄ = g y */
export const exp: Op<Unary> = elementwiseFunction(
  "exp",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.exp(a[p]!);
  },
  (g, { output: y }) => mul(g, y),
  { nonFinite: ofExp("exp") },
);

/** y = eˣ − 1, which keeps its digits where eˣ is close to 1; x̄ = g eˣ */
export const expm1: Op<Unary> = elementwiseFunction(
  "expm1",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.expm1(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, exp(x)),
  { nonFinite: ofExp("expm1") },
);

/** y = ln x, x̄ = g / x */
export const log: Op<Unary> = elementwiseFunction(
  "log",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.log(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, x),
  { at: [0.25, 1, 3], nonFinite: ofLog },
);

/** y = ln(1 + x), which keeps its digits where x is close to 0; x̄ = g / (1 + x) */
export const log1p: Op<Unary> = elementwiseFunction(
  "log1p",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.log1p(a[p]!);
  },
  (g, { inputs: [x] }) => div(g, add(x, 1)),
  { at: [-0.5, 0.25, 1, 3], nonFinite: ofLog1p },
);

/** y = sin x, x̄ = g cos x */
export const sin: Op<Unary> = elementwiseFunction(
  "sin",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.sin(a[p]!);
  },
  (g, { inputs: [x] }) => mul(g, cos(x)),
);

/** y = cos x, x̄ = −g sin x */
export const cos: Op<Unary> = elementwiseFunction(
  "cos",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.cos(a[p]!);
  },
  (g, { inputs: [x] }) => neg(mul(g, sin(x))),
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

/** y = ln(1 + eˣ) = max(x, 0) + log1p(e^−|x|), which neither overflows nor rounds its tail to 0; x̄ = g σ(x) */
export const softplus: Op<Unary> = elementwiseFunction(
  "softplus",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.max(a[p]!, 0) + Math.log1p(Math.exp(-Math.abs(a[p]!)));
  },
  (g, { inputs: [x] }) => mul(g, sigmoid(x)),
);

/** y = ln σ(x) = min(x, 0) − log1p(e^−|x|), exact in both tails; x̄ = g σ(−x) */
export const logSigmoid: Op<Unary> = elementwiseFunction(
  "logSigmoid",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.min(a[p]!, 0) - Math.log1p(Math.exp(-Math.abs(a[p]!)));
  },
  (g, { inputs: [x] }) => mul(g, sigmoid(neg(x))),
);

/** y = max(x, 0), x̄ = g where x > 0 and 0 elsewhere, at 0 too. NaN stays NaN. */
export const relu: Op<Unary> = elementwiseFunction(
  "relu",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.max(a[p]!, 0);
  },
  (g, { inputs: [x] }) => where(greater(x, 0), g, 0),
  { onIntegers: true },
);

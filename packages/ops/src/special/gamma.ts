import { OutOfRangeError, type Tensor, type TensorLike } from "@wengert/core";
import { type Binary, defineOp, type Op, show, type Unary } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { domainCause, pairDomainCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, positive, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { add, mul, neg } from "../elementwise/arithmetic.ts";
import { elementwiseFunction, elementwisePair, loopOf, pairLoopOf } from "../elementwise/declaring.ts";
import { elementwise } from "../loops/strided.ts";
import * as beta from "../numerics/beta.ts";
import * as gamma from "../numerics/gamma.ts";
import * as numerics from "../numerics/polygamma.ts";
import { unbroadcast } from "../shapes/sum.ts";

// This file declares the logarithms of the gamma and beta functions, and their derivatives of every order, which are
// polygamma functions ψ⁽ⁿ⁾ with ψ⁽ⁿ⁾′ = ψ⁽ⁿ⁺¹⁾.

const poleCause = /* @__PURE__ */ domainCause("x ≠ 0, −1, −2 …", (x) => x > 0 || !Number.isInteger(x));
const positiveCause = /* @__PURE__ */ pairDomainCause("a > 0, b > 0", (a, b) => a > 0 && b > 0);
const samplePoints = [-2.6, -0.4, 0.3, 1.6, 25.5];

/**
 * Returns y = ln |Γ(x)|. y is Infinity at the poles 0, −1, −2 … The VJP maps the cotangent g to g ψ(x), where ψ is
 * `digamma`.
 */
export const lgamma: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "lgamma",
  /* @__PURE__ */ loopOf(gamma.lgamma),
  (g, { inputs: [x] }) => mul(g, digamma(x)),
  { samplePoints, nonFinite: poleCause },
);

/**
 * Returns y = ψ(x) = Γ′(x) / Γ(x), the derivative of lgamma. y is −Infinity at 0, Infinity at −0, and NaN at the poles
 * −1, −2 … The VJP maps the cotangent g to g ψ′(x).
 */
export const digamma: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "digamma",
  /* @__PURE__ */ loopOf(gamma.digamma),
  (g, { inputs: [x] }) => mul(g, polygamma(1, x)),
  { samplePoints, nonFinite: poleCause },
);

interface Order {
  readonly n: number;
}

const polygammaOp: Op<Unary, Order> = /* @__PURE__ */ defineOp<Unary, Order>({
  name: "polygamma",
  options: { n: 1 },
  params: ({ n }) => {
    if (typeof n === "number" && Number.isInteger(n) && n >= 0 && n <= mostOrder) return { n };
    throw new OutOfRangeError(`the order n must be a whole number from 0 to ${mostOrder}, got ${show(n)}`);
  },
  shape: ([x]) => x.shape,
  batch: "broadcast",
  kernel: (out, inputs, { n: order }) =>
    elementwise(out, inputs, (n, y, o, a, i, s) => {
      for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = numerics.polygamma(order, a[p]!);
    }),
  vjp: [(g, { inputs: [x], params: { n } }) => mul(g, polygammaOp(x, { n: n + 1 }))],
  nonFinite: poleCause,
  samples: () => [[irregular([2, 2]), { n: 1 }]],
});
const mostOrder = 1000;

type Polygamma = (n: number, x: TensorLike) => Tensor;

/**
 * Returns y = ψ⁽ⁿ⁾(x), the derivative of order n of digamma. `n` is a whole number, and polygamma(0, x) is digamma(x).
 * The VJP maps the cotangent g to g ψ⁽ⁿ⁺¹⁾(x). At the poles 0, −1, −2 … y is Infinity for odd n. For even n, y is
 * −Infinity at 0, Infinity at −0, and NaN at the other poles.
 * @throws OutOfRangeError unless `n` is a whole number from 0 to 1000
 */
export const polygamma: Wrapped<Polygamma, typeof polygammaOp> = /* @__PURE__ */ wrapOp<Polygamma, typeof polygammaOp>(
  polygammaOp,
  (n, x) => polygammaOp(x, { n }),
  () => [
    [1, irregular([2, 2])],
    [2, positive([3])],
  ],
);

/**
 * Returns y = ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b) for a, b > 0, without the cancellation of this sum. y is
 * Infinity if a or b is 0, and NaN for negative numbers. With ψ, the function `digamma`, the VJP maps the cotangent g
 * to g (ψ(a) − ψ(a + b)) for a and g (ψ(b) − ψ(a + b)) for b.
 */
export const betaln: Op<Binary> = /* @__PURE__ */ elementwisePair(
  "betaln",
  /* @__PURE__ */ pairLoopOf(beta.betaln),
  (g, { inputs: [a, b] }) => mul(g, polygammaDifference(a, b, { n: 0 })),
  (g, { inputs: [a, b] }) => mul(g, polygammaDifference(b, a, { n: 0 })),
  { arePositive: true, nonFinite: positiveCause },
);

/**
 * Returns y = ψ⁽ⁿ⁾(a) − ψ⁽ⁿ⁾(a + b) for a, b > 0, where ψ⁽ⁿ⁾ is `polygamma`, and n is an option. y is accurate even if
 * b is small, where the difference would cancel. The VJP maps the cotangent g to g (ψ⁽ⁿ⁺¹⁾(a) − ψ⁽ⁿ⁺¹⁾(a + b)) for a
 * and −g ψ⁽ⁿ⁺¹⁾(a + b) for b.
 */
export const polygammaDifference: Op<Binary, Order> = /* @__PURE__ */ defineOp<Binary, Order>({
  name: "polygammaDifference",
  options: { n: 0 },
  shape: (inputs) => broadcastShape(inputs),
  batch: "broadcast",
  kernel: (out, inputs, { n: order }) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t)
        y[o + l] = numerics.polygammaDifference(order, a[p]!, b[q]!);
    }),
  vjp: [
    (g, { inputs: [a, b], params: { n } }) => unbroadcast(mul(g, polygammaDifference(a, b, { n: n + 1 })), a),
    (g, { inputs: [a, b], params: { n } }) => unbroadcast(neg(mul(g, polygamma(n + 1, add(a, b)))), b),
  ],
  nonFinite: positiveCause,
  samples: () => [
    [positive([2, 2]), positive([2, 2], 2), { n: 0 }],
    [positive([2, 1]), positive([3], 2), { n: 1 }],
  ],
});

import { ones, type Tensor } from "@wengert/core";
import { defineOp, type Op, sizeOf } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { crossEntropyCause, sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, positive } from "../declaring/samples.ts";
import { mul, neg } from "../elementwise/arithmetic.ts";
import { equal } from "../elementwise/compare.ts";
import { where } from "../elementwise/where.ts";
import { alongAxes, inFloat64 } from "../loops/alongAxes.ts";
import { argmaxOf, exponentials, sumExcept, sumExpExcept } from "../loops/slices.ts";
import { expandDims } from "../shapes/reshape.ts";
import { sum } from "../shapes/sum.ts";
import { slicesInWasm } from "../wasm/softmax.ts";
import { type Classes, checkCotangents, probabilityLossShape } from "./classTargets.ts";
import { logSoftmax, logSoftmaxTangent, softmax, softmaxPullback } from "./softmax.ts";
import { zeroSafeMul } from "./zeroSafeMul.ts";

type LossInputs = readonly [logits: Tensor, probabilities: Tensor];

/**
 * Returns the losses −Σ t log s of the rows, for s = softmax(logits) and probabilities t, which need not sum to 1. A
 * class with t = 0 adds 0, even where log s is −Infinity. The VJP maps the cotangent g to g (s Σt − t) for the logits
 * and −g log s for t; a logit of −Infinity gives g × Infinity.
 */
export const probabilityLosses: Op<LossInputs, Classes> = /* @__PURE__ */ defineOp({
  name: "crossEntropy",
  options: { axis: undefined },
  shape: ([logits, t], { axis }) => probabilityLossShape(logits, t, axis),
  batch: "shift",
  kernel: (out, [logits, probabilities], { axis }) =>
    slicesInWasm("probabilityLosses", out, [logits, probabilities], [axis]) ||
    alongAxes([axis], out, [logits, probabilities], (n, y, o, _, a, i, s, b, j, t) => {
      if (n === 0) return; // the output holds zeros
      const m = argmaxOf(n, a, i, s);
      const peak = a[i + m * s]!;
      const norm = Math.log1p(sumExpExcept(n, a, i, s, m));
      let total = 0;
      let compensation = 0; // Kahan's compensation, as in `exponentials`
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        if (b[q] === 0) continue;
        const term = b[q]! * (norm - (a[p]! - peak)) - compensation;
        const next = total + term;
        compensation = Number.isFinite(next) ? next - total - term : 0; // not ∞ − ∞
        total = next;
      }
      y[o] = Number.isFinite(peak) ? total : Number.NaN;
    }),
  flops: ([{ shape }]) => 6 * sizeOf(shape),
  vjp: [
    (g, { inputs: [logits, t], params }) => softCrossEntropyPullback(logits, t, g, params),
    (g, { inputs: [logits], params }) => neg(zeroSafeMul(expandDims(g, params), logSoftmax(logits, params))),
  ],
  nonFinite: /* @__PURE__ */ crossEntropyCause(
    "a class has the logit −Infinity but a nonzero probability, perhaps from label smoothing: give it the weight 0",
  ),
  samples: () => [[irregular([2, 3]), positive([2, 3]), { axis: 1 }]],
});

/**
 * Returns y = g (s Σt − t), the gradient of the cross-entropy loss for the logits. Here s = softmax(logits), t are the
 * target probabilities, and g is the cotangent of the loss. The largest probability sₘ may round to 1, so yₘ is
 * computed as g (sₘ Σⱼ≠ₘ tⱼ − tₘ Σⱼ≠ₘ sⱼ). A logit of −Infinity is constant, so its target is ignored.
 *
 * Let u be the cotangent of y. The VJP for the logits is g Σt times the softmax pullback of u. The VJP for t is −g
 * times the JVP of logSoftmax for u.
 */
export const softCrossEntropyPullback: Op<readonly [logits: Tensor, probabilities: Tensor, g: Tensor], Classes> =
  /* @__PURE__ */ defineOp({
    name: "softCrossEntropyPullback",
    options: { axis: undefined },
    params: (options, [logits]) => ({ axis: axisOf(logits, options.axis) }),
    shape: ([logits, t, g], { axis }) => {
      const rows = probabilityLossShape(logits, t, axis);
      checkCotangents(rows, g);
      return logits.shape;
    },
    batch: "shift",
    kernel: (out, [logits, probabilities, g], { axis }) =>
      slicesInWasm("probabilityPullback", out, [logits, probabilities, g], [axis]) ||
      inFloat64(out, (exact) =>
        alongAxes([axis], exact, [logits, probabilities, g], (n, y, o, r, a, i, s, b, j, t, c, k) => {
          const m = argmaxOf(n, a, i, s);
          const otherExps = exponentials(n, y, o, r, a, i, s, m);
          const otherTargets = sumExcept(n, a, i, s, m, b, j, t);
          const peakTarget = b[j + m * t]!;
          const total = peakTarget + otherTargets;
          const norm = 1 + otherExps;
          const scale = c[k]! / norm;
          for (let l = 0, p = i, q = j, x = o; l < n; l++, p += s, q += t, x += r) {
            if (l === m) y[x] = (otherTargets - peakTarget * otherExps) * scale;
            else if (a[p] !== -Infinity) y[x] = (y[x]! * total - b[q]! * norm) * scale;
          }
        }),
      ),
    flops: ([{ shape }]) => 8 * sizeOf(shape),
    vjp: [
      (u, { inputs: [logits, t, g], params }) => secondOrder(logits, t, g, u, params),
      (u, { inputs: [logits, , g], params }) =>
        neg(mul(expandDims(g, params), logSoftmaxTangent(logits, u, params.axis))),
      (u, { inputs: [logits, t, g], params }) =>
        sum(mul(u, softCrossEntropyPullback(logits, t, ones(g.shape, { dtype: g.dtype }), params)), params),
    ],
    nonFinite: sumOfProductsCause,
    samples: () => [[irregular([2, 3]), positive([2, 3]), irregular([2], 2), { axis: 1 }]],
  });

/**
 * Returns the VJP of the cross-entropy gradient y = g (s Σt − t) for the logits: g Σt J u. u is the cotangent of y, s
 * is softmax(logits), and J is its Jacobian. t are the target probabilities, and g is the cotangent of the loss.
 */
export function secondOrder(logits: Tensor, t: Tensor, g: Tensor, u: Tensor, params: Classes): Tensor {
  const total = sum(where(equal(logits, -Infinity), 0, t), { ...params, keepDims: true });
  return mul(mul(expandDims(g, params), total), softmaxPullback(softmax(logits, params), u, params));
}

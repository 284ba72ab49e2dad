import { OutOfRangeError, ones, type Tensor, tensor } from "@wengert/core";
import { defineOp, describe, type Op, type Operand, sharedFloat, sizeOf, withCaller } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { crossEntropyCause, sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { alongAxes, inFloat64 } from "../loops/alongAxes.ts";
import { argmaxOf, exponentials, sumExpExcept } from "../loops/slices.ts";
import { sum } from "../shapes/sum.ts";
import { labeledSlicesInWasm } from "../wasm/softmax.ts";
import { type Classes, checkCotangents, labelLossShape } from "./classTargets.ts";
import { secondOrder } from "./crossEntropyProbabilities.ts";

type PullbackInputs = readonly [logits: Tensor, labels: Tensor, g: Tensor];

const sampleLabels = () => tensor([2, 0], { dtype: "int32" });

/**
 * Returns the losses −log softmax(logits)[label] of the rows, computed as in logSoftmax. The VJP maps the cotangent g
 * to g (s − t), where s is the softmax and t the one-hot label.
 */
export const labelLosses: Op<readonly [logits: Tensor, labels: Tensor], Classes> = /* @__PURE__ */ defineOp({
  name: "crossEntropy",
  options: { axis: undefined },
  params: (options, [logits]) => ({ axis: axisOf(logits, options.axis) }),
  shape: ([logits, labels], { axis }) => labelLossShape(logits, labels, axis),
  dtype: ([logits]) => sharedFloat([logits]),
  batch: "shift",
  kernel: (out, [logits, labels], { axis }, operands) =>
    labeledSlicesInWasm("labelLosses", out, [logits, labels], axis) ||
    alongAxes([axis], out, [logits, labels], (n, y, o, _, a, i, s, b, j) => {
      const label = labelOf(b[j]!, o, n, operands);
      const m = argmaxOf(n, a, i, s);
      const peak = a[i + m * s]!;
      y[o] = Number.isFinite(peak) ? Math.log1p(sumExpExcept(n, a, i, s, m)) - (a[i + label * s]! - peak) : Number.NaN;
    }),
  flops: ([{ shape }]) => 4 * sizeOf(shape),
  vjp: [(g, { inputs: [logits, labels], params }) => crossEntropyPullback(logits, labels, g, params), null],
  nonFinite: /* @__PURE__ */ crossEntropyCause(
    "the logit of the label is −Infinity because its class is masked: ignore the row too, with { ignoreIndex }",
  ),
  samples: () => [[irregular([2, 3]), sampleLabels(), { axis: 1 }]],
});

/**
 * Returns y = g (s − t) for s = softmax(logits), the one-hot vector t of the label, and the cotangent g of the loss. At
 * the label, s − 1 is computed as −Σⱼ sⱼ over the other classes, so that no digits cancel. In a row whose label has the
 * logit −Infinity, y is 0. For the cotangent u of y, the VJP for the logits is g times the softmax pullback of u.
 */
export const crossEntropyPullback: Op<PullbackInputs, Classes> = /* @__PURE__ */ defineOp({
  name: "crossEntropyPullback",
  options: { axis: undefined },
  params: (options, [logits]) => ({ axis: axisOf(logits, options.axis) }),
  shape: ([logits, labels, g], { axis }) => {
    checkCotangents(labelLossShape(logits, labels, axis), g);
    return logits.shape;
  },
  dtype: ([logits, , g]) => sharedFloat([logits, g]),
  batch: "shift",
  kernel: (out, [logits, labels, g], { axis }, operands) =>
    labeledSlicesInWasm("labelPullback", out, [logits, labels, g], axis) ||
    inFloat64(out, (exact) => {
      let row = 0;
      alongAxes([axis], exact, [logits, labels, g], (n, y, o, r, a, i, s, b, j, _, c, k) => {
        const label = labelOf(b[j]!, row++, n, operands); // checks again, because a traced gradient may run without the losses
        const m = argmaxOf(n, a, i, s);
        const otherExps = exponentials(n, y, o, r, a, i, s, m);
        const scale = a[i + label * s] === -Infinity ? 0 : c[k]! / (1 + otherExps);
        const notLabel = label === m ? otherExps : 1 + (otherExps - y[o + label * r]!);
        for (let l = 0, q = o; l < n; l++, q += r) y[q] = y[q]! * scale;
        y[o + label * r] = 0 - notLabel * scale; // not −0
      });
    }),
  flops: ([{ shape }]) => 5 * sizeOf(shape),
  vjp: [
    (u, { inputs: [logits, labels, g], params }) =>
      secondOrder(logits, oneHotRows(logits, labels, params), g, u, params),
    null,
    (u, { inputs: [logits, labels, g], params }) =>
      sum(mul(u, crossEntropyPullback(logits, labels, ones(g.shape, { dtype: g.dtype }), params)), params),
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [[irregular([2, 3]), sampleLabels(), irregular([2], 2), { axis: 1 }]],
});

/** Returns class labels as one-hot rows of probabilities. Not differentiable. */
export const oneHotRows: Op<readonly [logits: Tensor, labels: Tensor], Classes> = /* @__PURE__ */ defineOp({
  name: "oneHotRows",
  options: { axis: undefined },
  shape: ([logits, labels], { axis }) => {
    labelLossShape(logits, labels, axis);
    return logits.shape;
  },
  dtype: ([logits]) => sharedFloat([logits]),
  batch: "shift",
  kernel: (out, [logits, labels], { axis }, operands) => {
    let row = 0;
    alongAxes([axis], out, [logits, labels], (n, y, o, r, _a, _i, _s, b, j) => {
      y[o + labelOf(b[j]!, row++, n, operands) * r] = 1;
    });
  },
  flops: () => 0,
  vjp: [null, null],
  samples: () => [[irregular([2, 3]), sampleLabels(), { axis: 1 }]],
});

type Named = readonly [logits: Operand, labels: Operand, ...rest: Operand[]];

function labelOf(label: number, row: number, classes: number, [logits, labels]: Named): number {
  if (label >= 0 && label < classes) return label;
  const hint =
    label === classes
      ? `are they counted from 1? write sub(${labels.label ?? "labels"}, 1)`
      : `to ignore such rows, write { ignoreIndex: ${label} }`;
  const error = new OutOfRangeError(
    `label ${label} of row ${row} of ${describe(labels, "labels")} is not a class: ` +
      `classes are 0 … ${classes - 1} (K = ${classes}, from ${describe(logits, "logits")}); ${hint}`,
  );
  throw withCaller("crossEntropy", error); // the public name of all ops in this file
}

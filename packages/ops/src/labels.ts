import {
  defineOp,
  describe,
  type Op,
  type Operand,
  OutOfRangeError,
  ones,
  sharedFloat,
  type Tensor,
  tensor,
} from "@wengert/core";
import { sizeOf } from "@wengert/core/ndarray";
import { mul } from "./arithmetic.ts";
import { axisOf } from "./axes.ts";
import { ofCrossEntropy, ofSumOfProducts } from "./causes.ts";
import { type Classes, checkCotangents, rowsOfLabels } from "./classes.ts";
import { exponentials, peak, sumOfOthers } from "./lanes.ts";
import { alongAxes, inDoubles } from "./loops.ts";
import { secondOrder } from "./probabilities.ts";
import { irregular } from "./samples.ts";
import { sum } from "./sum.ts";
import { labelledLanesInWasm } from "./wasm/softmax.ts";

type PullbackInputs = readonly [logits: Tensor, labels: Tensor, g: Tensor];

const someLabels = () => tensor([2, 0], { dtype: "int32" });

/**
 * −log softmax(logits)[label] of each row, as logSoftmax computes it. With s the softmax and t the one-hot label, the
 * cotangent of the logits is g (s − t).
 */
export const labelLosses: Op<readonly [logits: Tensor, labels: Tensor], Classes> = /* @__PURE__ */ defineOp({
  name: "crossEntropy",
  options: { axis: undefined },
  params: (options, [logits]) => ({ axis: axisOf("crossEntropy", logits, options.axis) }),
  shape: ([logits, labels], { axis }) => rowsOfLabels("crossEntropy", logits, labels, axis),
  dtype: ([logits]) => sharedFloat("crossEntropy", [logits]),
  kernel: (out, [logits, labels], { axis }, operands) =>
    labelledLanesInWasm("labelLosses", out, [logits, labels], axis) ||
    alongAxes([axis], out, [logits, labels], (n, y, o, _, a, i, s, b, j) => {
      const label = labelOf(b[j]!, o, n, operands);
      const m = peak(n, a, i, s);
      const most = a[i + m * s]!;
      y[o] = Number.isFinite(most) ? Math.log1p(sumOfOthers(n, a, i, s, m)) - (a[i + label * s]! - most) : Number.NaN;
    }),
  flops: ([{ shape }]) => 4 * sizeOf(shape),
  vjp: [(g, { inputs: [logits, labels], params }) => crossEntropyPullback(logits, labels, g, params), null],
  nonFinite: /* @__PURE__ */ ofCrossEntropy(
    "the logit of the label is −Infinity, for its class was left out: leave the row out too, with { ignoreIndex }",
  ),
  samples: () => [[irregular([2, 3]), someLabels(), { axis: 1 }]],
});

/**
 * g (s − t) for s = softmax(logits). At the label s − 1 is taken from the others, −Σⱼ sⱼ, where nothing cancels.
 * A row whose label has the logit −Infinity is constant. The rule for the logits is g times the softmax pullback.
 */
export const crossEntropyPullback: Op<PullbackInputs, Classes> = /* @__PURE__ */ defineOp({
  name: "crossEntropyPullback",
  options: { axis: undefined },
  params: (options, [logits]) => ({ axis: axisOf("crossEntropyPullback", logits, options.axis) }),
  shape: ([logits, labels, g], { axis }) => {
    checkCotangents("crossEntropyPullback", rowsOfLabels("crossEntropyPullback", logits, labels, axis), g);
    return logits.shape;
  },
  dtype: ([logits, , g]) => sharedFloat("crossEntropyPullback", [logits, g]),
  kernel: (out, [logits, labels, g], { axis }, operands) =>
    labelledLanesInWasm("labelPullback", out, [logits, labels, g], axis) ||
    inDoubles(out, (exact) => {
      let row = 0;
      alongAxes([axis], exact, [logits, labels, g], (n, y, o, r, a, i, s, b, j, _, c, k) => {
        const label = labelOf(b[j]!, row++, n, operands); // a traced gradient runs without the losses, which check too
        const m = peak(n, a, i, s);
        const others = exponentials(n, y, o, r, a, i, s, m);
        const scale = a[i + label * s] === -Infinity ? 0 : c[k]! / (1 + others);
        const notLabel = label === m ? others : 1 + (others - y[o + label * r]!);
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
  nonFinite: ofSumOfProducts,
  samples: () => [[irregular([2, 3]), someLabels(), irregular([2], 2), { axis: 1 }]],
});

/** The labels as probabilities, those of the one-hot rows. Nothing flows back. */
export const oneHotRows: Op<readonly [logits: Tensor, labels: Tensor], Classes> = /* @__PURE__ */ defineOp({
  name: "oneHotRows",
  options: { axis: undefined },
  shape: ([logits, labels], { axis }) => {
    rowsOfLabels("crossEntropy", logits, labels, axis);
    return logits.shape;
  },
  dtype: ([logits]) => sharedFloat("crossEntropy", [logits]),
  kernel: (out, [logits, labels], { axis }, operands) => {
    let row = 0;
    alongAxes([axis], out, [logits, labels], (n, y, o, r, _a, _i, _s, b, j) => {
      y[o + labelOf(b[j]!, row++, n, operands) * r] = 1;
    });
  },
  flops: () => 0,
  vjp: [null, null],
  samples: () => [[irregular([2, 3]), someLabels(), { axis: 1 }]],
});

type Named = readonly [logits: Operand, labels: Operand, ...rest: Operand[]];

function labelOf(label: number, row: number, classes: number, [logits, labels]: Named): number {
  if (label >= 0 && label < classes) return label;
  const cure =
    label === classes
      ? `are they counted from 1? write sub(${labels.label ?? "labels"}, 1)`
      : `to leave such rows out, write { ignoreIndex: ${label} }`;
  throw new OutOfRangeError(
    `crossEntropy: label ${label} of row ${row} of ${describe(labels, "labels")} is no class: ` +
      `they are 0 … ${classes - 1} (K = ${classes}, from ${describe(logits, "logits")}); ${cure}`,
  );
}

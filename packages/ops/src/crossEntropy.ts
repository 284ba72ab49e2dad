import {
  complete,
  type DType,
  DTypeError,
  defineOp,
  describe,
  type Op,
  type Operand,
  OutOfRangeError,
  ones,
  ShapeError,
  shapeText,
  sharedFloat,
  type Tensor,
  type TensorLike,
  tensor,
} from "@wengert/core";
import { type Shape, sizeOf } from "@wengert/core/ndarray";
import { mul } from "./arithmetic.ts";
import { axisOf, commonShape } from "./axes.ts";
import { equal } from "./compare.ts";
import { maximum, peak, sumOfOthers } from "./lanes.ts";
import { alongAxes } from "./loops.ts";
import { type ReductionName, reduced } from "./reduction.ts";
import { irregular, type Sampled, withSamples } from "./samples.ts";
import { expandDims } from "./shape.ts";
import { softmax, softmaxPullback } from "./softmax.ts";
import { sum } from "./sum.ts";
import { where } from "./where.ts";

export interface CrossEntropyOptions {
  /** The axis of the classes. Default: the last. */
  readonly axis?: number | undefined;
  /** What becomes of the losses of the rows. Default: "mean". */
  readonly reduction?: ReductionName | undefined;
}

interface Classes {
  readonly axis: number;
}

/**
 * −log softmax(logits)[label] of each row, as logSoftmax computes it. With s the softmax and t the one-hot label, the
 * cotangent of the logits is g (s − t).
 */
const rowLosses: Op<readonly [logits: Tensor, labels: Tensor], Classes> = defineOp({
  name: "crossEntropy",
  options: { axis: undefined },
  params: (options, [logits]) => ({ axis: axisOf("crossEntropy", logits, options.axis) }),
  shape: ([logits, labels], { axis }) => rowShape(logits, labels, axis),
  dtype: ([logits, labels]) => dtypeOf(logits, labels),
  kernel: (out, [logits, labels], { axis }) =>
    alongAxes([axis], out, [logits, labels], (n, y, o, _, a, i, s, b, j) => {
      const label = labelOf(b[j]!, o, n);
      const m = peak(n, a, i, s);
      const most = a[i + m * s]!;
      y[o] = Number.isFinite(most) ? Math.log1p(sumOfOthers(n, a, i, s, m)) - (a[i + label * s]! - most) : Number.NaN;
    }),
  flops: ([{ shape }]) => 4 * sizeOf(shape),
  vjp: [(g, { inputs: [logits, labels], params }) => crossEntropyPullback(logits, labels, g, params), null],
  nonFinite: "the logit of the label is −Infinity: its class was left out",
  samples: () => [[irregular([2, 3]), tensor([2, 0], { dtype: "int32" }), { axis: 1 }]],
});

/**
 * g (s − t) for s = softmax(logits). At the label s − 1 is taken from the others, −Σⱼ sⱼ, where nothing cancels.
 * A row whose label has the logit −Infinity is constant. The rule for the logits is g times the softmax pullback.
 */
export const crossEntropyPullback: Op<readonly [logits: Tensor, labels: Tensor, g: Tensor], Classes> = defineOp({
  name: "crossEntropyPullback",
  options: { axis: undefined },
  params: (options, [logits]) => ({ axis: axisOf("crossEntropyPullback", logits, options.axis) }),
  shape: ([logits, labels, g], { axis }) => {
    rowShape(logits, labels, axis);
    commonShape("crossEntropyPullback", [labels, g], ["labels", "g"]);
    return logits.shape;
  },
  dtype: ([logits, labels, g]) => {
    dtypeOf(logits, labels);
    return sharedFloat("crossEntropyPullback", [logits, g]);
  },
  kernel: (out, [logits, labels, g], { axis }) => {
    let row = 0;
    alongAxes([axis], out, [logits, labels, g], (n, y, o, r, a, i, s, b, j, _, c, k) => {
      const label = labelOf(b[j]!, row++, n); // a traced gradient runs without the losses, which check too
      if (a[i + label * s] === -Infinity) return; // the output holds zeros
      const most = maximum(n, a, i, s);
      let total = 0;
      for (let l = 0, p = i; l < n; l++, p += s) total += Math.exp(a[p]! - most);
      const scale = c[k]! / total;
      let others = 0;
      for (let l = 0, p = i; l < n; l++, p += s) {
        if (l === label) continue;
        const e = Math.exp(a[p]! - most);
        others += e;
        y[o + l * r] = e * scale;
      }
      y[o + label * r] = 0 - others * scale;
    });
  },
  flops: ([{ shape }]) => 6 * sizeOf(shape),
  vjp: [
    (u, { inputs: [logits, labels, g], params: { axis } }) => {
      const isConstant = expandDims(equal(rowLosses(logits, labels, { axis }), Infinity), { axis });
      const slope = mul(expandDims(g, { axis }), softmaxPullback(softmax(logits, { axis }), u, { axis }));
      return where(isConstant, 0, slope);
    },
    null,
    (u, { inputs: [logits, labels, g], params }) =>
      sum(mul(u, crossEntropyPullback(logits, labels, ones(g.shape, { dtype: g.dtype }), params)), {
        axis: params.axis,
      }),
  ],
  samples: () => [[irregular([2, 3]), tensor([2, 0], { dtype: "int32" }), irregular([2], 2), { axis: 1 }]],
});

/**
 * The cross-entropy −log softmax(logits)[label] of int32 class indices: logits [..., K, ...], labels of their shape
 * without `axis`.
 * @throws OutOfRangeError for a label outside 0 … K − 1, with its row; DTypeError, ShapeError.
 */
export const crossEntropy: Sampled<CrossEntropy> & { readonly spec: typeof rowLosses.spec } = Object.assign(
  withSamples<CrossEntropy>(
    (logits, labels, options) => {
      const { axis, reduction } = complete<CrossEntropyOptions>("crossEntropy", options, {
        axis: -1,
        reduction: "mean",
      });
      return reduced("crossEntropy", rowLosses(logits, labels, { axis: axis! }), reduction);
    },
    () => {
      const labels = tensor([2, 0], { dtype: "int32" });
      return [
        [irregular([2, 3]), labels],
        [irregular([3, 2]), labels, { axis: 0, reduction: "none" }],
      ];
    },
  ),
  { spec: rowLosses.spec },
);

type CrossEntropy = (logits: TensorLike, labels: TensorLike, options?: CrossEntropyOptions) => Tensor;

/** The shape of the rows, that of the logits without the classes, which the labels must have. */
function rowShape(logits: Operand, labels: Operand, axis: number): Shape {
  const expected = logits.shape.toSpliced(axis, 1);
  if (String(labels.shape) === String(expected)) return expected;
  throw new ShapeError(
    `crossEntropy: labels must have the shape ${shapeText(expected)}, that of ${describe(logits, "logits")} without ` +
      `axis ${axis}; got ${describe(labels, "labels")}${oneHotHint(logits, labels)}`,
  );
}

function labelOf(label: number, row: number, classes: number): number {
  if (label >= 0 && label < classes) return label;
  throw new OutOfRangeError(
    `crossEntropy: label ${label} of row ${row} is no class: they are 0 … ${classes - 1} (K = ${classes}, from the logits)`,
  );
}

function dtypeOf(logits: Operand, labels: Operand): DType {
  if (labels.dtype === "int32") return sharedFloat("crossEntropy", [logits]);
  const cure = `write cast(${labels.label ?? "labels"}, { dtype: "int32" })`;
  throw new DTypeError(
    `crossEntropy: labels are class indices, int32; ${describe(labels, "labels")} is ${labels.dtype}; ${cure}`,
  );
}

const oneHotHint = (logits: Operand, labels: Operand): string =>
  String(labels.shape) === String(logits.shape) ? "; are they one-hot? write argmax(labels, { axis })" : "";

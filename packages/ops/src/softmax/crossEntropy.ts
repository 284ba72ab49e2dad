import { ArgumentError, OutOfRangeError, ShapeError, Tensor, type TensorLike, tensor } from "@wengert/core";
import {
  apply,
  type Complete,
  describe,
  isFloat,
  prefixErrors,
  sharedFloat,
  show,
  tensorHint,
  toTensors,
  withDefaults,
} from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { irregular, positive, type Wrapped, wrapOp } from "../declaring/samples.ts";
import { add, div } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { notEqual } from "../elementwise/compare.ts";
import { where } from "../elementwise/where.ts";
import { expandDims, reshape } from "../shapes/reshape.ts";
import { sum } from "../shapes/sum.ts";
import { take } from "../shapes/take.ts";
import { labelLossShape, probabilityLossShape } from "./classTargets.ts";
import { labelLosses, oneHotRows } from "./crossEntropyLabels.ts";
import { probabilityLosses } from "./crossEntropyProbabilities.ts";
import { type ReductionName, reduceLosses } from "./lossReduction.ts";
import { zeroSafeMul } from "./zeroSafeMul.ts";

export interface CrossEntropyOptions {
  /** The axis of the classes. Default: the last. */
  readonly axis?: number | undefined;
  /**
   * How to combine the losses of the rows: "mean", "sum", or "none", which returns the losses themselves. Default:
   * "mean".
   */
  readonly reduction?: ReductionName | undefined;
  /** Rows with this label are ignored: their loss and gradient are 0. Default: no rows are ignored. */
  readonly ignoreIndex?: number | undefined;
  /** Label smoothing e in [0, 1]: each target probability t becomes t (1 − e) + e / K, for K classes. Default: 0. */
  readonly labelSmoothing?: number | undefined;
  /** The weight of each class, shape [K]. Default: all 1. */
  readonly weight?: Tensor | undefined;
}

const crossEntropyDefaults = {
  axis: -1,
  reduction: "mean",
  ignoreIndex: undefined,
  labelSmoothing: 0,
  weight: undefined,
} as const;

/**
 * Returns the cross-entropy losses −Σ t log softmax(logits) of the rows. The targets t are probabilities, or int32
 * class indices (one per row) that stand for one-hot rows. With `labelSmoothing` e, t becomes t (1 − e) + e / K for K
 * classes; `weight` then scales each class. "mean" divides the sum of the losses by the number of rows. For class
 * indices, it divides by the sum of the weights of the rows that are not ignored, and gives NaN if this sum is 0.
 * Ignored rows, and classes with t = 0, add 0 even at −Infinity. The losses are differentiable in logits, probabilities
 * and weight.
 */
export const crossEntropy: Wrapped<CrossEntropy, typeof labelLosses> = /* @__PURE__ */ wrapOp<
  CrossEntropy,
  typeof labelLosses
>(
  labelLosses,
  (logits, target, options) => {
    const { reduction, ...rowOptions } = withDefaults<CrossEntropyOptions>(
      "crossEntropy",
      options,
      crossEntropyDefaults,
    );
    const { x, t, settings } = prefixErrors("crossEntropy", () => {
      const [x, t] = tensorsOf(logits, target);
      return { x, t, settings: checkArguments(x, t, rowOptions) };
    });
    if (isFloat(t.dtype)) return reduceLosses("crossEntropy", lossesOfProbabilities(x, t, settings), reduction);
    const { losses, rowWeights } = lossesOfLabels(x, t, settings);
    return reduction === "mean" && rowWeights
      ? div(sum(losses), sum(rowWeights))
      : reduceLosses("crossEntropy", losses, reduction);
  },
  samples,
);

type CrossEntropy = (logits: TensorLike, target: TensorLike, options?: CrossEntropyOptions) => Tensor;

interface Settings {
  readonly axis: number;
  readonly ignoreIndex: number | undefined;
  readonly smoothing: number;
  readonly weight: Tensor | undefined;
}

function lossesOfProbabilities(logits: Tensor, target: Tensor, { axis, smoothing, weight }: Settings): Tensor {
  const K = logits.shape[axis]!;
  const smoothed = smoothing === 0 ? target : add(zeroSafeMul(1 - smoothing, target), smoothing / K);
  const shape = logits.shape.map((_, i) => (i === axis ? K : 1));
  const t = weight ? zeroSafeMul(reshape(weight, { shape }), smoothed) : smoothed;
  return probabilityLosses(logits, t, { axis });
}

/**
 * Returns the cross-entropy losses of the rows. If the rows do not count equally in the mean, also returns their
 * weights in the mean.
 */
function lossesOfLabels(logits: Tensor, labels: Tensor, settings: Settings): { losses: Tensor; rowWeights?: Tensor } {
  const { axis, ignoreIndex, smoothing, weight } = settings;
  if (ignoreIndex !== undefined) {
    const isKept = notEqual(labels, ignoreIndex);
    // The logits of ignored rows are replaced by 0, so that these rows do not contribute to derivatives of any order.
    const z = zeroWhereNot(expandDims(isKept, { axis }), logits);
    const { losses, rowWeights } = lossesOfLabels(z, zeroWhereNot(isKept, labels), {
      ...settings,
      ignoreIndex: undefined,
    });
    return {
      losses: where(isKept, losses, 0),
      rowWeights: rowWeights ? where(isKept, rowWeights, 0) : cast(isKept, { dtype: logits.dtype }),
    };
  }
  const losses =
    smoothing === 0
      ? labelLosses(logits, labels, { axis })
      : lossesOfProbabilities(logits, oneHotRows(logits, labels, { axis }), settings);
  if (!weight) return { losses };
  const rowWeights = take(weight, labels, { axis: 0 });
  return { losses: smoothing === 0 ? zeroSafeMul(rowWeights, losses) : losses, rowWeights };
}

/** Returns x where `isKept` is true and 0 elsewhere. The result has the same name (label) as x. */
function zeroWhereNot(isKept: Tensor, x: Tensor): Tensor {
  return apply(where.spec, toTensors("crossEntropy", [isKept, x, 0]), undefined, x.label);
}

function tensorsOf(logits: unknown, target: unknown): readonly [logits: Tensor, target: Tensor] {
  const t = typeof target === "number" ? tensor(target, { dtype: "int32" }) : target;
  if (logits instanceof Tensor && t instanceof Tensor) return [logits, t];
  const invalid = logits instanceof Tensor ? t : logits;
  throw new ArgumentError(`logits and target must be tensors, got ${show(invalid)}${tensorHint(invalid)}`);
}

function checkArguments(
  logits: Tensor,
  target: Tensor,
  rowOptions: Omit<Complete<CrossEntropyOptions>, "reduction">,
): Settings {
  const { ignoreIndex, labelSmoothing: smoothing, weight } = rowOptions;
  const axis = axisOf(logits, rowOptions.axis);
  sharedFloat([logits], ["logits"]);
  if (isFloat(target.dtype)) probabilityLossShape(logits, target, axis);
  else labelLossShape(logits, target, axis);
  if (typeof smoothing !== "number" || !(smoothing >= 0 && smoothing <= 1))
    throw new OutOfRangeError(`labelSmoothing must be a number from 0 to 1, got ${show(smoothing)}`);
  if (ignoreIndex !== undefined) checkIgnored(ignoreIndex, target);
  if (weight !== undefined) checkWeight(weight, logits, axis);
  return { axis, ignoreIndex, smoothing, weight };
}

function checkIgnored(ignoreIndex: unknown, target: Tensor): void {
  if (isFloat(target.dtype))
    throw new ArgumentError(
      `ignoreIndex requires class indices, got probabilities ${describe(target, "target")}; ` +
        "a row of zeros adds nothing to the sum",
    );
  if (typeof ignoreIndex !== "number" || ignoreIndex !== (ignoreIndex | 0))
    throw new ArgumentError(`ignoreIndex must be a whole number, a label, got ${show(ignoreIndex)}`);
}

function checkWeight(weight: unknown, logits: Tensor, axis: number): void {
  const K = logits.shape[axis]!;
  const expected = () => `weight must be a tensor [${K}], one number for each class of ${describe(logits, "logits")}`;
  if (!(weight instanceof Tensor)) throw new ArgumentError(`${expected()}; got ${show(weight)}${tensorHint(weight)}`);
  if (weight.shape.length !== 1 || weight.shape[0] !== K)
    throw new ShapeError(
      `${expected()}; got ${describe(weight, "weight")}; to weigh rows, multiply the losses of { reduction: "none" }`,
    );
  sharedFloat([logits, weight], ["logits", "weight"]);
}

function samples(): Readonly<Parameters<CrossEntropy>>[] {
  const labels = tensor([2, 0], { dtype: "int32" });
  const grid = tensor(
    [
      [2, 0, 7], // 7 is not a class
      [1, 1, 2],
    ],
    { dtype: "int32" },
  );
  const [x, image, t, weight] = [irregular([2, 3]), irregular([2, 3, 3]), positive([2, 3]), positive([3], 2)];
  return [
    [x, labels],
    [irregular([3, 2]), labels, { axis: 0, reduction: "none" }],
    [irregular([3]), 1, { weight }],
    [x, labels, { reduction: "none", weight, labelSmoothing: 0.25 }],
    [image, grid, { axis: 1, ignoreIndex: 7 }],
    [image, grid, { axis: 1, ignoreIndex: 7, weight, labelSmoothing: 0.25 }],
    [x, t],
    [irregular([3, 2, 2]), positive([3, 2, 2]), { axis: 0, reduction: "sum", weight, labelSmoothing: 0.25 }],
  ];
}

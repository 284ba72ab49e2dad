import {
  ArgumentError,
  type Complete,
  complete,
  describe,
  isFloat,
  OutOfRangeError,
  ShapeError,
  sharedFloat,
  show,
  Tensor,
  type TensorLike,
  tensor,
  tensorCure,
} from "@wengert/core";
import { add, div } from "./arithmetic.ts";
import { axisOf } from "./axes.ts";
import { cast } from "./cast.ts";
import { rowsOfLabels, rowsOfProbabilities } from "./classes.ts";
import { notEqual } from "./compare.ts";
import { labelLosses, oneHotRows } from "./labels.ts";
import { probabilityLosses } from "./probabilities.ts";
import { type ReductionName, reduced } from "./reduction.ts";
import { type Front, inFrontOf, irregular, positive } from "./samples.ts";
import { expandDims, reshape } from "./shape.ts";
import { sum } from "./sum.ts";
import { take } from "./take.ts";
import { weighted } from "./weighted.ts";
import { where } from "./where.ts";

export interface CrossEntropyOptions {
  /** The axis of the classes. Default: the last. */
  readonly axis?: number | undefined;
  /** What becomes of the losses of the rows. Default: "mean". */
  readonly reduction?: ReductionName | undefined;
  /** The label of rows that add nothing, whatever they hold. Default: none. */
  readonly ignoreIndex?: number | undefined;
  /** e in [0, 1]: each row's probabilities t become t (1 − e) + e / K. Default: 0. */
  readonly labelSmoothing?: number | undefined;
  /** What each class weighs, one number a class. Default: one each. */
  readonly weight?: Tensor | undefined;
}

const defaults = {
  axis: -1,
  reduction: "mean",
  ignoreIndex: undefined,
  labelSmoothing: 0,
  weight: undefined,
} as const;

/**
 * −Σ t log softmax(logits) of each row, for probabilities t; or for int32 class indices, of the logits' shape without
 * `axis`, which stand for one-hot t. Smoothing makes t (1 − e) + e/K of t, and `weight` then makes weightₖ tₖ of tₖ.
 * "mean" divides by the number of rows; with labels, by the weights of those that are not ignored (of none: NaN).
 * Differentiable in logits, probabilities and weight. t = 0 adds 0, beside −Infinity too; an ignored row in any case.
 */
export const crossEntropy: Front<CrossEntropy, typeof labelLosses> = /* @__PURE__ */ inFrontOf<
  CrossEntropy,
  typeof labelLosses
>(
  labelLosses,
  (logits, target, options) => {
    const { reduction, ...given } = complete<CrossEntropyOptions>("crossEntropy", options, defaults);
    const [x, t] = tensorsOf(logits, target);
    const settings = checked(x, t, given);
    if (isFloat(t.dtype)) return reduced("crossEntropy", ofProbabilities(x, t, settings), reduction);
    const { losses, shares } = ofLabels(x, t, settings);
    return reduction === "mean" && shares ? div(sum(losses), sum(shares)) : reduced("crossEntropy", losses, reduction);
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

function ofProbabilities(logits: Tensor, target: Tensor, { axis, smoothing, weight }: Settings): Tensor {
  const K = logits.shape[axis]!;
  const smooth = smoothing === 0 ? target : add(weighted(1 - smoothing, target), smoothing / K);
  const shape = logits.shape.map((_, i) => (i === axis ? K : 1));
  const t = weight ? weighted(reshape(weight, { shape }), smooth) : smooth;
  return probabilityLosses(logits, t, { axis });
}

/** The losses of the rows; and, if they are not alike, the shares with which each counts in the mean. */
function ofLabels(logits: Tensor, labels: Tensor, settings: Settings): { losses: Tensor; shares?: Tensor } {
  const { axis, ignoreIndex, smoothing, weight } = settings;
  if (ignoreIndex !== undefined) {
    const kept = notEqual(labels, ignoreIndex);
    // 0 stands in for what is ignored, so that nothing of it gets into derivatives of any order.
    const z = standIn(expandDims(kept, { axis }), logits);
    const { losses, shares } = ofLabels(z, standIn(kept, labels), { ...settings, ignoreIndex: undefined });
    return {
      losses: where(kept, losses, 0),
      shares: shares ? where(kept, shares, 0) : cast(kept, { dtype: logits.dtype }),
    };
  }
  const losses =
    smoothing === 0
      ? labelLosses(logits, labels, { axis })
      : ofProbabilities(logits, oneHotRows(logits, labels, { axis }), settings);
  if (!weight) return { losses };
  const shares = take(weight, labels, { axis: 0 });
  return { losses: smoothing === 0 ? weighted(shares, losses) : losses, shares };
}

/** x where it is kept, 0 elsewhere, under the name of x. */
function standIn(kept: Tensor, x: Tensor): Tensor {
  const y = where(kept, x, 0);
  y.label = x.label;
  return y;
}

function tensorsOf(logits: unknown, target: unknown): readonly [logits: Tensor, target: Tensor] {
  const t = typeof target === "number" ? tensor(target, { dtype: "int32" }) : target;
  if (logits instanceof Tensor && t instanceof Tensor) return [logits, t];
  const odd = logits instanceof Tensor ? t : logits;
  throw new ArgumentError(`crossEntropy: logits and target must be tensors, got ${show(odd)}${tensorCure(odd)}`);
}

function checked(logits: Tensor, target: Tensor, given: Omit<Complete<CrossEntropyOptions>, "reduction">): Settings {
  const { ignoreIndex, labelSmoothing: smoothing, weight } = given;
  const axis = axisOf("crossEntropy", logits, given.axis);
  sharedFloat("crossEntropy", [logits], ["logits"]);
  if (isFloat(target.dtype)) rowsOfProbabilities("crossEntropy", logits, target, axis);
  else rowsOfLabels("crossEntropy", logits, target, axis);
  if (typeof smoothing !== "number" || !(smoothing >= 0 && smoothing <= 1))
    throw new OutOfRangeError(`crossEntropy: labelSmoothing must be a number from 0 to 1, got ${show(smoothing)}`);
  if (ignoreIndex !== undefined) checkIgnored(ignoreIndex, target);
  if (weight !== undefined) checkWeight(weight, logits, axis);
  return { axis, ignoreIndex, smoothing, weight };
}

function checkIgnored(ignoreIndex: unknown, target: Tensor): void {
  if (isFloat(target.dtype))
    throw new ArgumentError(
      `crossEntropy: ignoreIndex is a label, and ${describe(target, "target")} holds probabilities; ` +
        "a row of zeros adds nothing to the sum",
    );
  if (typeof ignoreIndex !== "number" || ignoreIndex !== (ignoreIndex | 0))
    throw new ArgumentError(`crossEntropy: ignoreIndex must be a whole number, a label, got ${show(ignoreIndex)}`);
}

function checkWeight(weight: unknown, logits: Tensor, axis: number): void {
  const K = logits.shape[axis]!;
  const wanted = () =>
    `crossEntropy: weight must be a tensor [${K}], one number for each class of ${describe(logits, "logits")}`;
  if (!(weight instanceof Tensor)) throw new ArgumentError(`${wanted()}; got ${show(weight)}${tensorCure(weight)}`);
  if (weight.shape.length !== 1 || weight.shape[0] !== K)
    throw new ShapeError(
      `${wanted()}; got ${describe(weight, "weight")}; to weigh rows, multiply the losses of { reduction: "none" }`,
    );
  sharedFloat("crossEntropy", [logits, weight], ["logits", "weight"]);
}

function samples(): Readonly<Parameters<CrossEntropy>>[] {
  const labels = tensor([2, 0], { dtype: "int32" });
  const grid = tensor(
    [
      [2, 0, 7], // 7 is no class
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

import { ArgumentError, OutOfRangeError, ShapeError, Tensor } from "@wengert/core";
import { type Data, describe, isFloat, isSameShape, ravel, show } from "@wengert/core/extend";
import { mustBeFloats, mustBeTensor, namesOf, nanScoreError, type Rows, rowText } from "./rows.ts";

// The functions in this file handle two classes with a single score for each row, [N] or [N, 1]: the logit z of class
// 1, as in binaryCrossEntropy. The probability of class 1 is 1 / (1 + exp(−z)), so the probability 0.5 corresponds to
// the logit 0.

export interface BinaryRows {
  readonly scores: Tensor;
  readonly targets: Tensor;
  readonly logits: Data;
  /** 0 or 1. */
  readonly labels: Data;
  /** The number of rows. */
  readonly count: number;
  readonly classes: readonly string[] | undefined;
}

/**
 * Returns whether `scores` are floats with a single score for each row. Scores [K] with a scalar label are one row of K
 * classes, so the function returns false. It also returns false if `axis`, the axis of the classes, is given.
 */
export function isBinary(scores: Tensor, labels: unknown, axis: unknown): boolean {
  if (axis !== undefined || !isFloat(scores.dtype)) return false;
  const { shape } = scores;
  if (shape.length === 1) return labels instanceof Tensor && labels.shape.length > 0;
  return shape.length === 2 && shape[1] === 1;
}

/**
 * Checks scores and labels of two classes, which must have at least one row.
 * @throws ArgumentError, DTypeError, ShapeError, TracedValueError for invalid arguments
 * @throws OutOfRangeError for a label other than 0 and 1, or a score that is NaN
 */
export function binaryRows(caller: string, scores: Tensor, labels: Tensor, classes?: unknown): BinaryRows {
  mustBeFloats(caller, scores);
  mustBeTensor(caller, "labels", labels);
  const count = scores.shape[0]!;
  if (!isSameShape(labels.shape, [count]) && !isSameShape(labels.shape, [count, 1]))
    throw new ShapeError(
      `${caller}: labels for ${describe(scores, "scores")} must be [${count}], one per row, got ${describe(labels, "labels")}`,
    );
  if (count === 0)
    throw new ShapeError(`${caller}: at least one row is needed, got the empty ${describe(labels, "labels")}`);
  const rows = { logits: ravel(scores.array!), labels: ravel(labels.array!), count, scores, targets: labels };
  for (let i = 0; i < count; i++) {
    const label = rows.labels[i]!;
    if (label !== 0 && label !== 1) {
      const hint = label === -1 ? `; are they -1 and 1? write greater(${labels.label ?? "labels"}, 0)` : "";
      throw new OutOfRangeError(
        `${caller}: labels for one score per row must be 0 or 1, got ${label} in ${rowText(labels, i)} of ${describe(labels, "labels")}${hint}`,
      );
    }
    if (Number.isNaN(rows.logits[i]!)) throw nanScoreError(caller, scores, labels, i);
  }
  return { ...rows, classes: namesOf(caller, 2, classes, describe(scores, "scores")) };
}

/**
 * Returns the predicted classes: class 1 where the probability exceeds the threshold.
 * @throws OutOfRangeError unless the threshold is from 0 to 1
 */
export function thresholded(caller: string, { logits }: BinaryRows, threshold: unknown = 0.5): Int32Array {
  if (!(typeof threshold === "number" && threshold >= 0 && threshold <= 1))
    throw new OutOfRangeError(
      `${caller}: threshold must be a probability from 0 to 1, got ${show(threshold)}; the logit z has the probability 1 / (1 + Math.exp(-z))`,
    );
  const smallest = Math.log(threshold / (1 - threshold));
  return Int32Array.from(logits, (z) => (z > smallest ? 1 : 0));
}

/** @throws ArgumentError if a threshold is passed with scores of several classes */
export function mustHaveNoThreshold(caller: string, scores: Tensor, threshold: unknown): void {
  if (threshold === undefined) return;
  throw new ArgumentError(
    `${caller}: threshold needs one score per row, [N] or [N, 1], got ${describe(scores, "scores")}; leave it out`,
  );
}

/** Returns the probabilities of both classes for each row. */
export function probabilitiesOf(caller: string, { logits, ...rows }: BinaryRows): Rows {
  const values = new Float64Array(2 * rows.count);
  logits.forEach((z, i) => {
    values[2 * i] = 1 / (1 + Math.exp(z));
    values[2 * i + 1] = 1 / (1 + Math.exp(-z));
  });
  return { ...rows, caller, values, K: 2 };
}

import { OutOfRangeError, type Tensor } from "@wengert/core";
import { describe, show, withDefaults } from "@wengert/core/extend";
import { predictionsAndLabels } from "./predictions.ts";
import { type ClassOptions, classNames, nanScoreError, type PredictionOptions, scoreRows } from "./rows.ts";

/**
 * Returns the fraction of rows whose label has the highest score. If several classes have the highest score, the first
 * one is the prediction, as in `argmax`.
 *
 * `scores` are floats (logits or probabilities) with the classes along `axis`, or predicted classes: int32 with the
 * shape of `labels`. `labels` are int32, with the shape of the scores without `axis`.
 *
 * For two classes, `scores` may also be the logits of class 1, [N] or [N, 1]. Class 1 is then predicted where its
 * probability, 1 / (1 + exp(−logit)), exceeds `threshold`. `labels` are 0 or 1, [N] or [N, 1], of any dtype.
 *
 * @throws ShapeError, DTypeError if `scores` and `labels` are incompatible
 * @throws ArgumentError, OutOfRangeError for invalid options
 * @throws OutOfRangeError for a label outside 0 … K − 1, or a row of scores that holds NaN
 */
export function accuracy(scores: Tensor, labels: Tensor, options?: PredictionOptions): number {
  const { guesses, labels: trueLabels } = predictionsAndLabels("accuracy", scores, labels, options);
  let hits = 0;
  for (let i = 0; i < guesses.length; i++) if (guesses[i] === trueLabels[i]) hits++;
  return hits / guesses.length;
}

export interface TopKAccuracyOptions extends ClassOptions {
  /** The number of top-scoring classes that count as predicted, from 1 to K. */
  readonly k: number;
}

/**
 * Returns the fraction of rows whose label is among the `k` highest scores. Among equal scores, the first class ranks
 * higher, so `topKAccuracy` with k = 1 equals `accuracy`. Shapes, dtypes and errors are those of `accuracy`, except
 * that `scores` cannot be predicted classes.
 *
 * @throws OutOfRangeError also for a `k` that is not a whole number from 1 to K
 */
export function topKAccuracy(scores: Tensor, labels: Tensor, options: TopKAccuracyOptions): number {
  const { k, ...classOptions } = withDefaults<TopKAccuracyOptions>(
    "topKAccuracy",
    options,
    {
      k: undefined,
      axis: -1,
      classes: undefined,
    },
    classNames,
  );
  const rows = scoreRows("topKAccuracy", scores, labels, classOptions);
  const { values, count, K } = rows;
  if (!Number.isInteger(k) || k! < 1 || k! > K)
    throw new OutOfRangeError(
      `topKAccuracy: k must be a whole number from 1 to ${K} (the number of classes in ${describe(scores, "scores")}), got ${show(k)}`,
    );
  let hits = 0;
  for (let i = 0, at = 0; i < count; i++, at += K) {
    const label = rows.labels[i]!;
    const labelScore = values[at + label]!;
    let higher = 0;
    for (let c = 0; c < K; c++) {
      const score = values[at + c]!;
      if (Number.isNaN(score)) throw nanScoreError("topKAccuracy", scores, labels, i);
      if (score > labelScore || (score === labelScore && c < label)) higher++;
    }
    if (higher < k!) hits++;
  }
  return hits / count;
}

import { OutOfRangeError, type Tensor } from "@wengert/core";
import { describe, show, withDefaults } from "@wengert/core/extend";
import { predictionsAndLabels } from "./predictions.ts";
import { type ClassOptions, nanScoreError, scoreRows } from "./rows.ts";

/**
 * The share of rows whose label has the highest score; of equal scores the first is the guess, as with `argmax`.
 *
 * `scores` are floats with the classes along `axis`, logits or probabilities; or the guesses themselves, int32 of the shape of
 * `labels`. `labels` are int32, of the shape of the scores without `axis`.
 *
 * @throws ShapeError, DTypeError where they do not fit; OutOfRangeError for a label that is no class, and for a row of scores
 * that holds NaN: it has no guess.
 */
export function accuracy(scores: Tensor, labels: Tensor, options?: ClassOptions): number {
  const { guesses, labels: trueLabels } = predictionsAndLabels("accuracy", scores, labels, options);
  let hits = 0;
  for (let i = 0; i < guesses.length; i++) if (guesses[i] === trueLabels[i]) hits++;
  return hits / guesses.length;
}

export interface TopKAccuracyOptions extends ClassOptions {
  /** How many guesses there are for each row. */
  readonly k: number;
}

/**
 * The share of rows whose label is among the `k` highest scores. Of equal scores the first are higher, so `topKAccuracy` with k = 1 is
 * the `accuracy`. Shapes, dtypes and errors are those of `accuracy`, but for guesses, which it cannot take.
 *
 * @throws OutOfRangeError, too, for a `k` that is not from 1 to K.
 */
export function topKAccuracy(scores: Tensor, labels: Tensor, options: TopKAccuracyOptions): number {
  const { k, ...classOptions } = withDefaults<TopKAccuracyOptions>("topKAccuracy", options, {
    k: undefined,
    axis: -1,
    classes: undefined,
  });
  const rows = scoreRows("topKAccuracy", scores, labels, classOptions);
  const { values, count, K } = rows;
  if (!Number.isInteger(k) || k! < 1 || k! > K)
    throw new OutOfRangeError(
      `topKAccuracy: k must be a whole number from 1 to ${K}, the classes of ${describe(scores, "scores")}; got ${show(k)}`,
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

import type { Tensor } from "@wengert/core";
import { type Data, ravel, withDefaults } from "@wengert/core/extend";
import { binaryRows, isBinary, mustHaveNoThreshold, thresholded } from "./binary.ts";
import {
  classNames,
  mustBeClasses,
  mustBeLabels,
  mustBeTensor,
  namesOf,
  type PredictionOptions,
  predictedClasses,
  scoreRows,
} from "./rows.ts";

export interface Predictions {
  readonly guesses: Data;
  readonly labels: Data;
  readonly K: number;
  readonly classes: readonly string[] | undefined;
}

/**
 * Returns predicted classes and labels. If `scores` has a single float for each row, this float is the logit of class
 * 1. If `scores` are int32, they are already predicted classes and have the shape of the labels. For int32 scores
 * without class names, the number of classes is the highest class plus 1.
 */
export function predictionsAndLabels(
  caller: string,
  scores: Tensor,
  labels: Tensor,
  options: PredictionOptions | undefined,
): Predictions {
  const { axis, classes, threshold } = withDefaults<PredictionOptions>(
    caller,
    options,
    { axis: undefined, classes: undefined, threshold: undefined },
    classNames,
  );
  mustBeTensor(caller, "scores", scores);
  if (isBinary(scores, labels, axis)) {
    const rows = binaryRows(caller, scores, labels, classes);
    return { guesses: thresholded(caller, rows, threshold), labels: rows.labels, K: 2, classes: rows.classes };
  }
  mustHaveNoThreshold(caller, scores, threshold);
  if (scores.dtype !== "int32") {
    const rows = scoreRows(caller, scores, labels, { axis, classes });
    return { guesses: predictedClasses(rows), labels: rows.labels, K: rows.K, classes: rows.classes };
  }
  mustBeLabels(caller, labels, scores.shape, { scores });
  const [guesses, trueLabels] = [ravel(scores.array!), ravel(labels.array!)];
  const names = namesOf(caller, undefined, classes);
  const K = names?.length ?? 1 + Math.max(maxLabel(guesses), maxLabel(trueLabels));
  for (const each of [scores, labels]) mustBeClasses(caller, each, { K, classes: names, source: "the highest class" });
  return { guesses, labels: trueLabels, K, classes: names };
}

function maxLabel(list: Data): number {
  let largest = 0;
  for (let i = 0; i < list.length; i++) if (list[i]! > largest) largest = list[i]!;
  return largest;
}

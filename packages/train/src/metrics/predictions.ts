import type { Tensor } from "@wengert/core";
import { type Data, ravel, withDefaults } from "@wengert/core/extend";
import {
  type ClassOptions,
  mustBeClasses,
  mustBeLabels,
  mustBeTensor,
  namesOf,
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
 * Returns predicted classes and labels. If `scores` are int32, they are predicted classes with the shape of the labels.
 * The number of classes is then the number of class names, or the highest class plus 1.
 */
export function predictionsAndLabels(
  caller: string,
  scores: Tensor,
  labels: Tensor,
  options: ClassOptions | undefined,
): Predictions {
  const { axis, classes } = withDefaults<ClassOptions>(caller, options, { axis: -1, classes: undefined });
  mustBeTensor(caller, "scores", scores);
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

import { complete, type Tensor } from "@wengert/core";
import { type Data, rows } from "@wengert/core/ndarray";
import { type ClassOptions, guessesOf, mustBeClasses, mustBeLabels, mustBeTensor, namesOf, rowsOf } from "./rows.ts";

export interface Guessed {
  readonly guesses: Data;
  readonly labels: Data;
  readonly K: number;
  readonly classes: readonly string[] | undefined;
}

/**
 * Guesses and labels, of scores or of guesses that are made already: these are int32 of the shape of the labels. Without names
 * there are then as many classes as the highest of both says.
 */
export function guessed(who: string, scores: Tensor, labels: Tensor, options: ClassOptions | undefined): Guessed {
  const { axis, classes } = complete<ClassOptions>(who, options, { axis: -1, classes: undefined });
  mustBeTensor(who, "scores", scores);
  if (scores.dtype !== "int32") {
    const all = rowsOf(who, scores, labels, { axis, classes });
    return { guesses: guessesOf(all), labels: all.labels, K: all.K, classes: all.classes };
  }
  mustBeLabels(who, labels, scores.shape, { scores });
  const [guesses, right] = [rows(scores.array!), rows(labels.array!)];
  const names = namesOf(who, undefined, classes);
  const K = names?.length ?? 1 + Math.max(highest(guesses), highest(right));
  for (const each of [scores, labels]) mustBeClasses(who, each, { K, classes: names, source: "the highest of them" });
  return { guesses, labels: right, K, classes: names };
}

function highest(list: Data): number {
  let most = 0;
  for (let i = 0; i < list.length; i++) if (list[i]! > most) most = list[i]!;
  return most;
}

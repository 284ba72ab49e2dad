import type { Tensor } from "@wengert/core";
import type { Text } from "./text.ts";

/** An n-gram model and its loss on the held-out text, in nats per character. */
export interface Baseline {
  readonly name: string;
  /** The name of the baseline model, which says which n-grams it counts. */
  readonly counts: string;
  readonly loss: number;
}

/**
 * Returns the held-out losses of unigram, bigram and trigram models, which count characters in the training text.
 * Add-one smoothing avoids a probability of 0: for K characters, p(c | context) = (count of context and c + 1) / (count
 * of context + K).
 */
export function baselines({ train, held }: Pick<Text, "train" | "held">, characters: number): readonly Baseline[] {
  const named = [
    ["unigram", "the frequency of each character"],
    ["bigram", "its frequency after the previous character"],
    ["trigram", "its frequency after the previous two characters"],
  ] as const;
  return named.map(([name, counts], before) => ({ name, counts, loss: countingLoss(train, held, characters, before) }));
}

function countingLoss(train: Tensor, held: Tensor, characters: number, before: number): number {
  const contexts = characters ** before;
  const counts = new Int32Array(contexts * characters);
  const totals = new Int32Array(contexts);
  for (const [context, next] of places(train, characters, before)) {
    counts[context * characters + next]!++;
    totals[context]!++;
  }
  let [sum, n] = [0, 0];
  for (const [context, next] of places(held, characters, before)) {
    sum -= Math.log((counts[context * characters + next]! + 1) / (totals[context]! + characters));
    n++;
  }
  return sum / n;
}

/**
 * Yields two integers for each position of a text. The first integer encodes the context, which is the `before`
 * preceding characters. The second integer encodes the character at the position.
 */
function* places(text: Tensor, characters: number, before: number): Generator<readonly [number, number]> {
  const codes = text.toNested<number[]>();
  for (let i = before; i < codes.length; i++) {
    let context = 0;
    for (let j = i - before; j < i; j++) context = context * characters + codes[j]!;
    yield [context, codes[i]!];
  }
}

import type { Tensor } from "@wengert/core";
import type { Text } from "./text.ts";

/** What counting gets to, in nats a character. */
export interface Baseline {
  readonly name: string;
  /** What is counted. */
  readonly counts: string;
  readonly loss: number;
}

/**
 * How well the held-out text is foretold by how often each character followed the one or two before it in the text that is
 * learned from: p(c | before) = (count of before with c + 1) / (count of before + K), so that nothing is impossible.
 */
export function baselines({ train, held }: Pick<Text, "train" | "held">, characters: number): readonly Baseline[] {
  const named = [
    ["unigram", "how often each character comes"],
    ["bigram", "how often it comes after the one before"],
    ["trigram", "how often it comes after the two before"],
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

/** Each place of a text: what stands before it, as one number, and what stands there. */
function* places(text: Tensor, characters: number, before: number): Generator<readonly [number, number]> {
  const codes = text.toNested<number[]>();
  for (let i = before; i < codes.length; i++) {
    let context = 0;
    for (let j = i - before; j < i; j++) context = context * characters + codes[j]!;
    yield [context, codes[i]!];
  }
}

import { grad, type Tensor, tensor } from "@wengert/core";
import { abs, argmax, crossEntropy, logicalNot, max, mean, softmax, sum, where } from "@wengert/ops";
import { table } from "../shared/table.ts";
import { embed, type Head, nextLetterScores, past, predict, scores, weigh } from "./head.ts";
import { type Batch, spelt } from "./words.ts";

/**
 * Formats a text as a table. Each row shows a letter, its attention weights, the next letter, the predicted letter and
 * its probability.
 */
export function predictionSummary(head: Head, { read, next }: Batch): string {
  const { W, logits } = predict(head, read);
  const [letters, wanted, said] = [read, next, argmax(logits, { axis: -1 })].map(spelt) as [
    string[],
    string[],
    string[],
  ];
  const chance = max(softmax(logits), { axis: -1 }).toNested<number[]>();
  const shaded = W.toNested<number[][]>().map((row, i) =>
    row
      .slice(0, i + 1)
      .map(shade)
      .join(""),
  );
  const rows = letters.map((letter, i) => [letter, shaded[i]!, wanted[i]!, said[i]!, chance[i]!.toFixed(3)]);
  return table([["read", letters.map((letter) => `${letter} `).join(""), "next", "says", "with"], ...rows], {
    left: 2,
  });
}

/**
 * Statistics that show whether an attention head copies the first word. `mark` is the number of positions in the first
 * word that attend most to the start token. `back` is the number of positions in the second word that attend most to
 * the letter that they must copy.
 */
export interface Looks {
  readonly mark: number;
  readonly back: number;
}

export function looks(W: readonly (readonly number[])[]): Looks {
  const letters = W.length / 2;
  const largest = argmax(tensor(W.map((row) => [...row])), { axis: 1 }).toNested<number[]>();
  return {
    mark: largest.filter((j, i) => i < letters && j === 0).length,
    back: largest.filter((j, i) => i >= letters && j === i - letters + 1).length,
  };
}

/** Formats a weight from 0 to 1 as a block of two characters in one of five shades. */
const shade = (weight: number): string => "░▒▓██"[Math.floor(4 * weight)]!.repeat(2);

/** The results of a check that masked attention scores affect neither the loss nor its gradient. */
export interface Blindness {
  /** The number of masked scores. */
  readonly hidden: number;
  /**
   * The largest attention weight at a masked position, after all masked scores were set to NaN. `slope` is the largest
   * |∂loss/∂score| of a masked score.
   */
  readonly weight: number;
  readonly slope: number;
  /** The largest |∂loss/∂score| of an unmasked score. */
  readonly seenSlope: number;
  /**
   * The loss after all masked scores were set to NaN, and the loss with finite masked scores. The two must be equal.
   */
  readonly losses: readonly [poisoned: number, plain: number];
}

export function blindness(head: Head, { read, next }: Batch): Blindness {
  const X = embed(head, read);
  const S = scores(head, X);
  const seen = past(S.shape[0]!);
  const loss = (S: Tensor) => mean(crossEntropy(nextLetterScores(head, X, weigh(S)), next));
  const poisoned = where(seen, S, Number.NaN);
  const slopes = grad(loss)(poisoned);
  const largest = (x: Tensor) => max(abs(x)).item();
  return {
    hidden: sum(logicalNot(seen)).item(),
    weight: largest(where(seen, 0, weigh(poisoned))),
    slope: largest(where(seen, 0, slopes)),
    seenSlope: largest(where(seen, slopes, 0)),
    losses: [loss(poisoned).item(), loss(S).item()],
  };
}

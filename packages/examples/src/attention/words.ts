import type { Tensor } from "@wengert/core";
import { cast, concat, pad, randomUniform, slice } from "@wengert/ops";

const alphabet = "abcdefghijklmnopqrstuvwxyz";
export const letterCount: number = alphabet.length;
/** Stands before every text, and has the number after that of z. */
const mark = "^";

/** Texts, a row each: what has been read, from the mark on, and the letter that comes next. Both int32 [count, 2n]. */
export interface Batch {
  readonly read: Tensor;
  readonly next: Tensor;
}

/** Texts of a random word of n letters and the same word again: of the letters that come next, the first n are news. */
export function copies(key: Tensor, { count, letters }: { count: number; letters: number }): Batch {
  const word = cast(randomUniform(key, { shape: [count, letters], max: letterCount }), { dtype: "int32" });
  const next = concat([word, word], { axis: 1 });
  const before = slice(next, { stop: [null, -1] });
  const widths = [[0, 0], [1, 0]] as const; // biome-ignore format: one thought
  return { read: pad(before, { widths, value: letterCount }), next };
}

/** A row of numbers as the letters that they stand for. */
export const spelt = (row: Tensor): string[] => row.toNested<number[]>().map((k) => alphabet[k] ?? mark);

import type { Tensor } from "@wengert/core";
import { cast, concat, pad, randomUniform, slice } from "@wengert/ops";

const alphabet = "abcdefghijklmnopqrstuvwxyz";
export const letterCount: number = alphabet.length;
/**
 * The code of the start mark, a special letter with which every text begins: one more than the code of the letter z.
 */
const mark = "^";

/**
 * A batch of texts as two tensors, int32 [count, 2n]: the input letters, which begin with the start mark, and the next
 * letters. Each row is a text.
 */
export interface Batch {
  readonly read: Tensor;
  readonly next: Tensor;
}

/**
 * Returns texts that consist of a random word of n letters, followed by the same word. Only the second half is
 * predictable.
 */
export function copies(key: Tensor, { count, letters }: { count: number; letters: number }): Batch {
  const word = cast(randomUniform(key, { shape: [count, letters], max: letterCount }), { dtype: "int32" });
  const next = concat([word, word], { axis: 1 });
  const before = slice(next, { stop: [null, -1] });
  const widths = [[0, 0], [1, 0]] as const; // biome-ignore format: one thought
  return { read: pad(before, { widths, value: letterCount }), next };
}

/** Decodes a vector of letter codes into letters. */
export const spelt = (row: Tensor): string[] => row.toNested<number[]>().map((k) => alphabet[k] ?? mark);

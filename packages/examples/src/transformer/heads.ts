import { encode } from "fast-png";

/** The attention weights of one head on one text. Row i has the weights of the positions j ≤ i that position i attends to. */
export type Weights = readonly (readonly number[])[];

/**
 * Statistics of the attention of one head, averaged over the positions of a text. Position 0 is left out, because it
 * can attend only to itself.
 */
export interface Habit {
  /** The mean attention weight on the position itself, and the mean attention weight on the previous position. */
  readonly itself: number;
  readonly before: number;
  /** The mean distance between a position and the positions to which it attends, weighted by the attention weights. */
  readonly distance: number;
}

export function habit(W: Weights): Habit {
  const rows = W.slice(1);
  const mean = (of: (row: readonly number[], i: number) => number) =>
    rows.reduce((sum, row, i) => sum + of(row, i + 1), 0) / rows.length;
  return {
    itself: mean((row, i) => row[i]!),
    before: mean((row, i) => row[i - 1]!),
    distance: mean((row, i) => row.reduce((sum, weight, j) => sum + weight * (i - j), 0)),
  };
}

/**
 * Returns attention weights as an image (a PNG data URL), in which each weight is a blue pixel. Larger weights are more
 * opaque, and masked weights are transparent.
 */
export function image(W: Weights): string {
  const n = W.length;
  const data = new Uint8ClampedArray(4 * n * n);
  W.forEach((row, i) => {
    for (let j = 0; j <= i; j++) data.set([44, 125, 214, 255 * (0.07 + 0.93 * Math.sqrt(row[j]!))], 4 * (i * n + j));
  });
  const file = encode({ width: n, height: n, channels: 4, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}

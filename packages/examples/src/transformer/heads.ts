import { encode } from "fast-png";

/** The weights of one head over one text: row i is how place i weighs each that it may see. */
export type Weights = readonly (readonly number[])[];

/** Where a head looks in the mean over the places of a text, but the first, which has no choice. */
export interface Habit {
  /** The shares of its weight that go to the place itself, and to the one before it. */
  readonly itself: number;
  readonly before: number;
  /** How many places back. */
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

/** A pixel for each weight as a data URL: blue, the more opaque the larger, and a trace where it is 0; nothing where nothing may be seen. */
export function image(W: Weights): string {
  const n = W.length;
  const data = new Uint8ClampedArray(4 * n * n);
  W.forEach((row, i) => {
    for (let j = 0; j <= i; j++) data.set([44, 125, 214, 255 * (0.07 + 0.93 * Math.sqrt(row[j]!))], 4 * (i * n + j));
  });
  const file = encode({ width: n, height: n, channels: 4, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(file).toString("base64")}`;
}

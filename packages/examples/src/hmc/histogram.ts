/** One bar of a histogram. The areas of all bars sum to 1. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly density: number;
}

/** Returns a histogram with bars of equal width between the least and the largest value. */
export function histogram(values: readonly number[], bars: number): Bar[] {
  const [least, most] = values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);
  const width = (most - least) / bars;
  const counts = new Array<number>(bars).fill(0);
  for (const x of values) counts[Math.min(bars - 1, Math.floor((x - least) / width))]!++;
  return counts.map((count, i) => ({
    from: least + i * width,
    to: least + (i + 1) * width,
    density: count / (values.length * width),
  }));
}

/** Returns the density of a normal distribution at x. */
export const normalDensity = (x: number, { mean, deviation }: { mean: number; deviation: number }): number =>
  Math.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * Math.sqrt(2 * Math.PI));

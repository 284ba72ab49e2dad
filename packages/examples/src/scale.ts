/** Where the numbers of a column lie, and how far apart. */
export interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** Mean and standard deviation, the root of the mean squared distance from it. */
export function scaleOf(values: readonly number[]): Scale {
  const average = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
  const mean = average(values);
  return { mean, deviation: Math.sqrt(average(values.map((x) => (x - mean) ** 2))) };
}

/** Pearson's correlation of two columns: 1 where one rises with the other in a straight line, −1 where it falls. */
export function correlation(xs: readonly number[], ys: readonly number[]): number {
  const [ofX, ofY] = [scaleOf(xs), scaleOf(ys)];
  return xs.reduce((sum, x, i) => sum + standardised(x, ofX) * standardised(ys[i]!, ofY), 0) / xs.length;
}

/** How many standard deviations `x` lies above the mean. */
export const standardised = (x: number, { mean, deviation }: Scale): number => (x - mean) / deviation;

// Computes the positions of the ticks of an axis.

/** Returns about `count` round numbers from `least` to `most`, for the ticks of an axis. */
export function roundTicks(least: number, most: number, count: number): readonly number[] {
  const rough = (most - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((each) => each * power >= rough) ?? 10);
  const [first, last] = [Math.ceil(least / step), Math.floor(most / step)];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Returns at most `count` powers of ten from `least` to `most`, for the ticks of a logarithmic axis. */
export function powerTicks(least: number, most: number, count: number): readonly number[] {
  const [first, last] = [Math.ceil(Math.log10(least) - 1e-9), Math.floor(Math.log10(most) + 1e-9)];
  const step = Math.ceil((last - first + 1) / count);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => 10 ** (last - i * step));
}

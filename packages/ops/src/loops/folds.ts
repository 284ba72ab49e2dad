import type { Data } from "@wengert/core/extend";
import type { Fold } from "./columns.ts";

// A `Fold` reduces many slices at once. For each slice, it performs the same operations in the same order as the
// function of slices.ts that reduces a single slice, so both give the same bits.

/**
 * Returns the reduction that sums many slices of floats or bools at once, as `sumOf` sums one slice. Divides the sums
 * by `divisor`.
 */
export const sumFold = (divisor: number): Fold => ({
  accumulators: 8,
  step: (l, _, rows, m, acc, width, a, i, r, s) => {
    let q = (l & 7) * width;
    for (let row = 0, start = i; row < rows; row++, start += r)
      if (l < 8) for (let p = start, end = q + m; q < end; q++, p += s) acc[q] = 0 + a[p]!;
      else for (let p = start, end = q + m; q < end; q++, p += s) acc[q]! += a[p]!;
  },
  end: (n, acc, w, y, o) => {
    addPartialSums(n, acc, w);
    for (let q = 0; q < w; q++) y[o + q] = acc[q]! / divisor;
  },
});

/**
 * Adds the eight partial sums of each slice of n terms, in the order of `sumOf`. The first accumulator receives the sum.
 */
function addPartialSums(n: number, acc: Float64Array, w: number): void {
  acc.fill(0, n * w, 8 * w);
  // For slices of at most four entries, only the first four of the eight accumulators are used.
  if (n <= 4) for (let q = 0; q < w; q++) acc[q] = acc[q]! + acc[q + 2 * w]! + (acc[q + w]! + acc[q + 3 * w]!);
  else
    for (let q = 0; q < w; q++) {
      const even = acc[q]! + acc[q + 4 * w]! + (acc[q + 2 * w]! + acc[q + 6 * w]!);
      const odd = acc[q + w]! + acc[q + 5 * w]! + (acc[q + 3 * w]! + acc[q + 7 * w]!);
      acc[q] = even + odd;
    }
}

/** Copies the first accumulator of each slice to the output. */
const copyFirst: Fold["end"] = (_, acc, w, y, o) => {
  for (let q = 0; q < w; q++) y[o + q] = acc[q]!;
};

/** Computes the products of many slices of floats at once. */
export const productFold: Fold = {
  accumulators: 1,
  step: (l, _, rows, m, acc, _width, a, i, r, s) => {
    for (let row = 0, q = 0, start = i; row < rows; row++, start += r)
      if (l === 0) for (let p = start, end = q + m; q < end; q++, p += s) acc[q] = a[p]!;
      else for (let p = start, end = q + m; q < end; q++, p += s) acc[q]! *= a[p]!;
  },
  end: copyFirst,
};

/** Computes the products of many slices of int32 or bools at once. The products wrap around. */
export const integerProductFold: Fold = {
  accumulators: 1,
  step: (l, _, rows, m, acc, _width, a, i, r, s) => {
    if (l === 0) acc.fill(1);
    for (let row = 0, q = 0, start = i; row < rows; row++, start += r)
      for (let p = start, end = q + m; q < end; q++, p += s) acc[q] = Math.imul(acc[q]!, a[p]!);
  },
  end: copyFirst,
};

/** The fold of `maxOf`. */
export const maxFold: Fold = {
  accumulators: 1,
  step: (l, _, rows, m, acc, _width, a, i, r, s) => {
    for (let row = 0, q = 0, start = i; row < rows; row++, start += r)
      if (l === 0) for (let p = start, end = q + m; q < end; q++, p += s) acc[q] = a[p]!;
      else for (let p = start, end = q + m; q < end; q++, p += s) acc[q] = Math.max(acc[q]!, a[p]!);
  },
  end: copyFirst,
};

/** The fold of `minOf`. */
export const minFold: Fold = {
  accumulators: 1,
  step: (l, _, rows, m, acc, _width, a, i, r, s) => {
    for (let row = 0, q = 0, start = i; row < rows; row++, start += r)
      if (l === 0) for (let p = start, end = q + m; q < end; q++, p += s) acc[q] = a[p]!;
      else for (let p = start, end = q + m; q < end; q++, p += s) acc[q] = Math.min(acc[q]!, a[p]!);
  },
  end: copyFirst,
};

/**
 * Returns the reduction that finds the index of the maximum of each slice, or of the minimum if `sign` is −1. The first
 * accumulator holds the extreme value, and the second holds its index.
 */
export const argFold = (sign: 1 | -1): Fold => ({
  accumulators: 2,
  step: (l, _, rows, m, acc, width, a, i, r, s) => {
    for (let row = 0, q = 0, start = i; row < rows; row++, start += r)
      for (let p = start, end = q + m; q < end; q++, p += s) {
        const x = sign * a[p]!;
        if (l > 0 && !(x > acc[q]! || (Number.isNaN(x) && !Number.isNaN(acc[q]!)))) continue;
        acc[q] = x;
        acc[q + width] = l;
      }
  },
  end: (_, acc, w, y, o) => {
    for (let q = 0; q < w; q++) y[o + q] = acc[q + w]!;
  },
});

/**
 * Returns the reduction that counts the entries of each slice that are not 0. The result of a slice is f(count, n),
 * where n is the number of entries.
 */
export const countFold = (f: (count: number, n: number) => number): Fold => ({
  accumulators: 1,
  step: (l, _, rows, m, acc, _width, a, i, r, s) => {
    if (l === 0) acc.fill(0);
    for (let row = 0, q = 0, start = i; row < rows; row++, start += r)
      for (let p = start, end = q + m; q < end; q++, p += s) if (a[p] !== 0) acc[q]!++;
  },
  end: (n, acc, w, y, o) => {
    for (let q = 0; q < w; q++) y[o + q] = f(acc[q]!, n);
  },
});

/**
 * Returns the reduction that computes f(Σ (x − m)²) for each slice, where `centers` holds the means m. The squares are
 * added in the same order as in `squaresOf`.
 */
export const squaresFold = (centers: Data, f: (squares: number) => number): Fold => ({
  accumulators: 8,
  step: (l, o, rows, m, acc, width, a, i, r, s) => {
    const shift = o - (l & 7) * width;
    let q = o - shift;
    for (let row = 0, start = i; row < rows; row++, start += r)
      if (l < 8)
        for (let p = start, end = q + m; q < end; q++, p += s) {
          const difference = a[p]! - centers[q + shift]!;
          acc[q] = difference * difference;
        }
      else
        for (let p = start, end = q + m; q < end; q++, p += s) {
          const difference = a[p]! - centers[q + shift]!;
          acc[q]! += difference * difference;
        }
  },
  end: (n, acc, w, y, o) => {
    addPartialSums(n, acc, w);
    for (let q = 0; q < w; q++) y[o + q] = f(acc[q]!);
  },
});

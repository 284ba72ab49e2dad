import { ndarray } from "@wengert/core/extend";
import { multiplyMatrices } from "../products/gemm.ts";
import type { Elements } from "./matrices.ts";

/**
 * The number of rows in a block. Rows of a block are solved one by one; then a matrix product subtracts their effect on
 * later rows.
 */
const blockSize = 16;

/** Rows of `count` elements in an array, at equal distances: row i starts at index `start` + i `stride`. */
export interface Rows {
  readonly data: Elements;
  readonly start: number;
  readonly stride: number;
  readonly count: number;
}

export interface Triangle {
  /** Whether the triangular matrix is in the lower triangle of the array. The other triangle is ignored. */
  readonly lower: boolean;
  /** Whether to solve with the transpose of the triangular matrix. */
  readonly transposed: boolean;
  /** Whether to treat all diagonal entries as 1. The numbers on the diagonal of the array are then ignored. */
  readonly isUnit?: boolean;
}

/**
 * Solves T X = B in place, where T is a triangle of the square matrix t, and the rows x hold B. Rows are solved in
 * blocks: a matrix product subtracts the terms of all earlier blocks.
 */
export function substitute(t: Rows, x: Rows, triangle: Triangle): void {
  const { lower, transposed, isUnit = false } = triangle;
  const n = t.count;
  const r = x.count;
  const [row, column] = transposed ? [1, t.stride] : [t.stride, 1];
  const isForward = lower !== transposed;
  const isBlocked = n > blockSize && r >= 8;
  const size = isBlocked ? blockSize : n;
  const product = isBlocked ? new Float64Array(size * r) : x.data;
  for (let done = 0; done < n; done += size) {
    const count = Math.min(size, n - done);
    const first = isForward ? done : n - done - count;
    if (done > 0) {
      const from = isForward ? 0 : first + count;
      const part = product.subarray(0, count * r);
      const factor = ndarray(t.data, [count, done], [row, column], t.start + first * row + from * column);
      multiplyMatrices(part, factor, ndarray(x.data, [done, r], [x.stride, 1], x.start + from * x.stride), []);
      for (let i = 0, at = 0; i < count; i++)
        for (let p = x.start + (first + i) * x.stride, end = p + r; p < end; p++, at++) x.data[p]! -= part[at]!;
    }
    for (let k = 0; k < count; k++) {
      const i = isForward ? first + k : first + count - 1 - k;
      const [start, stop] = isForward ? [first, i] : [i + 1, first + count];
      const at = x.start + i * x.stride;
      const factors = t.start + i * row + start * column;
      if (r === 1) subtractDot(x.data, at, x.start + start * x.stride, x.stride, t.data, factors, column, stop - start);
      else subtractRows(x.data, at, x.start + start * x.stride, x.stride, t.data, factors, column, stop - start, r);
      if (isUnit) continue;
      const pivot = t.data[t.start + i * (row + column)]!;
      for (let p = at; p < at + r; p++) x.data[p]! /= pivot;
    }
  }
}

/**
 * A step of substitution: subtracts the inner product of `count` entries of the triangular matrix t and `count` entries
 * of x from x[at].
 */
function subtractDot(
  x: Elements,
  at: number,
  i: number,
  xStride: number,
  t: Elements,
  j: number,
  tStride: number,
  count: number,
): void {
  let sum = x[at]!;
  for (let k = 0, p = i, q = j; k < count; k++, p += xStride, q += tStride) sum -= t[q]! * x[p]!;
  x[at] = sum;
}

/**
 * A step of substitution: subtracts `count` rows of x, each multiplied by an entry of the triangular matrix t, from the
 * row of x that starts at index `at`. A row has r entries.
 */
function subtractRows(
  x: Elements,
  at: number,
  i: number,
  xStride: number,
  t: Elements,
  j: number,
  tStride: number,
  count: number,
  r: number,
): void {
  let k = 0;
  // Subtracting four rows at a time reads and writes each entry of the result once instead of four times.
  for (; k + 4 <= count; k += 4) {
    const q = j + k * tStride;
    const f0 = t[q]!;
    const f1 = t[q + tStride]!;
    const f2 = t[q + 2 * tStride]!;
    const f3 = t[q + 3 * tStride]!;
    const from = i + k * xStride;
    for (let p = at, a = from, b = a + xStride, c = b + xStride, d = c + xStride; p < at + r; p++, a++, b++, c++, d++)
      x[p] = x[p]! - f0 * x[a]! - f1 * x[b]! - f2 * x[c]! - f3 * x[d]!;
  }
  for (; k < count; k++) {
    const factor = t[j + k * tStride]!;
    for (let p = at, from = i + k * xStride, end = at + r; p < end; p++, from++) x[p]! -= factor * x[from]!;
  }
}

import { lengthOf } from "./jacobi.ts";
import type { Elements } from "./matrices.ts";

/**
 * Computes the reduced factors of A = Q R, for an m × n matrix A with m ≥ n. Writes Q, m × n, to `q` and R, n × n, to
 * `r`, both row by row. The diagonal of R is not negative, which makes the factors unique. `w` holds the columns of A
 * one after the other, and is overwritten. Householder reflection j clears column j below the diagonal.
 */
export function factorQR(w: Elements, m: number, n: number, q: Elements, r: Elements): void {
  const factors = new Float64Array(n);
  const diagonal = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const at = j * m + j;
    const length = lengthOf(w, at, m - j);
    diagonal[j] = w[at]! > 0 ? -length : length;
    if (length === 0) continue;
    // Dividing the Householder vector v by the length of the column keeps vᵀ v from overflowing.
    for (let k = at; k < (j + 1) * m; k++) w[k]! /= length;
    w[at]! -= diagonal[j]! / length;
    factors[j] = 1 / Math.abs(w[at]!); // 2 / vᵀ v
    for (let c = j + 1; c < n; c++) reflect(w, at, w, c * m + j, m - j, factors[j]!);
  }
  for (let j = 0; j < n; j++) {
    const sign = diagonal[j]! < 0 ? -1 : 1;
    r[j * (n + 1)] = Math.abs(diagonal[j]!);
    for (let c = j + 1; c < n; c++) r[j * n + c] = sign * w[c * m + j]!;
  }
  const column = new Float64Array(m);
  for (let c = 0; c < n; c++) {
    column.fill(0)[c] = diagonal[c]! < 0 ? -1 : 1;
    for (let j = c; j >= 0; j--) if (factors[j] !== 0) reflect(w, j * m + j, column, j, m - j, factors[j]!);
    for (let i = 0; i < m; i++) q[i * n + c] = column[i]!;
  }
}

/**
 * Applies a Householder reflection to the vector x: x ← x − factor v (vᵀ x). v starts at index i of its array, and x at
 * index j of its array.
 */
function reflect(v: Elements, i: number, x: Elements, j: number, length: number, factor: number): void {
  let product = 0;
  for (let k = 0; k < length; k++) product += v[i + k]! * x[j + k]!;
  product *= factor;
  for (let k = 0; k < length; k++) x[j + k]! -= product * v[i + k]!;
}

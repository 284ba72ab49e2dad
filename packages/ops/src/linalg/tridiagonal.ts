import { lengthOf, rotateRows } from "./jacobi.ts";
import { type Elements, epsilon } from "./matrices.ts";

/** The eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as the rows of `vectors`. */
export interface Eigenpairs {
  readonly values: Float64Array;
  readonly vectors: Elements;
}

/**
 * Returns the eigenvalues and eigenvectors of the symmetric n × n matrix `a`, which is overwritten. Householder
 * reflections make the matrix tridiagonal, and implicit QR steps with Wilkinson's shift make it diagonal (G. Golub and
 * C. Van Loan, Matrix Computations, 4th ed., section 8.3).
 */
export function eigenpairs(a: Elements, n: number): Eigenpairs {
  const scale = 2 ** Math.floor(Math.log2(a.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1));
  for (let at = 0; at < a.length; at++) a[at]! /= scale;
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  const q = tridiagonalize(a, n, d, e);
  diagonalize(d, e, q, n);
  const order = [...d.keys()].sort((i, j) => d[i]! - d[j]!);
  const vectors = new Float64Array(n * n);
  for (const [i, from] of order.entries()) vectors.set(q.subarray(from * n, (from + 1) * n), i * n);
  return { values: Float64Array.from(order, (i) => d[i]! * scale), vectors };
}

/**
 * Writes the diagonal d and subdiagonal e of the tridiagonal matrix T with A = Qᵀ T Q, and returns Q. Householder
 * reflection k clears column k of A below the subdiagonal; the vector of the reflection is stored in this column.
 */
function tridiagonalize(a: Elements, n: number, d: Float64Array, e: Float64Array): Elements {
  const factors = new Float64Array(n);
  const [v, p] = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < n - 2; k++) {
    const size = n - k - 1;
    for (let i = 0; i < size; i++) v[i] = a[(k + 1 + i) * n + k]!;
    const length = lengthOf(v, 0, size);
    const first = v[0]! > 0 ? -length : length;
    e[k] = first;
    v[0]! -= first;
    let squares = 0;
    for (let i = 0; i < size; i++) squares += v[i]! ** 2;
    if (squares < 1e-290) {
      // The entries of column k below the subdiagonal are already 0, so this column needs no Householder reflection.
      e[k] = a[(k + 1) * n + k]!;
      continue;
    }
    const factor = 2 / squares;
    factors[k] = factor;
    let product = 0;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0, at = (k + 1 + i) * n + k + 1; j < size; j++, at++) sum += a[at]! * v[j]!;
      p[i] = factor * sum;
      product += p[i]! * v[i]!;
    }
    for (let i = 0; i < size; i++) p[i]! -= ((factor * product) / 2) * v[i]!;
    for (let i = 0; i < size; i++) {
      const [x, y] = [v[i]!, p[i]!];
      for (let j = 0, at = (k + 1 + i) * n + k + 1; j < size; j++, at++) a[at]! -= x * p[j]! + y * v[j]!;
    }
    for (let i = 0; i < size; i++) a[(k + 1 + i) * n + k] = v[i]!;
  }
  for (let i = 0; i < n; i++) d[i] = a[i * (n + 1)]!;
  if (n > 1) e[n - 2] = a[(n - 1) * n + n - 2]!;
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * (n + 1)] = 1;
  for (let k = n - 3; k >= 0; k--) {
    if (factors[k] === 0) continue;
    const size = n - k - 1;
    for (let i = 0; i < size; i++) v[i] = a[(k + 1 + i) * n + k]!;
    for (let row = k + 1; row < n; row++) {
      let sum = 0;
      for (let j = 0, at = row * n + k + 1; j < size; j++, at++) sum += q[at]! * v[j]!;
      sum *= factors[k]!;
      for (let j = 0, at = row * n + k + 1; j < size; j++, at++) q[at]! -= sum * v[j]!;
    }
  }
  return q;
}

/**
 * Replaces the diagonal d of a tridiagonal matrix by the eigenvalues of the matrix. Applies the same rotations to the
 * rows of the matrix q, which become the eigenvectors.
 */
function diagonalize(d: Float64Array, e: Float64Array, q: Elements, n: number): void {
  const isNegligible = (i: number) =>
    Math.abs(e[i]!) <= epsilon * (Math.abs(d[i]!) + Math.abs(d[i + 1]!)) || Math.abs(e[i]!) < 1e-300;
  const maxSteps = 60 * n; // about 2 n are needed
  let last = n - 1;
  for (let step = 0; last > 0 && step < maxSteps; ) {
    if (isNegligible(last - 1)) {
      last--;
      continue;
    }
    let first = last - 1;
    while (first > 0 && !isNegligible(first - 1)) first--;
    qrStep(d, e, q, n, first, last);
    step++;
  }
}

/**
 * Applies one implicit QR step to the rows from `first` to `last` of a tridiagonal matrix. No entry of the subdiagonal
 * e between these rows is 0.
 */
function qrStep(d: Float64Array, e: Float64Array, q: Elements, n: number, first: number, last: number): void {
  const half = (d[last - 1]! - d[last]!) / 2;
  const end = e[last - 1]!;
  const shift = d[last]! - end * (end / (half + (half < 0 ? -1 : 1) * Math.hypot(half, end)));
  let [x, z] = [d[first]! - shift, e[first]!];
  for (let k = first; k < last; k++) {
    const r = Math.hypot(x, z);
    const [c, s] = r === 0 ? [1, 0] : [x / r, z / r];
    if (k > first) e[k - 1] = r;
    const [a, b, g] = [d[k]!, d[k + 1]!, e[k]!];
    // The rotation keeps the sum a + b of two diagonal entries: it adds `change` to a and subtracts `change` from b.
    const change = s * (s * (b - a) + 2 * c * g);
    d[k] = a + change;
    d[k + 1] = b - change;
    e[k] = (c - s) * (c + s) * g + c * s * (b - a);
    if (k < last - 1) {
      x = e[k]!;
      z = s * e[k + 1]!;
      e[k + 1]! *= c;
    }
    rotateRows(q, k * n, (k + 1) * n, n, c, s);
  }
}

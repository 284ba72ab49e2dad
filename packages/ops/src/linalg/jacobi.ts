import { type Elements, epsilon } from "./matrices.ts";

/**
 * A singular value decomposition A = U diag(s) Vᵀ. The rows of `u` and `v` are the singular vectors, sorted by
 * descending singular value.
 */
export interface SingularTriples {
  readonly u: Elements;
  readonly s: Float64Array;
  readonly v: Elements;
}

/**
 * Returns the singular value decomposition of an m × n matrix A with m ≥ n, by one-sided Jacobi rotations. `columns`
 * holds the columns of A one after the other, and is overwritten. Each rotation makes two columns orthogonal. Small
 * singular values keep their relative accuracy (J. Demmel and K. Veselić, SIAM J. Matrix Anal. Appl. 13, 1992).
 */
export function singularTriples(columns: Elements, m: number, n: number): SingularTriples {
  const scale = 2 ** Math.floor(Math.log2(columns.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1));
  for (let at = 0; at < columns.length; at++) columns[at]! /= scale;
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * (n + 1)] = 1;
  const maxSweeps = 60; // about ten are needed
  for (let sweep = 0; sweep < maxSweeps && rotateAllPairs(columns, v, m, n); sweep++);
  const lengths = Float64Array.from({ length: n }, (_, i) => lengthOf(columns, i * m, m));
  const order = [...lengths.keys()].sort((i, j) => lengths[j]! - lengths[i]!);
  const u = new Float64Array(n * m);
  const sortedV = new Float64Array(n * n);
  for (const [i, from] of order.entries()) {
    sortedV.set(v.subarray(from * n, (from + 1) * n), i * n);
    if (lengths[from]! > 1e-150) for (let k = 0; k < m; k++) u[i * m + k] = columns[from * m + k]! / lengths[from]!;
    else completeBasis(u, i, m);
  }
  return { u, s: Float64Array.from(order, (i) => lengths[i]! * scale), v: sortedV };
}

/** Visits each pair of columns and rotates the pairs that are not orthogonal. Returns whether it rotated any pair. */
function rotateAllPairs(w: Elements, v: Elements, m: number, n: number): boolean {
  const negligible = epsilon * Math.max(4, Math.sqrt(m));
  const squares = Float64Array.from({ length: n }, (_, i) => dot(w, i * m, i * m, m));
  let rotated = false;
  for (let i = 0; i < n - 1; i++) {
    for (let j = i + 1; j < n; j++) {
      const [p, q] = [squares[i]!, squares[j]!];
      const r = dot(w, i * m, j * m, m);
      if (!(Math.abs(r) > negligible * Math.sqrt(p) * Math.sqrt(q))) continue;
      rotated = true;
      const ratio = (q - p) / (2 * r);
      const t = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
      const c = 1 / Math.sqrt(1 + t * t);
      rotateRows(w, i * m, j * m, m, c, -c * t);
      rotateRows(v, i * n, j * n, n, c, -c * t);
      // A Jacobi rotation changes the squared length p of column i to p − t r. If this subtraction cancels digits, the
      // squared length is computed again from the column.
      squares[i] = p - t * r > p / 2 ? p - t * r : dot(w, i * m, i * m, m);
      squares[j] = q + t * r > q / 2 ? q + t * r : dot(w, j * m, j * m, m);
    }
  }
  return rotated;
}

/** Returns the inner product of two runs of elements. The processor adds four partial sums in parallel. */
function dot(x: Elements, i: number, j: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 4 <= length; k += 4) {
    a += x[i + k]! * x[j + k]!;
    b += x[i + k + 1]! * x[j + k + 1]!;
    c += x[i + k + 2]! * x[j + k + 2]!;
    d += x[i + k + 3]! * x[j + k + 3]!;
  }
  for (; k < length; k++) a += x[i + k]! * x[j + k]!;
  return a + b + (c + d);
}

/** Rotates two rows: replaces the rows x and y, which start at the indices i and j, by c x + s y and c y − s x. */
export function rotateRows(x: Elements, i: number, j: number, length: number, c: number, s: number): void {
  for (let k = 0; k < length; k++) {
    const a = x[i + k]!;
    const b = x[j + k]!;
    x[i + k] = c * a + s * b;
    x[j + k] = c * b - s * a;
  }
}

/** Returns the Euclidean length of a run of elements. The squares cannot overflow. */
export function lengthOf(x: Elements, start: number, length: number): number {
  let most = 0;
  for (let k = start; k < start + length; k++) if (!(Math.abs(x[k]!) <= most)) most = Math.abs(x[k]!);
  if (!(most > 0 && most < Infinity)) return most;
  let sum = 0;
  for (let k = start; k < start + length; k++) {
    const share = x[k]! / most;
    sum += share * share; // has the same bits in every engine, unlike a power
  }
  return most * Math.sqrt(sum);
}

/** Writes a unit vector that is orthogonal to the rows 0 … i − 1 to row i, by the Gram–Schmidt method. */
function completeBasis(u: Elements, i: number, m: number): void {
  const row = u.subarray(i * m, (i + 1) * m);
  for (let axis = 0; axis < m; axis++) {
    row.fill(0)[axis] = 1;
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        let product = 0;
        for (let k = 0; k < m; k++) product += row[k]! * u[j * m + k]!;
        for (let k = 0; k < m; k++) row[k]! -= product * u[j * m + k]!;
      }
    const length = lengthOf(row, 0, m);
    if (length * length * m < 0.5) continue;
    for (let k = 0; k < m; k++) row[k]! /= length;
    return;
  }
}

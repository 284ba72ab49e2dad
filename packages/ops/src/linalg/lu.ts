import { type NdArray, ndarray } from "@wengert/core/extend";
import { multiplyMatrices } from "../products/gemm.ts";
import { type Elements, epsilon } from "./matrices.ts";
import { substitute } from "./substitution.ts";

/**
 * The factors of P A = L U in one array: L below the diagonal (its own diagonal of ones is not stored), and U on and
 * above the diagonal.
 */
export interface Factors {
  readonly lu: Elements;
  /**
   * The row swaps of an LU factorization. Swap i exchanges row i with row `swaps[i]`. The swaps are in the order i = 0,
   * 1, …
   */
  readonly swaps: Int32Array;
  /** The index of the first pivot that is 0 up to rounding errors; −1 if there is none. */
  readonly singularAt: number;
}

/**
 * Returns the LU factorization with partial pivoting of the n × n matrix `a`, which is copied. The function calls
 * itself for each half of the columns, so matrix products do most of the work (S. Toledo, SIAM J. Matrix Anal. Appl.
 * 18, 1997).
 */
export function factorLU(a: Elements, n: number): Factors {
  const factors = { lu: a.slice(), swaps: new Int32Array(n), singularAt: -1 };
  factorColumns(factors, n, 0, n, new Float64Array(Math.ceil(n / 2) ** 2));
  return factors;
}

type MutableFactors = { -readonly [K in keyof Factors]: Factors[K] };

/** LU factorization splits the columns into halves, down to blocks of at most this many columns. */
const narrow = 16;

/**
 * Factorizes the columns `first` to `stop` − 1, from row `first` on. The columns before `first` must already be
 * factorized.
 */
function factorColumns(factors: MutableFactors, n: number, first: number, stop: number, scratch: Elements): void {
  const { lu, swaps } = factors;
  if (stop - first <= narrow) {
    for (let j = first; j < stop; j++)
      if (!eliminateColumn(lu, n, j, stop, swaps) && factors.singularAt < 0) factors.singularAt = j;
    return;
  }
  const middle = first + ((stop - first) >> 1);
  factorColumns(factors, n, first, middle, scratch);
  const right = { data: lu, start: first * n + middle, stride: n, count: stop - middle };
  const triangle = { data: lu, start: first * (n + 1), stride: n, count: middle - first };
  substitute(triangle, right, { lower: true, transposed: false, isUnit: true });
  const left = ndarray(lu, [n - middle, middle - first], [n, 1], middle * n + first);
  subtractProduct(
    lu,
    n,
    middle,
    stop,
    left,
    ndarray(lu, [middle - first, stop - middle], [n, 1], right.start),
    scratch,
  );
  factorColumns(factors, n, middle, stop, scratch);
}

/**
 * Subtracts the matrix product a b from the n × n matrix x, in the columns `first` to `stop` − 1 and from row `first`
 * on.
 */
export function subtractProduct(
  x: Elements,
  n: number,
  first: number,
  stop: number,
  a: NdArray,
  b: NdArray,
  scratch: Elements,
): void {
  const width = stop - first;
  const product = scratch.subarray(0, (n - first) * width);
  multiplyMatrices(product, a, b, []);
  for (let i = first, at = 0; i < n; i++)
    for (let p = i * n + first, end = p + width; p < end; p++, at++) x[p]! -= product[at]!;
}

/**
 * One step of LU factorization: chooses the pivot of column j, swaps its row to row j, and eliminates column j in the
 * rows below. Updates only the columns before `stop`. Returns false if the pivot is at most as large as its rounding
 * error, so that it may be 0.
 */
function eliminateColumn(lu: Elements, n: number, j: number, stop: number, swaps: Int32Array): boolean {
  let pivotRow = j;
  let most = Math.abs(lu[j * n + j]!);
  for (let i = j + 1, p = i * n + j; i < n; i++, p += n) {
    const size = Math.abs(lu[p]!);
    if (size <= most || Number.isNaN(most)) continue;
    pivotRow = i;
    most = size;
  }
  swaps[j] = pivotRow;
  if (pivotRow !== j) swapRows(lu, n, j, pivotRow);
  const pivot = lu[j * n + j]!;
  let terms = 0;
  for (let k = 0; k < j; k++) terms += Math.abs(lu[j * n + k]! * lu[k * n + j]!);
  if (pivot === 0) return false;
  for (let i = j + 1; i < n; i++) {
    const factor = lu[i * n + j]! / pivot;
    lu[i * n + j] = factor;
    for (let p = i * n + j + 1, q = j * n + j + 1, end = j * n + stop; q < end; p++, q++) lu[p]! -= factor * lu[q]!;
  }
  return !(Math.abs(pivot) <= n * epsilon * terms);
}

function swapRows(x: Elements, length: number, i: number, j: number): void {
  for (let p = i * length, q = j * length, end = p + length; p < end; p++, q++) {
    const entry = x[p]!;
    x[p] = x[q]!;
    x[q] = entry;
  }
}

/**
 * Returns the pivots of an LU factorization. If the number of row swaps is odd, negates the first pivot, so that the
 * product of the pivots is the determinant.
 */
export function pivotsOf({ lu, swaps }: Factors, n: number): number[] {
  const sign = swaps.reduce((s, row, i) => (row === i ? s : -s), 1);
  return Array.from(swaps, (_, i) => lu[i * (n + 1)]! * (i === 0 ? sign : 1));
}

/** Solves A X = B, or Aᵀ X = B, in place: x holds B, n × r. */
export function solveWithFactors({ lu, swaps }: Factors, n: number, x: Elements, r: number, transposed: boolean): void {
  const triangle = { data: lu, start: 0, stride: n, count: n };
  const right = { data: x, start: 0, stride: r, count: r };
  if (transposed) {
    substitute(triangle, right, { lower: false, transposed });
    substitute(triangle, right, { lower: true, transposed, isUnit: true });
    for (let i = n - 1; i >= 0; i--) if (swaps[i] !== i) swapRows(x, r, i, swaps[i]!);
  } else {
    for (let i = 0; i < n; i++) if (swaps[i] !== i) swapRows(x, r, i, swaps[i]!);
    substitute(triangle, right, { lower: true, transposed, isUnit: true });
    substitute(triangle, right, { lower: false, transposed });
  }
}

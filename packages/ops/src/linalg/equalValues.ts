import { type Elements, epsilon } from "./matrices.ts";

// Equal eigenvalues have no unique eigenvectors: any orthonormal basis of their eigenspace will do. So a function of the
// eigenvectors has a derivative only if it does not depend on the choice. The cotangents show whether it does, if the
// basis is in general position: for a basis along the axes, a special function could look independent by accident.
// So the decompositions turn such bases, and the VJP rules compare the cotangents.

/** Returns the largest difference of sorted values that rounding errors alone can explain. */
export const toleranceOf = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return 8 * values.length * epsilon * most;
};

/** Calls `visit` for each run of two or more sorted values that are equal up to rounding. */
export function eachRun(values: ArrayLike<number>, visit: (start: number, stop: number) => void): void {
  const tolerance = toleranceOf(values);
  for (let start = 0, stop = 1; start < values.length; start = stop++) {
    while (stop < values.length && Math.abs(values[stop]! - values[stop - 1]!) <= tolerance) stop++;
    if (stop - start > 1) visit(start, stop);
  }
}

/** Returns, for each sorted value, the index of the first value that equals it up to rounding. */
export function runsOf(values: ArrayLike<number>): Int32Array {
  const runs = Int32Array.from({ length: values.length }, (_, i) => i);
  eachRun(values, (start, stop) => runs.fill(start, start, stop));
  return runs;
}

/**
 * Reflects the rows from `start` to before `stop` by I − 2 u uᵀ, for an irregular unit vector u. They remain an
 * orthonormal basis of the same space. `variant` chooses u.
 */
export function turnBasis(rows: Elements, width: number, start: number, stop: number, variant = 0): void {
  const u = Float64Array.from({ length: stop - start }, (_, i) => 1.1 + Math.sin(2.4 * i + 1.7 * variant + 0.6));
  const squares = u.reduce((sum, x) => sum + x * x, 0);
  for (let k = 0; k < width; k++) {
    let product = 0;
    for (let i = start; i < stop; i++) product += u[i - start]! * rows[i * width + k]!;
    for (let i = start; i < stop; i++) rows[i * width + k]! -= ((2 * product) / squares) * u[i - start]!;
  }
}

/**
 * Returns 1 or −1, the sign of the first entry of the row that has at least half of the largest size. Vectors with a
 * fixed sign are continuous functions of the matrix.
 */
export function signOf(rows: Elements, width: number, i: number): number {
  const row = rows.subarray(i * width, (i + 1) * width);
  const most = row.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return (row.find((x) => Math.abs(x) >= most / 2) ?? 1) < 0 ? -1 : 1;
}

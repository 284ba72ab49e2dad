import { type Elements, epsilon } from "./matrices.ts";

// Equal eigenvalues have no unique eigenvectors: every orthonormal basis of their eigenspace is valid. A function of
// the eigenvectors has a derivative only if its value is the same for every basis. The VJP rules test this condition on
// the cotangents. With a basis along the coordinate axes, a function that depends on the basis could pass this test by
// accident. So the decompositions rotate the basis away from the coordinate axes.

/**
 * Returns the tolerance for equal eigenvalues or singular values: the largest difference that rounding errors alone can
 * cause.
 */
export const toleranceOf = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return 8 * values.length * epsilon * most;
};

/** Calls `visit` for each run of two or more sorted values that are equal up to rounding errors. */
export function eachRun(values: ArrayLike<number>, visit: (start: number, stop: number) => void): void {
  const tolerance = toleranceOf(values);
  for (let start = 0, stop = 1; start < values.length; start = stop++) {
    while (stop < values.length && Math.abs(values[stop]! - values[stop - 1]!) <= tolerance) stop++;
    if (stop - start > 1) visit(start, stop);
  }
}

/** For each of the sorted values, returns the index of the first value that is equal up to rounding errors. */
export function runsOf(values: ArrayLike<number>): Int32Array {
  const runs = Int32Array.from({ length: values.length }, (_, i) => i);
  eachRun(values, (start, stop) => runs.fill(start, start, stop));
  return runs;
}

/**
 * Applies the Householder reflection I − 2 u uᵀ to the rows `start` to `stop` − 1. Orthonormal rows remain an
 * orthonormal basis of the same space. The unit vector u has no zeros, so the new basis is not along the coordinate
 * axes. `variant` selects u.
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
 * Returns the sign, 1 or −1, of the first large entry of row i. An entry is large if its absolute value is at least
 * half of the largest absolute value in the row. Singular vectors and eigenvectors whose first large entry is made
 * positive change continuously with the matrix.
 */
export function signOf(rows: Elements, width: number, i: number): number {
  const row = rows.subarray(i * width, (i + 1) * width);
  const most = row.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return (row.find((x) => Math.abs(x) >= most / 2) ?? 1) < 0 ? -1 : 1;
}

import { ArgumentError } from "../checks/errors.ts";

// Solvers of equations, on plain numbers. They solve several equations at once, each to its own tolerance: row e of a
// matrix [equations × unknowns] holds the unknowns of equation e.

/** The function whose fixed point or root a solver computes, and its derivative. */
export interface Residual {
  /** Returns f(x), one row per equation. */
  readonly value: (x: Float64Array) => Float64Array;
  /** Returns ∂f/∂x at x: a square matrix [unknowns × unknowns] for each equation, in row-major order. */
  readonly matrices: (x: Float64Array) => Float64Array;
}

interface Bounds {
  /** The number of unknowns of one equation. */
  readonly unknowns: number;
  readonly tolerance: number;
  readonly maxSteps: number;
  /**
   * Whether the function is linear. For a linear function, the tolerance is relative to the largest unknown, however
   * small it is.
   */
  readonly isLinear: boolean;
}

/**
 * Solves several equations numerically, beginning with the guess `start`, and returns the solutions.
 * @throws ArgumentError if an equation does not converge
 */
export type Solver = (caller: string, residual: Residual, start: Float64Array, bounds: Bounds) => Float64Array;

/** Solves x = f(x) by repeating x ← f(x), until no entry of x changes by more than the tolerance. */
export const iterate: Solver = (caller, { value }, start, bounds) =>
  untilConverged(caller, start, bounds, (x) => {
    const next = value(x);
    return {
      next,
      change: largestIn(
        next.map((y, i) => Math.abs(y - x[i]!)),
        bounds.unknowns,
      ),
    };
  });

/** Solves f(x) = 0 by Newton's method. A step that does not reduce the residual is halved. */
export const newton: Solver = (caller, { value, matrices }, start, bounds) => {
  const n = bounds.unknowns;
  let residuals = value(start);
  return untilConverged(caller, start, bounds, (x) => {
    const steps = solveRows(caller, matrices(x), residuals, n);
    const [before, change] = [largestIn(residuals.map(Math.abs), n), largestIn(steps.map(Math.abs), n)];
    const scale = new Float64Array(before.length).fill(1);
    for (let halvings = 0; ; halvings++) {
      const next = x.map((each, i) => each - scale[Math.floor(i / n)]! * steps[i]!);
      const after = value(next);
      const size = largestIn(after.map(Math.abs), n);
      const worse = [...size.keys()].filter(
        (e) => !(size[e]! <= before[e]!) && !isSmall(change[e]!, rowOf(x, e, n), bounds),
      );
      if (worse.length === 0) {
        residuals = after;
        return { next, change };
      }
      const [e] = worse as [number];
      if (halvings === 40)
        throw new ArgumentError(
          `${caller}: no step reduces the residual ${before[e]!.toPrecision(3)}${equationText(e, before.length)}, so f may have no root near x; start elsewhere`,
        );
      for (const each of worse) scale[each]! /= 2;
    }
  });
};

const rowOf = (values: Float64Array, e: number, n: number): Float64Array => values.subarray(e * n, (e + 1) * n);

/** Returns whether a solver's iteration changed the unknowns x by at most the tolerance. */
function isSmall(change: number, x: Float64Array, { tolerance, isLinear }: Bounds): boolean {
  const size = x.length === 0 ? 0 : largestIn(x.map(Math.abs), x.length)[0]!;
  return change <= tolerance * (isLinear ? size : Math.max(1, size));
}

interface Move {
  readonly next: Float64Array;
  /** For each equation, the largest absolute change of an unknown in one iteration. */
  readonly change: Float64Array;
}

/**
 * Repeats `move`, one iteration of a solver, until every equation has converged. The unknowns of converged equations no
 * longer change.
 */
function untilConverged(
  caller: string,
  start: Float64Array,
  bounds: Bounds,
  move: (x: Float64Array) => Move,
): Float64Array {
  const { unknowns, tolerance, maxSteps } = bounds;
  const x = start.slice();
  const equations = unknowns === 0 ? 0 : x.length / unknowns;
  const hasConverged = new Uint8Array(equations);
  let change: Float64Array = new Float64Array(equations).fill(Number.NaN);
  for (let step = 1; step <= maxSteps && hasConverged.includes(0); step++) {
    const moved = move(x);
    change = moved.change;
    for (let e = 0; e < equations; e++) {
      if (hasConverged[e]) continue;
      const row = rowOf(moved.next, e, unknowns);
      if (row.some(Number.isNaN))
        throw new ArgumentError(
          `${caller}: step ${step} gave NaN${equationText(e, equations)}; start nearer to the solution, or check f with nonFinite`,
        );
      x.set(row, e * unknowns);
      if (isSmall(change[e]!, row, bounds)) hasConverged[e] = 1;
    }
  }
  const open = hasConverged.indexOf(0);
  if (open < 0) return x;
  throw new ArgumentError(
    `${caller}: no solution within ${maxSteps} steps${equationText(open, equations)}: x still changes by ${change[open]!.toPrecision(3)}, more than the tolerance ${tolerance}; start nearer to it, or raise maxSteps or tolerance`,
  );
}

const equationText = (e: number, equations: number): string => (equations > 1 ? ` for entry ${e}` : "");

/** Returns the largest number of each row; NaN if the row has a NaN. */
const largestIn = (values: Float64Array, n: number): Float64Array =>
  Float64Array.from({ length: values.length / n }, (_, e) => Math.max(...values.subarray(e * n, (e + 1) * n)));

/**
 * Solves A y = b for each row b and its matrix A, by elimination with partial pivoting.
 * @throws ArgumentError for a singular A
 */
function solveRows(caller: string, matrices: Float64Array, rows: Float64Array, n: number): Float64Array {
  const solution = rows.slice();
  for (let e = 0; e < rows.length / n; e++) {
    const [A, b] = [matrices.slice(e * n * n, (e + 1) * n * n), rowOf(solution, e, n)];
    for (let k = 0; k < n; k++) {
      let pivot = k;
      for (let i = k + 1; i < n; i++) if (Math.abs(A[i * n + k]!) > Math.abs(A[pivot * n + k]!)) pivot = i;
      if (A[pivot * n + k] === 0 || Number.isNaN(A[pivot * n + k]!)) {
        if (b.every((each) => each === 0)) break; // the residual is 0 already
        throw new ArgumentError(
          `${caller}: ∂f/∂x is singular${equationText(e, rows.length / n)}, so Newton's method has no step; start elsewhere, or check that f has one equation per unknown`,
        );
      }
      for (let j = 0; j < n; j++) [A[k * n + j], A[pivot * n + j]] = [A[pivot * n + j]!, A[k * n + j]!];
      [b[k], b[pivot]] = [b[pivot]!, b[k]!];
      for (let i = k + 1; i < n; i++) {
        const factor = A[i * n + k]! / A[k * n + k]!;
        for (let j = k; j < n; j++) A[i * n + j]! -= factor * A[k * n + j]!;
        b[i]! -= factor * b[k]!;
      }
    }
    if (b.every((each) => each === 0)) continue;
    for (let k = n - 1; k >= 0; k--) {
      for (let j = k + 1; j < n; j++) b[k]! -= A[k * n + j]! * b[j]!;
      b[k]! /= A[k * n + k]!;
    }
  }
  return solution;
}

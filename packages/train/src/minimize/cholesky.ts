import type { Vector } from "./vector.ts";

/**
 * Cholesky factorization: returns the lower triangular L with A + shift I = L Lᵀ, for a symmetric n × n matrix A.
 * Returns `undefined` if A + shift I is not positive definite, up to rounding errors.
 */
export function cholesky(A: Vector, n: number, shift = 0): Vector | undefined {
  const L = A.slice();
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let entry = L[i * n + j]! + (i === j ? shift : 0);
      for (let k = 0; k < j; k++) entry -= L[i * n + k]! * L[j * n + k]!;
      if (i === j && !(entry > 1e-14 * (A[i * n + i]! + shift))) return undefined;
      L[i * n + j] = i === j ? Math.sqrt(entry) : entry / L[j * n + j]!;
    }
  }
  return L;
}

/** Solves L Lᵀ x = b in two steps: L u = b, then Lᵀ x = u. */
export function solveCholesky(L: Vector, b: Vector): Vector {
  const n = b.length;
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= L[i * n + k]! * x[k]!;
    x[i]! /= L[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= L[k * n + i]! * x[k]!;
    x[i]! /= L[i * n + i]!;
  }
  return x;
}

import { ones, type Tensor, zeros } from "@wengert/core";
import { add, div, mul, sub } from "@wengert/ops";
import { inner, norm } from "../shared/algebra.ts";

/**
 * Solves A x = b by conjugate gradients (M. Hestenes, E. Stiefel 1952), given only a function that computes A v for a
 * vector v. In exact arithmetic the number of products is the number of distinct eigenvalues of A. Rounding errors add
 * one or two products.
 */
export function conjugateGradients(A: (v: Tensor) => Tensor, b: Tensor): { x: Tensor; products: number } {
  let x = zeros(b.shape);
  let [residual, direction, products] = [b, b, 0];
  const enough = 1e-15 * norm(b);
  while (norm(residual) > enough && products < 10 * b.size) {
    const along = A(direction);
    products++;
    const before = inner(residual, residual);
    const step = before / inner(direction, along);
    x = add(x, mul(step, direction));
    residual = sub(residual, mul(step, along));
    direction = add(residual, mul(inner(residual, residual) / before, direction));
  }
  return { x, products };
}

/** Returns the largest eigenvalue of a symmetric positive definite A, by power iteration. */
export function largestEigenvalue(A: (v: Tensor) => Tensor, size: number): number {
  let v = ones([size]);
  for (let i = 0; i < 100; i++) {
    const product = A(v);
    v = div(product, norm(product));
  }
  return inner(v, A(v));
}

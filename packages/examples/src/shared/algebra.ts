import { type Tensor, tensor } from "@wengert/core";
import { abs, max, mul, oneHot, sub, sum } from "@wengert/ops";
import { cholesky, solveCholesky } from "@wengert/train/extend";

/** Returns the largest absolute difference |aᵢ − bᵢ| of two lists of numbers. */
export const farthest = (a: Tensor, b: Tensor): number => max(abs(sub(a, b))).item();

/** Returns the relative difference of two lists of numbers: the largest |aᵢ − bᵢ| divided by the largest |bᵢ|. */
export const relativeDistance = (a: Tensor, b: Tensor): number => {
  const distance = farthest(a, b);
  return distance === 0 ? 0 : distance / max(abs(b)).item();
};

/** ⟨a, b⟩ */
export const inner = (a: Tensor, b: Tensor): number => sum(mul(a, b)).item();

/** |a|, the Euclidean norm. */
export const norm = (a: Tensor): number => Math.sqrt(inner(a, a));

/** The identity matrix. */
export const identity = (size: number): Tensor =>
  oneHot(tensor([...Array(size).keys()], { dtype: "int32" }), { numClasses: size });

/** Solves A x = b for a symmetric positive definite matrix A, by its Cholesky factor. */
export function solve(A: Tensor, b: Tensor): Tensor {
  const L = cholesky(Float64Array.from(A.toNested<number[][]>().flat()), b.size);
  if (L === undefined) throw new Error("solve: the matrix is not positive definite");
  return tensor(solveCholesky(L, Float64Array.from(b.toNested<number[]>())));
}

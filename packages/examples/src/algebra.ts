import { type Tensor, tensor } from "@wengert/core";
import { abs, max, mul, oneHot, sub, sum } from "@wengert/ops";

/** The largest |aᵢ − bᵢ|. */
export const farthest = (a: Tensor, b: Tensor): number => max(abs(sub(a, b))).item();

/** The same in parts of the largest |bᵢ|. */
export const relativeDistance = (a: Tensor, b: Tensor): number => {
  const distance = farthest(a, b);
  return distance === 0 ? 0 : distance / max(abs(b)).item();
};

/** ⟨a, b⟩ */
export const inner = (a: Tensor, b: Tensor): number => sum(mul(a, b)).item();

/** |a|, the length of a vector. */
export const norm = (a: Tensor): number => Math.sqrt(inner(a, a));

/** The matrix of ones on the diagonal and zeros elsewhere. */
export const identity = (size: number): Tensor =>
  oneHot(
    tensor(
      Int32Array.from({ length: size }).map((_, i) => i),
      { dtype: "int32" },
    ),
    { numClasses: size },
  );

/** The place of the largest number, the first of equal ones. */
export const likeliest = (numbers: readonly number[]): number => numbers.indexOf(Math.max(...numbers));

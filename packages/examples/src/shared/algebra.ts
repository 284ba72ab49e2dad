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

/** The identity matrix. */
export const identity = (size: number): Tensor =>
  oneHot(tensor([...Array(size).keys()], { dtype: "int32" }), { numClasses: size });

/** x with A x = b, for a symmetric and positive A: A = L Lᵀ (Cholesky), then L u = b and Lᵀ x = u. */
export function solve(A: Tensor, b: Tensor): Tensor {
  const L = A.toNested<number[][]>();
  const x = b.toNested<number[]>();
  const order = [...x.keys()];
  for (const j of order) {
    for (const i of order.slice(j)) {
      let entry = L[i]![j]!;
      for (let k = 0; k < j; k++) entry -= L[i]![k]! * L[j]![k]!;
      L[i]![j] = i === j ? Math.sqrt(entry) : entry / L[j]![j]!;
    }
  }
  for (const i of order) {
    for (let k = 0; k < i; k++) x[i]! -= L[i]![k]! * x[k]!;
    x[i]! /= L[i]![i]!;
  }
  for (const i of order.toReversed()) {
    for (let k = i + 1; k < x.length; k++) x[i]! -= L[k]![i]! * x[k]!;
    x[i]! /= L[i]![i]!;
  }
  return tensor(x);
}

import { type Tensor, tensor, withLabel } from "@wengert/core";
import { ravel, sizeOf, unflatten } from "@wengert/core/extend";
import { reshape } from "@wengert/ops";

// The functions in this file convert between a tree of tensors and one flat vector of float64 numbers.

/** The type `Float64Array<ArrayBuffer>`, written so that TypeScript before 5.7 accepts it too. */
export type Vector = ReturnType<Float64Array["slice"]>;

/** Concatenates the elements of all tensors into one vector. */
export function vectorOf(tensors: readonly Tensor[]): Vector {
  const x = new Float64Array(tensors.reduce((n, { size }) => n + size, 0));
  let offset = 0;
  for (const t of tensors) {
    x.set(ravel(t.array!), offset);
    offset += t.size;
  }
  return x;
}

/** Returns a tree with the structure, shapes and dtypes of `like` and the elements of the vector `x`. */
export function treeOf<P>(like: P, tensors: readonly Tensor[], x: Vector): P {
  let offset = 0;
  const parts = tensors.map(({ shape, dtype, label }) => {
    const from = offset;
    offset += sizeOf(shape);
    const part = reshape(tensor(x.subarray(from, offset), { dtype }), { shape });
    return label === undefined ? part : withLabel(part, label);
  });
  return unflatten(like, parts);
}

export function inner(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Returns x + α d. */
export const addScaled = (x: Vector, alpha: number, d: Vector): Vector => x.map((xi, i) => xi + alpha * d[i]!);

/** Returns the largest |xᵢ| of a vector: NaN if any entry is NaN, 0 for an empty vector. */
export function maxAbs(x: Vector): number {
  let largest = 0;
  for (const xi of x) largest = Math.max(largest, Math.abs(xi));
  return largest;
}

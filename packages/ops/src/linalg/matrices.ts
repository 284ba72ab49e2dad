import { fromNdarray, OutOfRangeError, ShapeError, type Tensor } from "@wengert/core";
import {
  apply,
  describe,
  leaves,
  type NdArray,
  ndarray,
  type Operand,
  prefixErrors,
  ravel,
  type Shape,
  sharedFloat,
  sizeOf,
  toTensors,
  unflatten,
  withDefaults,
} from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";
import { add, mul } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { broadcastStrides } from "../loops/strided.ts";
import { transpose } from "../shapes/reshape.ts";
import { slice } from "../shapes/slice.ts";

/** The distance from 1 to the next larger float64. */
export const epsilon: number = 2 ** -52;

/**
 * Calls `f` with the inputs in float64, and rounds the tensors that it returns to the dtype of the inputs.
 * @throws ArgumentError unless the inputs are tensors, DTypeError unless they share a float dtype
 */
export function inFloat64<T>(caller: string, values: readonly unknown[], names: readonly string[], f: Solver<T>): T {
  const inputs = toTensors(caller, values, names.length);
  const dtype = prefixErrors(caller, () => sharedFloat(inputs, names));
  if (dtype === "float64") return f(...inputs);
  const result = f(...inputs.map((x) => apply(cast.spec, [x], { dtype: "float64" }, x.label)));
  return unflatten(
    result,
    leaves(caller, result, "the result").map((y) => cast(y, { dtype })),
  );
}
type Solver<T> = (...inputs: Tensor[]) => T;

/** @throws ArgumentError if the caller passed options to a function that has no options */
export const checkNoOptions = (caller: string, rest: readonly unknown[]): void => {
  withDefaults<undefined>(caller, rest[0], undefined as never);
};

/**
 * Returns the sizes of the matrices in x, whose last two axes are rows and columns, and the shape of the batch.
 * @throws ShapeError unless x has two axes or more
 */
export function matrixSizes(x: Operand, name = "A"): { readonly m: number; readonly n: number; readonly batch: Shape } {
  const [m, n] = x.shape.slice(-2);
  if (m !== undefined && n !== undefined) return { m, n, batch: x.shape.slice(0, -2) };
  throw new ShapeError(`a matrix needs two axes, got ${describe(x, name)}; use expandDims or reshape`);
}

/** Returns the number of rows of square matrices. @throws ShapeError unless the matrices are square */
export function squareSizes(x: Operand, name = "A"): { readonly n: number; readonly batch: Shape } {
  const { m, n, batch } = matrixSizes(x, name);
  if (m === n) return { n, batch };
  throw new ShapeError(`the matrix must be square, got ${describe(x, name)}; lstsq, qr and svd take other shapes`);
}

/**
 * The elements of one matrix of a stack, row by row. If the stack is broadcast, several matrices share the same
 * elements.
 */
export type Elements = Float64Array;

/**
 * Calls `visit` once for each entry of a batch, with the entry's matrix from each stack. A stack is an array whose last
 * axes are a matrix. The leading axes of each stack broadcast to `batch`.
 */
export function eachMatrix(
  batch: Shape,
  stacks: readonly (readonly [x: NdArray, rank: number])[],
  visit: (matrices: readonly Elements[], entry: number) => void,
): void {
  const flat = stacks.map(([x, rank]) => {
    const leading = x.shape.slice(0, x.shape.length - rank);
    const size = sizeOf(x.shape.slice(x.shape.length - rank));
    const strides = broadcastStrides(ndarray(new Uint8Array(0), leading), batch);
    return { data: ravel(x) as Elements, size, strides };
  });
  const index = batch.map(() => 0);
  for (let entry = 0; entry < sizeOf(batch); entry++) {
    const matrices = flat.map(({ data, size, strides }) => {
      const start = size * strides.reduce((sum, stride, axis) => sum + stride * index[axis]!, 0);
      return data.subarray(start, start + size);
    });
    visit(matrices, entry);
    for (let axis = batch.length - 1; axis >= 0 && ++index[axis]! === batch[axis]; axis--) index[axis] = 0;
  }
}

/**
 * Returns text for an error message that says which matrix of a batch failed. The text is empty for a single matrix.
 */
export function entryText(batch: Shape, entry: number): string {
  if (batch.length === 0) return "";
  const index: number[] = [];
  for (let axis = batch.length - 1, rest = entry; axis >= 0; rest = Math.floor(rest / batch[axis]!), axis--)
    index.unshift(rest % batch[axis]!);
  return ` in matrix [${index.join(", ")}]`;
}

export const allFinite = (x: Elements): boolean => x.every(Number.isFinite);

/** Returns the transpose of each matrix. */
export function swapped(x: Tensor): Tensor {
  const rank = x.shape.length;
  return transpose(x, { axes: [...Array(rank - 2).keys(), rank - 1, rank - 2] });
}

/** Returns the symmetric part (x + xᵀ) / 2 of each matrix. */
export const symmetricPart = (x: Tensor): Tensor => mul(add(x, swapped(x)), 0.5);

/**
 * Returns a copy of the symmetric part of the n × n matrix `a`, so that the derivatives by the entries [i, j] and [j,
 * i] are equal.
 * @throws OutOfRangeError if `a` is clearly not symmetric. Differences as small as rounding errors, or as the steps of
 * gradcheck's finite differences, are allowed.
 */
export function symmetricElements(a: Elements, n: number, A: Operand, batch: Shape, entry: number): Elements {
  const copy = a.slice();
  let largest: number | undefined; // only needed if the matrix is not exactly symmetric
  const tile = 16; // a column of a tile stays in the cache
  for (let row = 0; row < n; row += tile)
    for (let column = 0; column <= row; column += tile)
      for (let i = row; i < Math.min(row + tile, n); i++)
        for (let j = column; j < Math.min(column + tile, i); j++) {
          const x = a[i * n + j]!;
          const y = a[j * n + i]!;
          if (x === y) continue;
          copy[i * n + j] = copy[j * n + i] = x / 2 + y / 2;
          largest ??= a.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
          if (Math.abs(x - y) > 0.1 * largest)
            throw new OutOfRangeError(
              `${describe(A, "A")} is not symmetric${entryText(batch, entry)}: the entries [${i}, ${j}] and [${j}, ${i}] are ${x} and ${y}; pass a symmetric matrix`,
            );
        }
  return copy;
}

/** Returns the rows `start` to `stop` − 1 of each matrix, as a view. */
export const rowsOf = (x: Tensor, start: number, stop: number): Tensor =>
  slice(x, { start: [...x.shape.slice(0, -2).map(() => null), start], stop: [...x.shape.slice(0, -2), stop] });

/** Returns the columns `start` to `stop` − 1 of each matrix, as a view. */
export const columnsOf = (x: Tensor, start: number, stop: number): Tensor =>
  slice(x, { start: [...x.shape.slice(0, -1).map(() => null), start], stop: [...x.shape.slice(0, -1), stop] });

/**
 * Returns sample matrices with a dominant diagonal, so that no sample is singular. With `isSymmetric`, the samples are
 * positive definite.
 */
export function wellConditioned(shape: Shape, variant = 1, isSymmetric = false): Tensor {
  const n = shape.at(-1)!;
  const data = Float64Array.from(ravel(irregular(shape, variant).array!), (x) => x / 4);
  for (let at = 0; at < data.length; at++) {
    const [i, j] = [Math.floor(at / n) % n, at % n];
    if (i === j) data[at]! += 1.5 + 0.4 * i;
    else if (isSymmetric && j > i) data[at] = data[at + (j - i) * (n - 1)]!;
  }
  return fromNdarray(ndarray(data, shape));
}

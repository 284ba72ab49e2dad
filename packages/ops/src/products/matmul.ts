import { ShapeError, type Tensor } from "@wengert/core";
import {
  type BatchCall,
  type Binary,
  defineOp,
  describe,
  type NdArray,
  ndarray,
  type Op,
  type Operand,
  type Shape,
  shapeText,
  sizeOf,
} from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { numericDType } from "../elementwise/arithmetic.ts";
import { expandDims, reshape, reshapeTo, transpose } from "../shapes/reshape.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { multiplyMatrices } from "./gemm.ts";

/**
 * Returns the matrix product C = A B for [..., m, k] and [..., k, n], as in NumPy. Leading axes broadcast. A vector is
 * a row on the left and a column on the right. int32 wraps around; large float32 products are summed in float32. The
 * VJP maps the cotangent G of C to G Bᵀ for A and Aᵀ G for B, because dC = dA B + A dB.
 */
export const matmul: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "matmul",
  shape: ([a, b]) => {
    if (a.shape.length === 2 && b.shape.length === 2 && a.shape[1] === b.shape[0]) return [a.shape[0]!, b.shape[1]!];
    const [{ m }, { n }] = [leftSizes(a.shape), rightSizes(b.shape)];
    if (a.shape.length === 0 || b.shape.length === 0) {
      throw new ShapeError(
        `scalars cannot be multiplied as matrices, got ${describe(a, "a")} and ${describe(b, "b")}; did you mean mul?`,
      );
    }
    checkInnerSizes(a, b);
    const batch = broadcastShape([a, b], ["a", "b"], 2);
    return [...batch, ...(a.shape.length > 1 ? [m] : []), ...(b.shape.length > 1 ? [n] : [])];
  },
  dtype: (inputs) => numericDType(inputs),
  batch: (call) => batchOfProducts(call),
  kernel: (out, [a, b]) => multiplyMatrices(out.data, rowView(a), columnView(b), batchOf(a, b, out)),
  flops: ([a], { shape }) => 2 * sizeOf(shape) * a.shape.at(-1)!,
  vjp: [
    (g, { inputs: [a, b] }) =>
      operandCotangent(matmul(matrixOf(g, a, b), swapLastAxes(asColumn(b))), a, [1, ...a.shape]),
    (g, { inputs: [a, b] }) =>
      operandCotangent(matmul(swapLastAxes(rowsFor(b, asRow(a))), rowsFor(b, matrixOf(g, a, b))), b, [...b.shape, 1]),
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [
    [irregular([2, 3]), irregular([3, 2], 2)],
    [irregular([2, 1, 2, 3]), irregular([2, 3, 2], 2)],
    [irregular([3]), irregular([2, 3, 2], 2)],
    [irregular([2, 3]), irregular([3], 2)],
    [irregular([3]), irregular([3], 2)],
  ],
});

/** Applies matmul to a batch. A matrix that all entries share needs no batch axis: the product broadcasts. */
function batchOfProducts({
  inputs: [a, b],
  batched,
  operands: [left, right],
  size,
  output,
  again,
}: BatchCall<Binary, undefined>) {
  const [p, q] = [left.shape.length, right.shape.length];
  if (!batched[1] && q <= 2) return again(undefined, [a, b]);
  // If the vectors b of the batch are the rows of a matrix B, the products A b are the rows of B Aᵀ. So one matrix
  // product computes the whole batch.
  const areColumns = q === 1 || (q === 2 && right.shape[1] === 1);
  if (!batched[0] && p === 2 && areColumns)
    return reshapeTo(again(undefined, [reshapeTo(b, [size, right.shape[0]!]), transpose(a)]), [size, ...output.shape]);
  if (!batched[0] && p <= 2 && q > 1) return again(undefined, [a, b]);
  const rank = Math.max(p, q, 2);
  const matrices = (x: Tensor, isBatched: boolean, matrix: Shape) =>
    isBatched
      ? reshapeTo(x, [size, ...new Array<number>(rank - matrix.length).fill(1), ...matrix])
      : reshapeTo(x, matrix);
  const [row, column] = [p === 1 ? [1, ...left.shape] : left.shape, q === 1 ? [...right.shape, 1] : right.shape];
  const product = again(undefined, [matrices(a, batched[0], row), matrices(b, batched[1], column)]);
  return reshapeTo(product, [size, ...output.shape]);
}

const leftSizes = (shape: Shape) => ({ m: shape.at(-2) ?? 1, k: shape.at(-1)!, batch: shape.slice(0, -2) });
const rightSizes = (shape: Shape) =>
  shape.length === 1
    ? { k: shape[0]!, n: 1, batch: [] }
    : { k: shape.at(-2)!, n: shape.at(-1)!, batch: shape.slice(0, -2) };

const swapLastAxes = (x: Tensor): Tensor => transpose(x, { axes: lastAxesSwapped(x.shape.length) });
const lastAxesSwapped = (rank: number): number[] => [...Array(rank - 2).keys(), rank - 1, rank - 2];

const asRow = (a: Tensor): Tensor => (a.shape.length === 1 ? expandDims(a, { axis: 0 }) : a);
const asColumn = (b: Tensor): Tensor => (b.shape.length === 1 ? expandDims(b, { axis: 1 }) : b);

/**
 * Prepares the cotangent of b in a batched matmul. If all batch entries share the matrix b, joins the rows of all
 * matrices in x into one matrix, so that a single matrix product suffices.
 */
const rowsFor = (b: Tensor, x: Tensor): Tensor =>
  b.shape.length > 2 ? x : reshapeTo(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);

/**
 * Returns the cotangent g of a product a b as a matrix. If a or b is a vector, the product lacks an axis, so g gets
 * this axis with size 1.
 */
function matrixOf(g: Tensor, a: Tensor, b: Tensor): Tensor {
  const withColumn = b.shape.length === 1 ? expandDims(g, { axis: -1 }) : g;
  return a.shape.length === 1 ? expandDims(withColumn, { axis: -2 }) : withColumn;
}

/**
 * Returns the cotangent of `x`, given the cotangent g of x after broadcasting: sums g over the broadcast axes. If x is
 * a vector, `vectorShape` is the shape of the one-row or one-column matrix that matmul uses for x.
 */
function operandCotangent(g: Tensor, x: Tensor, vectorShape: Shape): Tensor {
  if (x.shape.length > 1) return unbroadcast(g, x);
  return reshape(unbroadcast(g, { shape: vectorShape }), { shape: x.shape });
}

/** Returns a vector of n entries as a [1, n] matrix, and other arrays unchanged. */
const rowView = (a: NdArray): NdArray =>
  a.shape.length > 1 ? a : ndarray(a.data, [1, a.shape[0]!], [1, a.stride[0]!], a.offset);
const columnView = (b: NdArray): NdArray =>
  b.shape.length > 1 ? b : ndarray(b.data, [b.shape[0]!, 1], [b.stride[0]!, 1], b.offset);

const noBatch: Shape = [];
function batchOf({ shape: { length: p } }: NdArray, { shape: { length: q } }: NdArray, out: NdArray): Shape {
  return p <= 2 && q <= 2 ? noBatch : out.shape.slice(0, Math.max(p, q) - 2);
}

/** @throws ShapeError unless the row length of `a` equals the column length of `b`. */
export function checkInnerSizes(a: Operand, b: Operand): void {
  const [{ k }, { k: inner, batch }] = [leftSizes(a.shape), rightSizes(b.shape)];
  if (k === inner) return;
  const needed = b.shape.length === 1 ? `[${k}]` : `[${[...batch, k, "n"].join(", ")}]`;
  const expected = `${describe(a, "a")} needs b ${needed}`;
  throw new ShapeError(`inner sizes differ: ${expected}, got ${describe(b, "b")}${transposeHint(a, b)}`);
}

function transposeHint(a: Operand, b: Operand): string {
  const [m, k] = [a.shape.at(-2), a.shape.at(-1)];
  const [inner, n] = [b.shape.length > 1 ? b.shape.at(-2) : b.shape[0], b.shape.at(-1)];
  if (b.shape.length > 1 && n === k) return `; did you mean ${transposeText(b, "b")}?`;
  if (a.shape.length > 1 && m === inner) return `; did you mean ${transposeText(a, "a")}?`;
  if (a.shape.length === 2 && n === m) return `; did you mean matmul(${b.label ?? "b"}, ${a.label ?? "a"})?`;
  return "";
}

const transposeText = ({ label, shape }: Operand, fallback: string): string => {
  const axes = shape.length > 2 ? `, { axes: ${shapeText(lastAxesSwapped(shape.length))} }` : "";
  return `transpose(${label ?? fallback}${axes})`;
};

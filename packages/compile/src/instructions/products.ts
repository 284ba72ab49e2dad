import { sizeOf } from "@wengert/core/extend";
import { broadcastTo } from "../loops/groups.ts";
import { isRowMajorValue, widthOf } from "../memory/layout.ts";
import { type Argument, at, type KernelCall, type Rows, type Rule } from "./instruction.ts";

/**
 * The block sizes of `gemm`, the kernel for matrix products. The kernel packs up to `packedTerms` terms and
 * `packedRows` rows at a time. A tile of the product is `tileBytes` bytes wide. See gemm.ts in `@wengert/ops`.
 */
const [packedTerms, packedRows, tileBytes] = [400, 60, 32];
/**
 * For a large product A B in which B has at most `maxNarrow` columns, each kernel call computes at most `blockRows`
 * rows.
 */
const [blockRows, maxNarrow] = [512, 64];
/**
 * The kernel for matrix products in float32 adds at most this number of terms. For longer sums, the eager op `matmul`
 * computes the product.
 */
const maxSingleTerms = 64 * packedTerms;

/**
 * Returns the kernel calls that compute `matmul`. Transposed operands need no copy, because the kernel takes strides.
 * Returns `undefined` for a batch of more than 64 matrix products.
 */
export const matmulRule: Rule = ({ inputs: [a, b], output }, reserve) => {
  const size = widthOf(output.dtype);
  if (a!.dtype !== output.dtype || b!.dtype !== output.dtype) return undefined;
  // A vector as the left operand is a matrix of one row, and a vector as the right operand is a matrix of one column.
  const [aShape, bShape] = [
    a!.shape.length === 1 ? [1, ...a!.shape] : a!.shape,
    b!.shape.length === 1 ? [...b!.shape, 1] : b!.shape,
  ];
  const [aStride, bStride] = [
    a!.shape.length === 1 ? [1, ...a!.stride] : a!.stride,
    b!.shape.length === 1 ? [...b!.stride, 1] : b!.stride,
  ];
  const [m, k, n] = [aShape.at(-2)!, aShape.at(-1)!, bShape.at(-1)!];
  // If all matrices of a row-major batch are multiplied by the same b, their rows form a single matrix. Its row stride
  // is k. The stride in `aStride` is arbitrary if each matrix has a single row.
  const isSingle = bShape.length === 2 && isRowMajorValue(a!);
  const [aRow, aCol] = isSingle ? [k, 1] : [aStride.at(-2)!, aStride.at(-1)!];
  const [bRow, bCol] = [bStride.at(-2)!, bStride.at(-1)!];
  const hasUnitStride = (row: number, column: number) => row === 1 || column === 1;
  if (k === 0 || (size === 4 && k > maxSingleTerms) || !hasUnitStride(aRow, aCol) || !hasUnitStride(bRow, bCol))
    return undefined;
  if ([aRow, aCol, bRow, bCol].some((stride) => stride < 0)) return undefined;
  const part = Math.ceil(k / Math.ceil(k / packedTerms));
  /**
   * Returns the kernel call for one matrix product c = a b, where a has `rows` rows. `i`, `j` and `o` are the offsets
   * of the first elements of a, b and c.
   */
  const product = (rows: number, i: number, j: number, o: number): KernelCall => {
    // The kernel computes wide tiles of the result C = A B. If C is narrow, the kernel computes Cᵀ = Bᵀ Aᵀ instead.
    const lanes = tileBytes / size;
    const byRows = Math.ceil(n / lanes) * lanes * rows * k;
    const byColumns = Math.ceil(rows / lanes) * lanes * n * k + 2 * rows * n;
    const isTransposed = byColumns < 0.875 * byRows;
    const columns = isTransposed ? rows : n;
    reserve(part * (packedRows + columns + 7) * size + 384);
    const [left, right] = [at(a!, i), at(b!, j)];
    const tail: Argument[] = [1, 0, part, "scratch"]; // isFirst, isRunning
    const args: Argument[] = isTransposed
      ? [n, rows, k, right, bCol * size, bRow * size, left, aCol * size, aRow * size, at(output, o), size, n * size]
      : [rows, n, k, left, aRow * size, aCol * size, right, bRow * size, bCol * size, at(output, o), n * size, size];
    return { kind: "call", kernel: `gemm${8 * size}`, args: [...args, ...tail], rows: rowsOf(args as number[], size) };
  };
  const batch = output.shape.slice(0, Math.max(aShape.length, bShape.length) - 2);
  const count = sizeOf(batch);
  if (isSingle) {
    // If the product has many rows and few columns, each kernel call computes a block of rows that stays in the
    // processor's cache.
    const rows = m * count;
    const block = n <= maxNarrow && rows > 2 * blockRows ? blockRows : rows;
    return Array.from({ length: Math.ceil(rows / block) }, (_, b) =>
      product(Math.min(block, rows - b * block), b * block * k, 0, b * block * n),
    );
  }
  if (count > 64) return undefined;
  const aBatch = broadcastTo({ ...a!, shape: aShape.slice(0, -2), stride: aStride.slice(0, -2) }, batch);
  const bBatch = broadcastTo({ ...b!, shape: bShape.slice(0, -2), stride: bStride.slice(0, -2) }, batch);
  return Array.from({ length: count }, (_, entry) => {
    let [i, j, rest] = [0, 0, entry];
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const index = rest % batch[axis]!;
      rest = (rest - index) / batch[axis]!;
      i += index * aBatch[axis]!;
      j += index * bBatch[axis]!;
    }
    return product(m, i, j, entry * m * n);
  });
};

/**
 * Divides a matrix product C = A B between threads, along the longer axis of C. Each thread computes some rows of C and
 * packs all of B, or computes some columns of C and packs all of A. `args` are the arguments of the kernel, from m to
 * the strides of C.
 */
function rowsOf(args: readonly number[], size: number): Rows {
  const [m, n, k] = args as [number, number, number];
  const time = (m * n * k * size) / 80; // 20 float32 or 10 float64 multiplications and additions in a ns
  if (n <= m) return { count: 0, unit: 5, addresses: [[3, args[4]!], [9, args[10]!]], time }; // biome-ignore format: reads best on one line
  return { count: 1, unit: tileBytes / size, addresses: [[6, args[8]!], [9, args[11]!]], time }; // biome-ignore format: reads best on one line
}

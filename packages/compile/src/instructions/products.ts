import { type Shape, sizeOf } from "@wengert/core/extend";
import type { KernelRows } from "@wengert/ops/extend";
import { broadcastTo, mergeAxes } from "../loops/groups.ts";
import { isRowMajorValue, rowMajorStrides, widthOf } from "../memory/layout.ts";
import { type Argument, at, type KernelCall, type Rule } from "./instruction.ts";

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
 * The kernel `gemmLong32` computes a float32 product A B if A has at most `maxShort` rows, B has more than `minLong`
 * entries, and a row of B has at least `minLongRow` entries. `gemm32` is faster if B fits in the cache or has short
 * rows.
 */
const [maxShort, minLong, minLongRow] = [10, 2 ** 22, 640];

/**
 * A product that takes at least this number of nanoseconds may be divided among threads. In a batch, such a product has
 * a separate kernel call.
 */
const largeTime = 10_000;
/** The largest number of kernel calls for one batch of matrix products. */
const maxCalls = 64;

/**
 * Two axes of a batch of matrix products, which one kernel call computes. The strides of a and b and of the output are
 * the numbers of bytes from one matrix to the next along these axes.
 */
interface Table {
  readonly sizes: Shape;
  readonly strides: { readonly a: Shape; readonly b: Shape; readonly output: Shape };
}

/**
 * Returns the kernel calls that compute `matmul`. Transposed operands need no copy, because the kernel takes strides.
 * Returns `undefined` if a batch of matrix products would take more than 64 kernel calls.
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
  // If all matrices of a row-major batch are multiplied by the same b, their rows form a single matrix with the row
  // stride k. The row stride in `aStride` is not used, because it is arbitrary for matrices of a single row.
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
   * of the first elements of a, b and c. If `table` is given, the call computes all products along two axes of a batch.
   */
  const product = (rows: number, i: number, j: number, o: number, table?: Table): KernelCall => {
    // The kernel computes wide tiles of the result C = A B. If C is narrow, the kernel computes Cᵀ = Bᵀ Aᵀ instead.
    const lanes = tileBytes / size;
    const byRows = Math.ceil(n / lanes) * lanes * rows * k;
    const byColumns = Math.ceil(rows / lanes) * lanes * n * k + 2 * rows * n;
    const isTransposed = byColumns < 0.875 * byRows;
    const columns = isTransposed ? rows : n;
    const [left, right] = [at(a!, i), at(b!, j)];
    const tail: Argument[] = [1, 0, part, "scratch"]; // isFirst, isRunning
    const args: Argument[] = isTransposed
      ? [n, rows, k, right, bCol * size, bRow * size, left, aCol * size, aRow * size, at(output, o), size, n * size]
      : [rows, n, k, left, aRow * size, aCol * size, right, bRow * size, bCol * size, at(output, o), n * size, size];
    const whole = rowsOf(args as number[], size);
    if (table === undefined && size === 4 && isLong(args as number[]))
      return longProduct(args, part, whole.time, reserve);
    reserve(part * (packedRows + columns + 7) * size + 384);
    if (table === undefined) return { kind: "call", kernel: `gemm${8 * size}`, args: [...args, ...tail], rows: whole };
    const { sizes, strides } = table;
    const [first, second] = isTransposed ? [strides.b, strides.a] : [strides.a, strides.b];
    const own = [...sizes, ...first, ...second, ...strides.output];
    // Threads divide the matrix products along the first of the two axes.
    const addresses = [first, second, strides.output].map(([step], k) => [own.length + 3 * (k + 1), step!] as const);
    const divided = { count: 0, unit: 1, addresses, time: whole.time * sizeOf(sizes) };
    return { kind: "call", kernel: `gemmBatch${8 * size}`, args: [...own, ...args, part, "scratch"], rows: divided };
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
  const stridesOfBatch = [
    broadcastTo({ ...a!, shape: aShape.slice(0, -2), stride: aStride.slice(0, -2) }, batch),
    broadcastTo({ ...b!, shape: bShape.slice(0, -2), stride: bStride.slice(0, -2) }, batch),
    rowMajorStrides(batch).map((stride) => stride * m * n),
  ];
  const { shape: axes, strides } = mergeAxes(batch, stridesOfBatch);
  const isSeparate = count === 1 || (timeOf(m, n, k, size) >= largeTime && count <= maxCalls);
  const separate = isSeparate ? axes : axes.slice(0, -2);
  if (sizeOf(separate) > maxCalls) return undefined;
  const tableAxes = (values: Shape, missing: number) =>
    [...values.slice(separate.length), missing, missing].slice(0, 2);
  const [aBytes, bBytes, outputBytes] = strides.map((own) => tableAxes(own, 0).map((stride) => stride * size));
  const table = { sizes: tableAxes(axes, 1), strides: { a: aBytes!, b: bBytes!, output: outputBytes! } };
  return Array.from({ length: sizeOf(separate) }, (_, entry) => {
    const offsets = [0, 0, 0];
    let rest = entry;
    for (let axis = separate.length - 1; axis >= 0; axis--) {
      const index = rest % separate[axis]!;
      rest = (rest - index) / separate[axis]!;
      for (const [operand, own] of strides.entries()) offsets[operand]! += index * own[axis]!;
    }
    const [i, j, o] = offsets as [number, number, number];
    return product(m, i, j, o, isSeparate ? undefined : table);
  });
};

/**
 * Returns whether `gemmLong32` is the faster kernel for a float32 product A B, given the arguments of `gemm32`. Rows of
 * B that are a multiple of 4096 bytes apart evict each other from the L1 cache. For such a matrix B, `gemmLong32` is
 * faster only if A has a single row, so that each entry of B is read once.
 */
function isLong(args: readonly number[]): boolean {
  const [m, n, k, , , , , bRow, bCol] = args as [number, number, number, ...number[]];
  return m <= maxShort && n >= minLongRow && n * k > minLong && bCol === 4 && (m === 1 || bRow! % 4096 !== 0);
}

/** Returns the call of `gemmLong32` for the arguments of `gemm32`. Threads divide the columns of B and C. */
function longProduct(
  args: readonly Argument[],
  part: number,
  time: number,
  reserve: (bytes: number) => void,
): KernelCall {
  const [[m, n], columnOfC] = [args as [number, number], args[11] as number];
  reserve(880 + 2 * m * ((n + 7) & -8) * 4);
  const withoutColumnOfB = args.toSpliced(8, 1); // the kernel has no argument for the distance of B's columns
  const rows = { count: 1, unit: tileBytes / 4, addresses: [[6, 4], [8, columnOfC]] as const, time }; // biome-ignore format: reads best on one line
  return { kind: "call", kernel: "gemmLong32", args: [...withoutColumnOfB, part, "scratch"], rows };
}

/**
 * Divides a matrix product C = A B between threads, along the longer axis of C. Each thread computes some rows of C and
 * packs all of B, or computes some columns of C and packs all of A. `args` are the arguments of the kernel, from m to
 * the strides of C.
 */
function rowsOf(args: readonly number[], size: number): KernelRows {
  const [m, n, k] = args as [number, number, number];
  const time = timeOf(m, n, k, size);
  if (n <= m) return { count: 0, unit: 5, addresses: [[3, args[4]!], [9, args[10]!]], time }; // biome-ignore format: reads best on one line
  return { count: 1, unit: tileBytes / size, addresses: [[6, args[8]!], [9, args[11]!]], time }; // biome-ignore format: reads best on one line
}

/**
 * Estimates the time of a matrix product in nanoseconds. The estimate assumes 20 multiply-adds a nanosecond for
 * float32, and 10 for float64.
 */
const timeOf = (m: number, n: number, k: number, size: number): number => (m * n * k * size) / 80;

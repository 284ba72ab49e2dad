import { type Data, type NdArray, ndarray, ravel, type Shape, sizeOf } from "@wengert/core/extend";
import { sliceStride } from "../loops/alongAxes.ts";
import { innerProduct } from "../loops/slices.ts";
import { broadcastStrides } from "../loops/strided.ts";
import { paysInWasm, productInWasm } from "../wasm/products.ts";

/**
 * Writes the matrix product of a [..., m, k] and b [..., k, n] to c. a and b may have any strides, and their leading
 * axes broadcast to `batch`. c is row-major [...batch, m, n].
 */
export function multiplyMatrices(c: Data, a: NdArray, b: NdArray, batch: Shape): void {
  if (c.length === 0) return;
  const p = a.shape.length - 2;
  const q = b.shape.length - 2;
  const k = b.shape[q]!;
  const n = b.shape[q + 1]!;
  // A batch may be multiplied as a single matrix, which contains the rows of all matrices. If each matrix has one row,
  // the stride of its row axis is arbitrary. So the inner axis must have stride 1.
  const rowAxis = a.shape[p] === 1 ? p + 1 : p;
  const inWasm =
    paysInWasm(c, a.data, b.data, n, k) &&
    multiplyBatch(true, c, withUnitStride(a, rowAxis, p + 1), withUnitStride(b, q, q + 1), batch);
  if (inWasm) return;
  // Small matrices are not copied to contiguous memory, because a copy takes longer than a few strided reads of each
  // entry.
  const isSmall = k * n < 256 || a.shape[p]! <= 12;
  multiplyBatch(false, c, isSmall ? a : withUnitStride(a, p + 1, p + 1), isSmall ? b : withUnitStride(b, q, q), batch);
}

/**
 * Returns x itself if its axis `axis` or `other` has stride 1. Otherwise returns a copy of x in which `axis`, one of
 * the last two axes, has stride 1.
 */
function withUnitStride(x: NdArray, axis: number, other: number): NdArray {
  if (x.stride[axis] === 1 || x.stride[other] === 1) return x;
  if (axis === x.shape.length - 1) return ndarray(ravel(x), x.shape);
  const last = x.shape.length - 1;
  const axes = [...Array(last - 1).keys(), last, last - 1];
  const columns = x.transpose(...axes);
  return ndarray(ravel(columns), columns.shape).transpose(...axes);
}

/**
 * Computes the matrix products of a batch one by one. Returns false if WebAssembly runs out of memory; the caller must
 * then compute all products by plain loops.
 */
function multiplyBatch(inWasm: boolean, c: Data, a: NdArray, b: NdArray, batch: Shape): boolean {
  const p = a.shape.length - 2;
  const q = b.shape.length - 2;
  const m = a.shape[p]!;
  const k = a.shape[p + 1]!;
  const n = b.shape[q + 1]!;
  const aCol = a.stride[p + 1]!;
  const bRow = b.stride[q]!;
  const bCol = b.stride[q + 1]!;
  // If b is a single matrix and the rows of a are equally far apart in memory, a single matrix product computes the
  // whole batch.
  const evenStride = batch.length > 0 && q === 0 ? sliceStride(a, 0, p + 1) : undefined;
  const [matrixCount, height, aRow] =
    evenStride === undefined ? [sizeOf(batch), m, a.stride[p]!] : [1, c.length / n, evenStride];
  const [aSteps, bSteps] = matrixCount === 1 ? [noAxes, noAxes] : [batchStrides(a, batch), batchStrides(b, batch)];
  const index = matrixCount === 1 ? noAxes : batch.map(() => 0);
  let [i, j] = [a.offset, b.offset];
  for (let matrix = 0; matrix < matrixCount; matrix++) {
    const o = matrix * m * n;
    if (!inWasm) multiply(c, o, a.data, i, aRow, aCol, b.data, j, bRow, bCol, height, n, k);
    else if (!productInWasm(c, o, a.data, i, aRow, aCol, b.data, j, bRow, bCol, height, n, k)) return false;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      i += aSteps[axis]!;
      j += bSteps[axis]!;
      if (++index[axis]! < batch[axis]!) break;
      i -= aSteps[axis]! * batch[axis]!;
      j -= bSteps[axis]! * batch[axis]!;
      index[axis] = 0;
    }
  }
  return true;
}

const noAxes: number[] = [];

/** Returns the strides of an array's leading axes (all except the last two), broadcast to the shape `batch`. */
const batchStrides = ({ data, shape, stride, offset }: NdArray, batch: Shape): number[] =>
  broadcastStrides(ndarray(data, shape.slice(0, -2), stride.slice(0, -2), offset), batch);

/**
 * Writes the matrix product of a [m, k] and b [k, n] to c. a and b may have any strides, and c is row-major. Sums are
 * in float64, in the order of k; integers wrap around. Computing three rows by two columns at a time keeps six sums in
 * registers, which is three times faster than a single sum.
 */
function multiply(
  c: Data,
  o: number,
  a: Data,
  i: number,
  aRow: number,
  aCol: number,
  b: Data,
  j: number,
  bRow: number,
  bCol: number,
  m: number,
  n: number,
  k: number,
): void {
  if (c instanceof Int32Array) {
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++)
        c[o + row * n + column] = innerProduct(k, a, i + row * aRow, aCol, b, j + column * bCol, bRow);
    return;
  }
  for (let row = 0; row < m; row += 3) {
    const [row1, row2] = [Math.min(row + 1, m - 1), Math.min(row + 2, m - 1)];
    const [a0, a1, a2] = [i + row * aRow, i + row1 * aRow, i + row2 * aRow];
    for (let column = 0; column < n; column += 2) {
      const column1 = Math.min(column + 1, n - 1);
      const [b0, b1] = [j + column * bCol, j + column1 * bCol];
      let [c00, c01, c10, c11, c20, c21] = [0, 0, 0, 0, 0, 0];
      for (let p = 0, s = 0, t = 0; p < k; p++, s += aCol, t += bRow) {
        const x0 = a[a0 + s]!;
        const x1 = a[a1 + s]!;
        const x2 = a[a2 + s]!;
        const y0 = b[b0 + t]!;
        const y1 = b[b1 + t]!;
        c00 += x0 * y0;
        c01 += x0 * y1;
        c10 += x1 * y0;
        c11 += x1 * y1;
        c20 += x2 * y0;
        c21 += x2 * y1;
      }
      c[o + row * n + column] = c00;
      c[o + row * n + column1] = c01;
      c[o + row1 * n + column] = c10;
      c[o + row1 * n + column1] = c11;
      c[o + row2 * n + column] = c20;
      c[o + row2 * n + column1] = c21;
    }
  }
}

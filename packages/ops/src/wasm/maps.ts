import { type NdArray, ravel } from "@wengert/core/extend";
import { broadcastStrides, mergeAxes, uniformStride } from "../loops/strided.ts";
import * as crossovers from "./crossovers.ts";
import { currentEngine } from "./engine.ts";
import type { Exports, FunctionName, OperationName, SingleFunctionName } from "./exports.ts";
import type { Engine } from "./kernels.ts";

// This module computes elementwise arithmetic and functions in WebAssembly. Plain loops give the same bits as
// WebAssembly. So the choice between the two affects only the speed, and depends only on the size of the input.

/**
 * The number of bytes that are copied into the WebAssembly memory, processed and copied out at a time. These bytes fit
 * in the CPU cache.
 */
const chunkBytes = 32768;

/** Returns the WebAssembly kernels, or null if `out` is not of floats or has fewer than `crossover` elements. */
function engineFor(out: NdArray, crossover: number): Engine | null {
  const engine = currentEngine();
  if (engine === null || out.data.length < (engine.isForced ? 1 : crossover)) return null;
  return out.data instanceof Float32Array || out.data instanceof Float64Array ? engine : null;
}

/**
 * The names of cheap functions. For these, WebAssembly is faster only for large arrays; for functions such as exp, it
 * is faster for small arrays, too.
 */
const arithmetic: readonly string[] = ["neg", "square", "sqrt", "relu"];

/**
 * Writes f(x) to `out`, which is row-major and has the shape and dtype of x. x may have any strides. Returns whether
 * the kernel ran.
 */
export function functionInWasm(out: NdArray, x: NdArray, f: FunctionName | SingleFunctionName): boolean {
  const engine = engineFor(out, arithmetic.includes(f) ? crossovers.arithmetic : crossovers.functions);
  if (engine === null) return false;
  const { workspace, exports } = engine;
  const n = out.data.length;
  const width = out.data.BYTES_PER_ELEMENT;
  const kernel: Exports["exp32"] | undefined = exports[`${f as FunctionName}${width === 4 ? 32 : 64}`];
  if (kernel === undefined) return false; // gelu has no kernel for float64
  const values = ravel(x);
  const size = Math.min(n, chunkBytes / width);
  if (!workspace.begin(size * width + 80)) return false;
  const address = workspace.allocate(size * width);
  for (let from = 0; from < n; from += size) {
    const count = Math.min(size, n - from);
    workspace.write(address, values, from, count);
    kernel(count, address, address);
    workspace.read(address, out.data, from, count);
  }
  return true;
}

/**
 * Writes α x + y to `out`, which is row-major and has the shape and dtype of x and y. x and y may have any strides.
 * Returns whether the kernel ran.
 */
export function axpyInWasm(out: NdArray, alpha: NdArray, x: NdArray, y: NdArray): boolean {
  const engine = engineFor(out, crossovers.arithmetic);
  if (engine === null) return false;
  const { workspace, exports } = engine;
  const n = out.data.length;
  const width = out.data.BYTES_PER_ELEMENT;
  const kernel = width === 4 ? exports.axpy32 : exports.axpy64;
  const factor = alpha.data[alpha.offset]!;
  const [xs, ys] = [ravel(x), ravel(y)];
  const size = Math.min(n, chunkBytes / width);
  if (!workspace.begin(2 * (size * width + 80))) return false;
  const xAddress = workspace.allocate(size * width);
  const yAddress = workspace.allocate(size * width);
  for (let from = 0; from < n; from += size) {
    const count = Math.min(size, n - from);
    workspace.write(xAddress, xs, from, count);
    workspace.write(yAddress, ys, from, count);
    kernel(count, yAddress, factor, xAddress, yAddress);
    workspace.read(yAddress, out.data, from, count);
  }
  return true;
}

const operations = {
  add: ["add32", "add64"],
  sub: ["sub32", "sub64"],
  mul: ["mul32", "mul64"],
  div: ["div32", "div64"],
  reluPullback: ["reluPullback32", "reluPullback64"],
} as const satisfies Record<OperationName, readonly [string, string]>;

/**
 * Writes a binary operation a ∘ b to `out`, which is row-major and to which a and b broadcast. Returns whether the
 * kernel ran. Each operand must have all elements in row-major order, or a single row, or a single column, or a single
 * element.
 */
export function operationInWasm(out: NdArray, a: NdArray, b: NdArray, operation: OperationName): boolean {
  const engine = engineFor(out, crossovers.arithmetic);
  if (engine === null) return false;
  let [count, n] = [1, out.data.length];
  let [aRow, bRow] = [0, 0];
  let aColumn = uniformStride(a, out);
  let bColumn = uniformStride(b, out);
  if (aColumn === undefined || bColumn === undefined) {
    const [shape, s, t] = mergeAxes(out.shape, [broadcastStrides(a, out.shape), broadcastStrides(b, out.shape)]);
    const rank = shape!.length;
    if (rank > 2) return false;
    [count, n] = [shape![rank - 2] ?? 1, shape![rank - 1] ?? 1];
    [aRow, aColumn] = [s![rank - 2] ?? 0, s![rank - 1] ?? 0];
    [bRow, bColumn] = [t![rank - 2] ?? 0, t![rank - 1] ?? 0];
    if (!isDense(aRow, aColumn, n) || !isDense(bRow, bColumn, n)) return false;
  }
  const { workspace, exports } = engine;
  const width = out.data.BYTES_PER_ELEMENT;
  const kernel = exports[operations[operation][width === 4 ? 0 : 1]];
  // The kernel processes one chunk at a time: several whole rows, or consecutive entries of one row.
  const rowPart = Math.min(n, chunkBytes / width);
  const rowsPerChunk = Math.min(count, Math.floor(chunkBytes / width / rowPart));
  const bytes = rowsPerChunk * rowPart * width;
  if (!workspace.begin(3 * (bytes + 80))) return false;
  const to = workspace.allocate(bytes);
  const left = workspace.allocate(bytes);
  const right = workspace.allocate(bytes);
  for (let row = 0; row < count; row += rowsPerChunk) {
    const height = Math.min(rowsPerChunk, count - row);
    for (let l = 0; l < n; l += rowPart) {
      const length = Math.min(rowPart, n - l);
      workspace.write(left, a.data, a.offset + row * aRow + l * aColumn, entriesNeeded(height, length, aRow, aColumn));
      workspace.write(right, b.data, b.offset + row * bRow + l * bColumn, entriesNeeded(height, length, bRow, bColumn));
      const nextOfA = aRow && (aColumn ? length : 1) * width;
      const nextOfB = bRow && (bColumn ? length : 1) * width;
      kernel(height, length, to, left, right, nextOfA, aColumn, nextOfB, bColumn);
      workspace.read(to, out.data, row * n + l, height * length);
    }
  }
  return true;
}

/**
 * Returns whether a kernel can read an operand: a whole matrix, a single row, a single column or a single entry,
 * without gaps. A stride of 0 repeats the operand.
 */
const isDense = (row: number, column: number, n: number): boolean =>
  column === 1 ? row === n || row === 0 : column === 0 && (row === 1 || row === 0);

/**
 * Returns how many entries of an operand are needed to compute `height` rows of `length` results. `row` and `column`
 * are the operand's strides, which are 0 along a broadcast axis.
 */
const entriesNeeded = (height: number, length: number, row: number, column: number): number =>
  (row === 0 ? 1 : height) * (column === 0 ? 1 : length);

import type { Data } from "@wengert/core/extend";
import { type Blocks, blocksOf, eachImage, type Geometry } from "../loops/windows.ts";
import { windowProduct } from "./crossovers.ts";
import { currentEngine } from "./engine.ts";
import type { ProductKernel, WindowKernel } from "./exports.ts";
import { equalPart, readRuns, writeRuns } from "./products.ts";
import type { Workspace } from "./workspace.ts";

// The functions in this file compute a convolution and its two VJPs by WebAssembly, block by block, with the same
// operations as the plain loops in ../convolution/lowering.ts. All arrays are row-major. WebAssembly memory holds one
// image, one block of windows, and the kernel of one group. Each function returns false, and writes nothing, if
// WebAssembly would be slower than plain loops or runs out of memory.

/** The WebAssembly memory and the kernels for one call of a convolution. */
interface Run extends Blocks {
  readonly workspace: Workspace;
  /** The number of bytes of an array entry: 4 for float32, 8 for float64. */
  readonly size: number;
  readonly atImage: number;
  readonly atRows: number;
  readonly atKernel: number;
  readonly atOutputs: number;
  /** Calls the WebAssembly kernel `gather` or `scatter` for the image that is in WebAssembly memory. */
  move(kernel: WindowKernel, group: number, first: number, last: number, row: number): void;
  /** Computes the matrix product c = a b. The strides are numbers of entries. */
  multiply(m: number, n: number, k: number, a: Matrix, b: Matrix, c: Matrix): void;
  readonly gather: WindowKernel;
  readonly scatter: WindowKernel;
}

type Matrix = readonly [address: number, row: number, column: number];

/**
 * Sizes of the kernel for matrix products: the width of a tile in bytes, and the numbers of terms and rows that the
 * kernel copies into a packed block.
 */
const [tileBytes, packedTerms, packedRows] = [32, 400, 60];
/** The number of entries of temporary memory that the kernel of matrix products needs for two tiles of the output. */
const tileEntries = 80;

function begin(geometry: Geometry, arrays: readonly Data[]): Run | undefined {
  const engine = currentEngine();
  const blocks = blocksOf(geometry);
  const { windows, entries, filters, block, imageSize } = blocks;
  if (engine === null || windows * entries * filters === 0) return undefined;
  if (!engine.isForced && entries * filters < windowProduct) return undefined;
  const size = arrays[0]!.BYTES_PER_ELEMENT;
  const isKernelType = (data: Data) => data.BYTES_PER_ELEMENT === size && !(data instanceof Int32Array);
  if (size < 4 || !arrays.every(isKernelType)) return undefined;
  const { exports, workspace } = engine;
  const packed = Math.min(Math.max(entries, filters, block), packedTerms);
  const scratchEntries = packed * (packedRows + Math.max(entries, filters, block) + tileBytes) + tileEntries;
  const total = imageSize + block * entries + entries * filters + block * filters + scratchEntries;
  if (!workspace.begin(total * size + 1024)) return undefined;
  const [atImage, atRows, atKernel, atOutputs, scratch] = [
    imageSize,
    block * entries,
    entries * filters,
    block * filters,
    scratchEntries,
  ].map((count) => workspace.allocate(count * size)) as [number, number, number, number, number];
  const gemm = size === 4 ? exports.gemm32 : exports.gemm64;
  const g = geometry;
  const depth = g.channels / g.groups;
  return {
    ...blocks,
    ...{ workspace, size, atImage, atRows, atKernel, atOutputs },
    gather: size === 4 ? exports.gather32 : exports.gather64,
    scatter: size === 4 ? exports.scatter32 : exports.scatter64,
    move: (kernel, group, first, last, row) =>
      kernel(
        atRows + row * entries * size,
        atImage + group * depth * size,
        first,
        last,
        g.outWidth,
        g.height,
        g.width,
        g.channels,
        depth,
        g.kernelHeight,
        g.kernelWidth,
        g.strideY,
        g.strideX,
        g.dilationY,
        g.dilationX,
        g.top,
        g.left,
      ),
    multiply: (m, n, k, a, b, c) => product(gemm, size, scratch, m, n, k, a, b, c),
  };
}

/**
 * Computes the matrix product c = a b. If a has many rows and b few columns, computes cᵀ = bᵀ aᵀ instead, because the
 * tiles of the kernel are wide.
 */
function product(
  gemm: ProductKernel,
  size: number,
  scratch: number,
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  c: Matrix,
): void {
  const lanes = tileBytes / size;
  const padded = (count: number) => Math.ceil(count / lanes) * lanes;
  const isSwapped = padded(m) * n < 0.875 * padded(n) * m;
  const [rows, columns, p, q, r] = isSwapped ? [n, m, swapped(b), swapped(a), swapped(c)] : [m, n, a, b, c];
  const strides = (matrix: Matrix) => [matrix[0], matrix[1] * size, matrix[2] * size] as const;
  gemm(rows, columns, k, ...strides(p), ...strides(q), ...strides(r), true, false, equalPart(k, packedTerms), scratch);
}

const swapped = ([address, row, column]: Matrix): Matrix => [address, column, row];

/** Writes the convolution of the images x and the kernel to `out`. */
export function convolutionInWasm(out: Data, x: Data, kernel: Data, geometry: Geometry): boolean {
  const run = begin(geometry, [out, x, kernel]);
  if (run === undefined) return false;
  const { workspace, windows, entries, filters, block, atRows, atKernel, atOutputs } = run;
  let current = -1;
  for (let group = 0; group < geometry.groups; group++) {
    writeRuns(workspace, atKernel, kernel, group * filters, entries, filters, geometry.filters);
    for (let from = 0; from < windows; from += block) {
      const count = Math.min(windows - from, block);
      current = gatherBlock(run, x, group, from, count, current);
      run.multiply(count, filters, entries, [atRows, entries, 1], [atKernel, filters, 1], [atOutputs, filters, 1]);
      readRuns(workspace, atOutputs, out, from * geometry.filters + group * filters, count, filters, geometry.filters);
    }
  }
  return true;
}

/**
 * For each window, adds g × kernel to the window's pixels in `out`, for the cotangent g of a convolution. `out` has the
 * shape of the images.
 */
export function inputPullbackInWasm(out: Data, g: Data, kernel: Data, geometry: Geometry): boolean {
  const run = begin(geometry, [out, g, kernel]);
  if (run === undefined) return false;
  const { workspace, size, windows, perImage, entries, filters, block, imageSize } = run;
  const { atImage, atRows, atKernel, atOutputs } = run;
  for (let group = 0; group < geometry.groups; group++) {
    writeRuns(workspace, atKernel, kernel, group * filters, entries, filters, geometry.filters);
    for (let from = 0; from < windows; from += block) {
      const count = Math.min(windows - from, block);
      writeRuns(workspace, atOutputs, g, from * geometry.filters + group * filters, count, filters, geometry.filters);
      run.multiply(count, entries, filters, [atOutputs, filters, 1], [atKernel, 1, filters], [atRows, entries, 1]);
      eachImage(from, from + count, run, (image, first, last, row) => {
        if (first === 0 && group === 0) workspace.clear(atImage, imageSize * size);
        else if (first === 0) workspace.write(atImage, out, image * imageSize, imageSize);
        run.move(run.scatter, group, first, last, row);
        if (last === perImage) workspace.read(atImage, out, image * imageSize, imageSize);
      });
    }
  }
  return true;
}

/**
 * Writes the sum of x × g over all windows of the images x to `out`, for the cotangent g of a convolution. `out` has
 * the shape of the kernel.
 */
export function kernelPullbackInWasm(out: Data, x: Data, g: Data, geometry: Geometry): boolean {
  const run = begin(geometry, [out, x, g]);
  if (run === undefined) return false;
  const { workspace, windows, entries, filters, block, atRows, atKernel, atOutputs } = run;
  const total = new Float64Array(entries * filters);
  const sums = out.slice(0, entries * filters);
  let current = -1;
  for (let group = 0; group < geometry.groups; group++) {
    total.fill(0);
    for (let from = 0; from < windows; from += block) {
      const count = Math.min(windows - from, block);
      current = gatherBlock(run, x, group, from, count, current);
      writeRuns(workspace, atOutputs, g, from * geometry.filters + group * filters, count, filters, geometry.filters);
      run.multiply(entries, filters, count, [atRows, 1, entries], [atOutputs, filters, 1], [atKernel, filters, 1]);
      workspace.read(atKernel, sums, 0, entries * filters);
      for (let l = 0; l < total.length; l++) total[l]! += sums[l]!;
    }
    for (let row = 0, l = 0; row < entries; row++)
      for (let k = 0, o = row * geometry.filters + group * filters; k < filters; k++) out[o + k] = total[l++]!;
  }
  return true;
}

/**
 * Copies `count` windows, from window `from` on, to rows of a matrix in WebAssembly memory, which holds one image at a
 * time. `current` is the number of the image in this memory before the call. Returns the number of the image in this
 * memory after the call.
 */
function gatherBlock(run: Run, x: Data, group: number, from: number, count: number, current: number): number {
  let loaded = current;
  eachImage(from, from + count, run, (image, first, last, row) => {
    if (image !== loaded) run.workspace.write(run.atImage, x, image * run.imageSize, run.imageSize);
    loaded = image;
    run.move(run.gather, group, first, last, row);
  });
  return loaded;
}

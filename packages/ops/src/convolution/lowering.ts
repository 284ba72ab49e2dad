import { type Data, type NdArray, ndarray, ravel } from "@wengert/core/extend";
import { blocksOf, eachImage, type Geometry, gatherWindows, partsOf, scatterWindows } from "../loops/windows.ts";
import { multiplyMatrices } from "../products/gemm.ts";
import { convolutionInWasm } from "../wasm/convolutions.ts";

// Each function in this file computes a convolution, or one of its two VJPs, as matrix products. A row of the left
// matrix has the pixels of one window ("im2col": Chellapilla, Puri, Simard 2006). The matrix of all windows has
// kernelHeight × kernelWidth times the entries of x, so it is processed in blocks of rows that stay in the cache. These
// loops run where WebAssembly is not available.

/** Writes the convolution of x and the kernel to `out`. Both arrays may have any strides. */
export function convolve(out: NdArray, x: NdArray, kernel: NdArray, geometry: Geometry): void {
  const [pixels, weights] = [ravel(x), ravel(kernel)];
  if (pixels.length === 0 || weights.length === 0) return; // a sum of no products is 0
  if (convolutionInWasm("output", pixels, weights, out.data, geometry)) return;
  const blocks = blocksOf(geometry);
  const { windows, entries, block, filters, imageSize } = blocks;
  const rows = arrayLike(pixels, block * entries);
  const product = arrayLike(out.data, block * filters);
  for (let group = 0; group < geometry.groups; group++)
    for (let from = 0; from < windows; from += block) {
      const to = Math.min(windows, from + block);
      eachImage(from, to, blocks, (image, first, last, row) =>
        gatherWindows(rows, row * entries, pixels, image * imageSize, geometry, group, first, last),
      );
      const sums = product.subarray(0, (to - from) * filters);
      multiplyMatrices(sums, ndarray(rows, [to - from, entries]), columnsOf(weights, entries, geometry, group), []);
      copyColumns(out.data, sums, from, to, geometry, group);
    }
}

/**
 * For each window, adds g × kernel to the window's pixels in `out`, where g is the cotangent of a convolution's output.
 * `out` has the shape of the input images, and must be filled with zeros.
 */
export function pullBackToInput(out: NdArray, g: NdArray, kernel: NdArray, geometry: Geometry): void {
  const [outputs, weights] = [ravel(g), ravel(kernel)];
  if (outputs.length === 0 || weights.length === 0) return;
  if (convolutionInWasm("images", out.data, weights, outputs, geometry)) return;
  const blocks = blocksOf(geometry);
  const { windows, entries, block, imageSize } = blocks;
  const images = sumsLike(out.data, out.data.length);
  const rows = sumsLike(out.data, block * entries);
  for (let group = 0; group < geometry.groups; group++) {
    const matrix = columnsOf(weights, entries, geometry, group).transpose(1, 0);
    for (let from = 0; from < windows; from += block) {
      const to = Math.min(windows, from + block);
      const sums = rows.subarray(0, (to - from) * entries);
      multiplyMatrices(sums, outputsOf(outputs, from, to, geometry, group), matrix, []);
      eachImage(from, to, blocks, (image, first, last, row) =>
        scatterWindows(rows, row * entries, images, image * imageSize, geometry, group, first, last),
      );
    }
  }
  out.data.set(images);
}

/**
 * Writes the sum of x × g over all windows of the images x to `out`, where g is the cotangent of a convolution's
 * output. `out` has the shape of the kernel.
 */
export function pullBackToKernel(out: NdArray, x: NdArray, g: NdArray, geometry: Geometry): void {
  const [pixels, outputs] = [ravel(x), ravel(g)];
  if (pixels.length === 0 || outputs.length === 0) return;
  if (convolutionInWasm("kernel", pixels, out.data, outputs, geometry)) return;
  const blocks = blocksOf(geometry);
  const { windows, perImage, entries, filters, imageSize } = blocks;
  const { unit, part } = partsOf(geometry);
  const rows = arrayLike(pixels, part * entries);
  const total = sumsLike(out.data, entries * filters);
  const sums = sumsLike(out.data, entries * filters);
  for (let group = 0; group < geometry.groups; group++) {
    total.fill(0);
    for (let from = 0, to = 0; from < windows; from = to) {
      const end = (Math.floor(from / (unit * perImage)) + 1) * unit * perImage;
      to = Math.min(windows, end, from + part);
      eachImage(from, to, blocks, (image, first, last, row) =>
        gatherWindows(rows, row * entries, pixels, image * imageSize, geometry, group, first, last),
      );
      const columns = ndarray(rows, [to - from, entries]).transpose(1, 0);
      multiplyMatrices(sums, columns, outputsOf(outputs, from, to, geometry, group), []);
      for (let l = 0; l < total.length; l++) total[l]! += sums[l]!;
    }
    copyColumns(out.data, total, 0, entries, geometry, group);
  }
}

const arrayLike = (data: Data, size: number): Data => new (data.constructor as new (size: number) => Data)(size);

/**
 * Returns an array of zeros in which sums are accumulated. For a float32 result, returns a float64 array, so that the
 * result is rounded only once.
 */
const sumsLike = (data: Data, size: number): Data =>
  data instanceof Float32Array ? new Float64Array(size) : arrayLike(data, size);

/**
 * Returns the columns of the kernel matrix that hold the filters of one group of a grouped convolution. Their shape is
 * [entries, filters / groups].
 */
const columnsOf = (weights: Data, entries: number, { filters, groups }: Geometry, group: number): NdArray =>
  ndarray(weights, [entries, filters / groups], [filters, 1], (group * filters) / groups);

/**
 * Returns a view of the outputs of a convolution, for the windows `from` to `to` − 1 and the filters of one group. The
 * shape of the view is [to − from, filters / groups].
 */
const outputsOf = (outputs: Data, from: number, to: number, { filters, groups }: Geometry, group: number): NdArray =>
  ndarray(outputs, [to - from, filters / groups], [filters, 1], from * filters + (group * filters) / groups);

/**
 * Copies the outputs of one group of filters to their columns of `out`, in the rows `from` to `to` − 1. `out` has a
 * column for each filter of every group.
 */
function copyColumns(
  out: Data,
  part: Data,
  from: number,
  to: number,
  { filters, groups }: Geometry,
  group: number,
): void {
  const width = filters / groups;
  for (let row = from, l = 0; row < to; row++)
    for (let k = 0, o = row * filters + group * width; k < width; k++) out[o + k] = part[l++]!;
}

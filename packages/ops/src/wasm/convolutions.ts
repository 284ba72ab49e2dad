import type { Data } from "@wengert/core/extend";
import { blocksOf, type Geometry, partsOf } from "../loops/windows.ts";
import type { KernelCall } from "./calls.ts";
import { windowProduct } from "./crossovers.ts";
import { currentEngine } from "./engine.ts";

/** The result of a convolution kernel: the convolution itself, or its VJP for the images x or for the kernel. */
export type ConvolutionResult = "output" | "images" | "kernel";
/**
 * For each result: the argument `kind` of the WebAssembly kernel, and the indices of x, kernel and g among the inputs
 * and the output of the op.
 */
const kinds = {
  output: { kind: 0, tensors: [0, 1, 2] },
  images: { kind: 1, tensors: [2, 1, 0] },
  kernel: { kind: 2, tensors: [0, 2, 1] },
} as const;

/** The width of a tile of a product in bytes, and its number of rows. See kernels/convolutions.ts. */
const [tileBytes, tileRows] = [32, 5];
/** The VJP for the images computes at most about this many bytes of products before it adds them to the images. */
const productBytes = 2 ** 15;
/** A convolution applies each filter to at most this many bytes of an image at a time, which stay in the cache. */
const bandBytes = 2 ** 17;
/** The number of bytes of images and outputs that are copied to WebAssembly memory at a time. */
const chunkBytes = 2 ** 18;

/**
 * Returns the call of the kernel `convolution` that computes `result`. Returns `undefined` if an axis of the matrix
 * product has size 0. `size` is the number of bytes of an entry.
 */
export function convolutionCall(result: ConvolutionResult, g: Geometry, size: number): KernelCall | undefined {
  const { windows, perImage, entries, filters, imageSize } = blocksOf(g);
  if (windows * entries * filters === 0) return undefined;
  const { unit, part } = partsOf(g);
  const [spanY, spanX] = [
    (g.outHeight - 1) * g.strideY + (g.kernelHeight - 1) * g.dilationY + 1,
    (g.outWidth - 1) * g.strideX + (g.kernelWidth - 1) * g.dilationX + 1,
  ];
  const isInside = g.top === 0 && g.left === 0 && spanY <= g.height && spanX <= g.width;
  const [paddedHeight, paddedWidth] = isInside ? [g.height, g.width] : [spanY, spanX];
  const products = Math.floor(productBytes / (entries * size * tileRows));
  const rowsOfImage = Math.max(1, Math.floor(bandBytes / (g.strideY * paddedWidth * g.channels * size)));
  const block =
    result === "output" ? Math.min(rowsOfImage * g.outWidth, 400) : Math.max(20, Math.min(products * tileRows, 60));
  const across = (columns: number) => Math.ceil((columns * size) / tileBytes) * tileBytes;
  const bytes = {
    output: entries * across(filters) * g.groups,
    images: filters * across(entries) * g.groups + block * across(entries),
    kernel: part * across(filters) + entries * across(filters) * g.groups * (8 / size) + entries * tileBytes,
  }[result];
  const imageBytes = isInside ? 0 : paddedHeight * paddedWidth * g.channels * size;
  const { kind, tensors } = kinds[result];
  const outputSize = perImage * g.filters;
  return {
    kernel: "convolution",
    args: [
      ...[size, kind, g.images, ...tensors.map((tensor) => ({ tensor })), "scratch" as const, 1, 1],
      ...[unit, part, block, paddedHeight, paddedWidth, g.height, g.width, g.channels, g.kernelHeight, g.kernelWidth],
      ...[g.outHeight, g.outWidth, g.filters, g.groups, g.strideY, g.strideX, g.dilationY, g.dilationX, g.top, g.left],
    ],
    scratchBytes:
      4 * (2 * unit * perImage + entries + filters) + 2 * block * tileBytes + bytes + unit * imageBytes + 1024,
    rows:
      result === "kernel"
        ? undefined // a sum over all images
        : {
            count: 2,
            unit,
            addresses: [[3, imageSize * size], [5, outputSize * size]], // biome-ignore format: reads best on one line
            time: (windows * entries * g.filters * size) / 70, // 18 float32 multiplications and additions in a ns
          },
  };
}

/**
 * Computes a convolution or one of its VJPs by WebAssembly, and writes the result to the array that `result` names.
 * Returns false, and writes nothing, if WebAssembly would be slower than plain loops or runs out of memory. All arrays
 * are row-major.
 */
export function convolutionInWasm(
  result: ConvolutionResult,
  x: Data,
  kernel: Data,
  g: Data,
  geometry: Geometry,
): boolean {
  const engine = currentEngine();
  if (engine === null || (!engine.isForced && kernel.length < windowProduct)) return false;
  const size = x.BYTES_PER_ELEMENT;
  const isKernelType = (data: Data) => data.BYTES_PER_ELEMENT === size && !(data instanceof Int32Array);
  if (size < 4 || ![x, kernel, g].every(isKernelType)) return false;
  const call = convolutionCall(result, geometry, size);
  if (call === undefined) return false;
  const { workspace, exports } = engine;
  const { images } = geometry;
  const { unit } = partsOf(geometry);
  const [imageSize, outputSize] = [x.length / images, g.length / images];
  const units = Math.max(1, Math.floor(chunkBytes / ((imageSize + outputSize) * size * unit)));
  const chunk = Math.min(images, units * unit);
  const bytes = (chunk * (imageSize + outputSize) + kernel.length) * size + call.scratchBytes;
  if (!workspace.begin(bytes + 512)) return false;
  const [atX, atKernel, atG] = [chunk * imageSize, kernel.length, chunk * outputSize].map((count) =>
    workspace.allocate(count * size),
  ) as [number, number, number];
  const scratch = workspace.allocate(call.scratchBytes);
  const sizes = call.args.slice(9) as number[];
  if (result !== "kernel") workspace.write(atKernel, kernel, 0, kernel.length);
  for (let from = 0; from < images; from += chunk) {
    const count = Math.min(chunk, images - from);
    if (result !== "images") workspace.write(atX, x, from * imageSize, count * imageSize);
    if (result !== "output") workspace.write(atG, g, from * outputSize, count * outputSize);
    const flags = [from === 0, from + count === images].map(Number);
    exports.convolution(size, kinds[result].kind, count, atX, atKernel, atG, scratch, ...flags, ...sizes);
    if (result === "images") workspace.read(atX, x, from * imageSize, count * imageSize);
    if (result === "output") workspace.read(atG, g, from * outputSize, count * outputSize);
  }
  if (result === "kernel") workspace.read(atKernel, kernel, 0, kernel.length);
  return true;
}

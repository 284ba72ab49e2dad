import type { Data, Shape } from "@wengert/core/extend";
import { arithmetic } from "./crossovers.ts";
import { currentEngine } from "./engine.ts";

/** The shapes of the images, [N, H, W, C], and of the pooled output, and the sizes of the windows along H and W. */
interface Pooled {
  readonly images: Shape;
  readonly pool: Shape;
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly (readonly number[])[];
}

/**
 * The number of bytes of images copied to WebAssembly memory at a time. The copied bytes are still in the cache when
 * the kernel pools them.
 */
const chunkBytes = 2 ** 17;
/** The kernel runs only for windows of at most this many pixels. */
const largestWindow = 64;

/**
 * Computes a max pool of the images x. Without `u`, writes the maximum of each window to p. With `u`, computes the VJP:
 * reads the cotangents of the maxima from p, and writes the cotangent of x to u. Only windows that do not overlap are
 * allowed with `u`.
 *
 * Returns whether the kernel ran, which requires at least 16 bytes of channels per pixel.
 */
export function maxPoolInWasm(pooled: Pooled, p: Data, x: Data, u?: Data): boolean {
  const engine = currentEngine();
  const [count, height, width, channels] = pooled.images as readonly [number, number, number, number];
  const [, outHeight, outWidth] = pooled.pool as readonly [number, number, number];
  const [sizeY, sizeX] = pooled.size as readonly [number, number];
  const [strideY, strideX] = pooled.stride as readonly [number, number];
  const [[top], [left]] = pooled.padding as readonly [[number], [number]];
  const size = x.BYTES_PER_ELEMENT;
  const isSingle = x instanceof Float32Array;
  if (engine === null || x.length < (engine.isForced ? 1 : arithmetic) || sizeY * sizeX > largestWindow) return false;
  if (!(isSingle || x instanceof Float64Array) || channels * size < 16) return false;
  const { workspace, exports } = engine;
  const [imageSize, poolSize] = [height * width * channels, outHeight * outWidth * channels];
  const perChunk = Math.min(count, Math.max(1, Math.floor(chunkBytes / (imageSize * size))));
  const tableBytes = 4 * (sizeY * sizeX) ** 2;
  if (!workspace.begin(perChunk * (2 * imageSize + poolSize) * size + tableBytes + 512)) return false;
  const atX = workspace.allocate(perChunk * imageSize * size);
  const atU = workspace.allocate(perChunk * imageSize * size);
  const atP = workspace.allocate(perChunk * poolSize * size);
  const tables = workspace.allocate(tableBytes);
  const pool = isSingle ? exports.gatheredMax32 : exports.gatheredMax64;
  const spread = isSingle ? exports.spreadMax32 : exports.spreadMax64;

  // A window at the edge of an image has fewer pixels. So each size of window has its own table of pixel offsets.
  const pixel = channels * size;
  const known = new Set<number>();
  const offsetsOf = (rows: number, columns: number): number => {
    const table = (rows - 1) * sizeX + columns - 1;
    const address = tables + 4 * table * sizeY * sizeX;
    if (!known.has(table)) {
      const pixels = Array.from({ length: rows * columns }, (_, l) => Math.floor(l / columns) * width + (l % columns));
      workspace.write(
        address,
        Int32Array.from(pixels, (at) => at * pixel),
        0,
        pixels.length,
      );
      known.add(table);
    }
    return address;
  };

  for (let from = 0; from < count; from += perChunk) {
    const images = Math.min(perChunk, count - from);
    workspace.write(atX, x, from * imageSize, images * imageSize);
    if (u !== undefined) {
      workspace.write(atP, p, from * poolSize, images * poolSize);
      workspace.clear(atU, images * imageSize * size);
    }
    let toP = atP;
    for (let image = 0; image < images; image++)
      for (let row = 0; row < outHeight; row++) {
        const y = Math.max(row * strideY - top, 0);
        const rows = Math.min(row * strideY - top + sizeY, height) - y;
        for (let column = 0; column < outWidth; ) {
          const start = column * strideX - left;
          const firstX = Math.max(start, 0);
          const columns = Math.min(start + sizeX, width) - firstX;
          const isFull = columns === sizeX;
          const windows = isFull ? Math.min(outWidth, Math.floor((width - sizeX + left) / strideX) + 1) - column : 1;
          const at = ((image * height + y) * width + firstX) * pixel;
          const offsets = offsetsOf(rows, columns);
          const n = rows * columns;
          if (u === undefined) pool(n, offsets, windows, strideX * pixel, channels, toP, atX + at, 1);
          else spread(n, offsets, windows, strideX * pixel, channels, toP, atX + at, atU + at);
          toP += windows * pixel;
          column += windows;
        }
      }
    if (u === undefined) workspace.read(atP, p, from * poolSize, images * poolSize);
    else workspace.read(atU, u, from * imageSize, images * imageSize);
  }
  return true;
}

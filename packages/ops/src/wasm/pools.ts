import { type Data, type Shape, sizeOf } from "@wengert/core/extend";
import type { KernelCall } from "./calls.ts";
import { arithmetic } from "./crossovers.ts";
import { currentEngine } from "./engine.ts";

/** The result of the kernel `pool`: a max pool or a mean pool, or one of their VJPs. */
export type PoolResult = "max" | "maxPullback" | "mean" | "meanPullback";
/**
 * For each result: the argument `kind` of the WebAssembly kernel, and the indices of x, p and u among the inputs and
 * the output of the op.
 */
const kinds = {
  max: { kind: 0, tensors: [0, 1, undefined] },
  maxPullback: { kind: 1, tensors: [0, 1, 2] },
  mean: { kind: 2, tensors: [0, 1, undefined] },
  meanPullback: { kind: 3, tensors: [undefined, 0, 1] },
} as const;

/** The shapes of the images, [N, H, W, C], and of the pooled output, and the sizes of the windows along H and W. */
export interface Pooled {
  readonly images: Shape;
  readonly pool: Shape;
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly (readonly number[])[];
}

/** The number of bytes of images that are copied to WebAssembly memory at a time, so that they stay in the cache. */
const chunkBytes = 2 ** 17;

/**
 * Returns the call of the kernel `pool` that computes `result`. Returns `undefined` for the VJP of a pool with windows
 * that overlap, which the kernel cannot compute. `size` is the number of bytes of an entry.
 */
export function poolCall(result: PoolResult, pooled: Pooled, size: number): KernelCall | undefined {
  const { images, pool, size: window, stride, padding } = pooled;
  const { kind, tensors } = kinds[result];
  const isPullback = kind === 1 || kind === 3;
  if (isPullback && window.some((n, axis) => stride[axis]! < n)) return undefined;
  const [imageBytes, poolBytes] = [images, pool].map((shape) => sizeOf(shape.slice(1)) * size) as [number, number];
  return {
    kernel: "pool",
    args: [
      ...[size, kind, images[0]!, ...tensors.map((tensor) => (tensor === undefined ? 0 : { tensor }))],
      ...[...images.slice(1), ...pool.slice(1, 3), ...window, ...stride, ...padding.map(([before]) => before!)],
    ],
    scratchBytes: 0,
    // The kernel writes whole vectors of 16 bytes, so the end of one image may overwrite the start of the next image,
    // which another thread computes.
    rows:
      poolBytes % 16 > 0
        ? undefined
        : {
            count: 2,
            unit: 1,
            addresses: [[3, imageBytes], [4, poolBytes], [5, imageBytes]], // biome-ignore format: reads best on one line
            time: images[0]! * imageBytes * (isPullback ? 0.4 : 0.1), // in ns
          },
  };
}

/**
 * Computes a pool of the images x, and writes it to p. For a VJP, reads the cotangent of the pool from p, and writes the
 * cotangent of x to u. Returns whether the kernel ran.
 */
export function poolInWasm(result: PoolResult, pooled: Pooled, p: Data, x: Data | undefined, u?: Data): boolean {
  const engine = currentEngine();
  const size = p.BYTES_PER_ELEMENT;
  const isFloat = p instanceof Float32Array || p instanceof Float64Array;
  const isSame = [x, u].every((data) => data === undefined || data.constructor === p.constructor);
  if (engine === null || !isFloat || !isSame || p.length === 0) return false;
  if (!engine.isForced && sizeOf(pooled.images) < arithmetic) return false;
  const call = poolCall(result, pooled, size);
  if (call === undefined) return false;
  const { workspace, exports } = engine;
  const count = pooled.images[0]!;
  const [imageSize, poolSize] = [sizeOf(pooled.images.slice(1)), p.length / count];
  const chunk = Math.min(count, Math.max(1, Math.floor(chunkBytes / (imageSize * size))));
  if (!workspace.begin(chunk * (2 * imageSize + poolSize) * size + 512)) return false;
  const [atX, atU, atP] = [imageSize, imageSize, poolSize].map((entries) =>
    workspace.allocate(chunk * entries * size),
  ) as [number, number, number];
  const sizes = call.args.slice(6) as number[];
  for (let from = 0; from < count; from += chunk) {
    const images = Math.min(chunk, count - from);
    if (x !== undefined) workspace.write(atX, x, from * imageSize, images * imageSize);
    if (u !== undefined) workspace.write(atP, p, from * poolSize, images * poolSize);
    exports.pool(size, kinds[result].kind, images, atX, atP, atU, ...sizes);
    if (u === undefined) workspace.read(atP, p, from * poolSize, images * poolSize);
    else workspace.read(atU, u, from * imageSize, images * imageSize);
  }
  return true;
}

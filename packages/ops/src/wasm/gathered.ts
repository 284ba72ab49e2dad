import { type NdArray, sizeOf } from "@wengert/core/extend";
import { positionsOf, reductionLayout } from "../loops/columns.ts";
import { arithmetic } from "./crossovers.ts";
import { engineForReduction } from "./engine.ts";

/**
 * The number of bytes copied to WebAssembly memory at a time. The copied bytes are still in the cache when the kernel
 * reduces them.
 */
const chunkBytes = 2 ** 17;
/**
 * If the first axis of x is reduced, x must be copied to WebAssembly memory as a whole. The kernel then runs only if x
 * has at most this many bytes.
 */
const wholeBytes = 2 ** 23;
/** The kernel runs only for slices of at most this many entries. */
const longestSlice = 2 ** 14;
/** The kernel runs only if the last axis of x has at least this size. */
const shortestRow = 4;

/**
 * Reduces x over `axes` to sums divided by `divisor`, to maxima or to minima, and writes these to `out`. Returns
 * whether the kernel ran. It requires that x is row-major and that the last axis is not reduced. Plain loops give the
 * same bits.
 */
export function reductionInWasm(
  name: "Sum" | "Max" | "Min",
  out: NdArray,
  x: NdArray,
  axes: readonly number[],
  divisor = 1,
): boolean {
  const engine = engineForReduction(out, x);
  const size = x.data.BYTES_PER_ELEMENT;
  const total = sizeOf(x.shape);
  if (engine === null || total < (engine.isForced ? 1 : arithmetic)) return false;
  const { sizes, strides, lengths, steps } = reductionLayout(axes, x);
  const n = sizeOf(lengths);
  const [m, stride] = [sizes.pop()!, strides.pop()];
  if (stride !== 1 || m < shortestRow || n < 2 || n > longestSlice) return false;

  // The kernel copies x to WebAssembly memory in chunks, and the outputs of a chunk must be contiguous. So a chunk is a
  // range of the first axis of x, or all of x if the first axis is reduced.
  const isLeading = strides.length > 0 && strides[0]! > steps[0]!;
  const [count, span] = isLeading ? [sizes[0]!, strides[0]!] : [1, total];
  if (!isLeading && total * size > wholeBytes) return false;
  const perChunk = Math.min(count, Math.max(1, Math.floor(chunkBytes / (span * size))));
  const outputs = out.data.length / count;
  const { workspace, exports } = engine;
  if (!workspace.begin((perChunk * (span + outputs) + n) * size + 512)) return false;
  const [offsets, from, to] = [n, perChunk * span, perChunk * outputs].map((entries) =>
    workspace.allocate(entries * size),
  ) as [number, number, number];
  const kernel = exports[`gathered${name}${size === 4 ? 32 : 64}`];
  workspace.write(
    offsets,
    Int32Array.from(positionsOf(lengths, steps), (entry) => entry * size),
    0,
    n,
  );
  for (let at = 0; at < count; at += perChunk) {
    const part = Math.min(perChunk, count - at);
    workspace.write(from, x.data, x.offset + at * span, part * span);
    if (isLeading) sizes[0] = part;
    const rows = sizes.at(-1) ?? 1;
    for (const [i, position] of positionsOf(sizes.slice(0, -1), strides).entries())
      kernel(
        n,
        offsets,
        rows,
        (strides.at(-1) ?? 0) * size,
        m,
        to + i * rows * m * size,
        from + position * size,
        divisor,
      );
    workspace.read(to, out.data, at * outputs, part * outputs);
  }
  return true;
}

import { type Data, type NdArray, ravel } from "@wengert/core/extend";
import { randomBinaries } from "./binaries.ts";
import { random as crossover } from "./crossovers.ts";
import type { Library, RandomExports } from "./exports.ts";
import { engineOf } from "./kernels.ts";
import type { Workspace } from "./workspace.ts";

// Random numbers in WebAssembly. Plain loops give the same bits, so the choice between the two depends only on how many
// numbers are drawn.

const library: Library<RandomExports> = { slot: 1, parts: randomBinaries };

/** The number of bytes of random numbers computed and copied out at a time, chosen so that they stay in the cache. */
const chunkBytes = 32768;

/**
 * Computes `count` entries of the output, beginning with entry number `from`, and writes them to `address` in
 * WebAssembly memory.
 */
type Fill = (exports: RandomExports, from: number, count: number, address: number, workspace: Workspace) => void;

/**
 * Fills the array `out` in chunks, each computed by a call of `fill`, if kernels are in use and `out` has a float
 * dtype. Returns whether the kernels ran.
 */
function inChunks(out: Data, fill: Fill): boolean {
  const engine = engineOf(library);
  if (engine === null || out.length < (engine.isForced ? 1 : crossover)) return false;
  if (!(out instanceof Float32Array || out instanceof Float64Array)) return false;
  const { exports, workspace } = engine;
  const size = Math.min(out.length, chunkBytes / 8);
  if (!workspace.begin(8 * size + 80)) return false;
  const address = workspace.allocate(8 * size);
  for (let from = 0; from < out.length; from += size) {
    const count = Math.min(size, out.length - from);
    fill(exports, from, count, address, workspace);
    workspace.read(address, out, from, count);
  }
  return true;
}

/** Uniform numbers u from [0, 1) are mapped to min + range · u, and limited to [first, last]. */
export interface Interval {
  readonly min: number;
  readonly range: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Fills `out` with uniform numbers in `interval`. The first number has the index `counter` in the sequence of the key.
 * Returns whether the kernel ran.
 */
export function uniformInWasm(
  out: Data,
  key: Data,
  counter: number,
  stream: number,
  { min, range, first, last }: Interval,
): boolean {
  const [k0, k1] = [key[0]!, key[1]!];
  return inChunks(out, ({ uniform32, uniform64 }, from, count, address) => {
    const kernel = out instanceof Float32Array ? uniform32 : uniform64;
    kernel(count, address, k0, k1, counter + from, stream, min, range, first, last);
  });
}

/**
 * Fills `out` with standard normal numbers from a counter-based generator, with counters from 0 on. Returns whether the
 * kernel ran.
 */
export function normalInWasm(out: Data, key: Data, radius: number, angle: number): boolean {
  const [k0, k1] = [key[0]!, key[1]!];
  return inChunks(out, ({ normal32, normal64 }, from, count, address) => {
    const kernel = out instanceof Float32Array ? normal32 : normal64;
    kernel(count, address, k0, k1, from, radius, angle);
  });
}

/**
 * Converts float64 numbers u, uniform in [0, 1), to random numbers of the exponential or the Gumbel distribution, and
 * writes these to `out`. Returns whether the kernel ran.
 */
export function distributionInWasm(out: NdArray, u: NdArray, name: "exponential" | "gumbel"): boolean {
  const values = ravel(u);
  if (!(values instanceof Float64Array)) return false;
  return inChunks(out.data, (exports, from, count, address, workspace) => {
    workspace.write(address, values, from, count);
    exports[`${name}${out.data instanceof Float32Array ? 32 : 64}`](count, address, address);
  });
}

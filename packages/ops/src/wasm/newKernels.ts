import { currentEngine, kernels, library } from "./engine.ts";
import type { Exports } from "./exports.ts";
import { instantiate, instantiateShared, type SharedKernels } from "./kernels.ts";

/**
 * Returns new exports of the kernels in use, with a separate memory, for a program that keeps its data in this memory.
 * If no WebAssembly kernels can run, returns a text with the reason.
 */
export function newKernels(): Exports | string {
  const name = nameOfNew();
  return name === undefined ? "plain kernels are chosen" : instantiate(library, name);
}

/** Returns new kernels, as `newKernels` does, in memory that several threads can share. */
export function newSharedKernels(): SharedKernels<Exports> | string {
  const name = nameOfNew();
  return name === undefined ? "plain kernels are chosen" : instantiateShared(library, name);
}

const nameOfNew = () => currentEngine()?.name ?? (kernels().choice === "plain" ? undefined : "simd");

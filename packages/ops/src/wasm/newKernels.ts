import { currentEngine, kernels, library } from "./engine.ts";
import type { Exports } from "./exports.ts";
import { instantiate } from "./kernels.ts";

/**
 * Returns new exports of the kernels in use, with a separate memory, for a program that keeps its data in this memory.
 * Returns the reason if no kernels can run.
 */
export function newKernels(): Exports | string {
  const name = currentEngine()?.name;
  if (name !== undefined) return instantiate(library, name);
  return kernels().choice === "plain" ? "plain kernels are chosen" : instantiate(library, "simd");
}

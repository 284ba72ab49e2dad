import { isRowMajor, type NdArray } from "@wengert/core/extend";
import { binaries } from "./binaries.ts";
import type { Exports, Library } from "./exports.ts";
import { chooseKernels, type Engine, engineOf, type Kernels, type KernelsInUse } from "./kernels.ts";

/** The library of WebAssembly kernels for all ops, except for kernels that draw random numbers. */
export const library: Library<Exports> = { slot: 0, parts: binaries };

/** Returns the kernels in use, or `null` for plain JavaScript loops. Loads the kernels at the first call. */
export const currentEngine = (): Engine<Exports> | null => engineOf(library);

/** Returns the kernels in use, if `out` and x have the same float dtype and x is row-major; otherwise `null`. */
export function engineForReduction(out: NdArray, x: NdArray): Engine<Exports> | null {
  const isFloat = x.data instanceof Float32Array || x.data instanceof Float64Array;
  return isFloat && out.data.constructor === x.data.constructor && isRowMajor(x) ? currentEngine() : null;
}

/**
 * Returns the kernels in use. With an argument, first chooses the kernels for all later ops. The environment variable
 * WENGERT_KERNELS sets the initial choice; its default is "auto".
 * @throws ArgumentError if the name is unknown or the kernels cannot run here; the message says why
 */
export function kernels(candidates?: Kernels | "auto"): KernelsInUse {
  return chooseKernels(library, candidates);
}

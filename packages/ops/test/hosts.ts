import { library } from "../src/wasm/engine.ts";
import type * as Kernels from "../src/wasm/kernels.ts";

/** A separate copy of the module src/wasm/kernels.ts, so that a test can choose kernels without changing those of other tests. */
interface OwnKernels {
  kernels(candidates?: Kernels.Kernels | "auto"): Kernels.KernelsInUse;
  currentEngine(): Kernels.Engine | null;
  sharedKernels(): object | string;
}

/** A simulated JavaScript engine with its own `WebAssembly` object and its own copy of the kernels module. */
interface Host {
  readonly WebAssembly: unknown;
  readonly own: OwnKernels;
}

let hosts = 0;

/**
 * Simulates a JavaScript engine with the given `WebAssembly` object. src/wasm/kernels.ts caches the loaded kernels, so
 * each simulated engine imports its own copy of this module.
 */
export async function host(WebAssembly: unknown): Promise<Host> {
  const copy: typeof Kernels = await import(/* @vite-ignore */ `../src/wasm/kernels.ts?host=${hosts++}`);
  // A function that JavaScript's `bind` made adds no entry to the stack of an error, but an arrow function would.
  const kernels: OwnKernels["kernels"] = copy.chooseKernels.bind(null, library);
  const currentEngine = copy.engineOf.bind(null, library) as OwnKernels["currentEngine"];
  const sharedKernels = copy.instantiateShared.bind(null, library, "simd");
  return { WebAssembly, own: { kernels, currentEngine, sharedKernels } };
}

/**
 * Runs `body` with the global `WebAssembly` of a simulated engine. `body` receives the functions of this engine's copy
 * of src/wasm/kernels.ts.
 */
export function on<T>({ WebAssembly, own }: Host, body: (own: OwnKernels) => T): T {
  const globals = globalThis as { WebAssembly?: unknown };
  const realWebAssembly = globals.WebAssembly;
  try {
    globals.WebAssembly = WebAssembly;
    return body(own);
  } finally {
    globals.WebAssembly = realWebAssembly;
  }
}

interface WebAssemblyHere {
  validate(binary: Uint8Array): boolean;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Record<string, unknown> };
}
const realWebAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyHere }).WebAssembly;

/** Returns a copy of the global object `WebAssembly` with some members replaced. */
export const webAssemblyWith = (overrides: Partial<WebAssemblyHere> = {}): WebAssemblyHere => ({
  validate: realWebAssembly.validate,
  Module: realWebAssembly.Module,
  Instance: realWebAssembly.Instance,
  ...overrides,
});

/** Returns a class whose constructor throws `error`. */
export const throwingClass = (error: Error): (new () => never) =>
  class {
    constructor() {
      throw error;
    }
  } as new () => never;

/**
 * Returns the `WebAssembly` object of a simulated engine without relaxed SIMD. The function `validate` of this object
 * rejects the first binary, the build with relaxed SIMD, and accepts all others.
 */
export function withoutRelaxedSimd(): WebAssemblyHere {
  let calls = 0;
  return webAssemblyWith({ validate: () => calls++ > 0 });
}

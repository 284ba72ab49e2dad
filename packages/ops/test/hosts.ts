import type * as Kernels from "../src/wasm/kernels.ts";

/** A simulated host: its WebAssembly, and a fresh copy of the kernels. */
interface Host {
  readonly WebAssembly: unknown;
  readonly kernels: typeof Kernels;
}

let hosts = 0;

/** Creates a host with its own copy of src/wasm/kernels.ts, because loaded kernels are state of that module. */
export async function host(WebAssembly: unknown): Promise<Host> {
  const kernels: typeof Kernels = await import(/* @vite-ignore */ `../src/wasm/kernels.ts?host=${hosts++}`);
  return { WebAssembly, kernels };
}

/** Runs `body` on `host` with the exports of its src/wasm/kernels.ts. */
export function on<T>({ WebAssembly, kernels }: Host, body: (own: typeof Kernels) => T): T {
  const globals = globalThis as { WebAssembly?: unknown };
  const realWebAssembly = globals.WebAssembly;
  try {
    globals.WebAssembly = WebAssembly;
    return body(kernels);
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

/** This host's WebAssembly with some parts replaced. */
export const webAssemblyWith = (overrides: Partial<WebAssemblyHere> = {}): WebAssemblyHere => ({
  validate: realWebAssembly.validate,
  Module: realWebAssembly.Module,
  Instance: realWebAssembly.Instance,
  ...overrides,
});

/** A class with a constructor that throws. */
export const throwingClass = (error: Error): (new () => never) =>
  class {
    constructor() {
      throw error;
    }
  } as new () => never;

/** WebAssembly that validates only the older of the two builds. The newer one is tried first. */
export function withoutRelaxedSimd(): WebAssemblyHere {
  let calls = 0;
  return webAssemblyWith({ validate: () => calls++ > 0 });
}

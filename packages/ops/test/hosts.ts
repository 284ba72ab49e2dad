import type * as Kernels from "../src/wasm/kernels.ts";

/** Where a program may run: the WebAssembly that it finds, and the kernels of a package that was never used before. */
interface Host {
  readonly WebAssembly: unknown;
  readonly kernels: typeof Kernels;
}

let hosts = 0;

/** A host, with a copy of src/wasm/kernels.ts of its own: what it has loaded is state of that module. */
export async function host(WebAssembly: unknown): Promise<Host> {
  const kernels: typeof Kernels = await import(/* @vite-ignore */ `../src/wasm/kernels.ts?host=${hosts++}`);
  return { WebAssembly, kernels };
}

/** What `body` comes to on `host`: it is given what src/wasm/kernels.ts exports there. */
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

/** WebAssembly as it is here, but for some of it. */
export const webAssemblyWith = (overrides: Partial<WebAssemblyHere> = {}): WebAssemblyHere => ({
  validate: realWebAssembly.validate,
  Module: realWebAssembly.Module,
  Instance: realWebAssembly.Instance,
  ...overrides,
});

/** A class that cannot be constructed. */
export const throwingClass = (error: Error): (new () => never) =>
  class {
    constructor() {
      throw error;
    }
  } as new () => never;

/** WebAssembly that knows the older of the two builds only; the newer one is what is asked for first. */
export function withoutRelaxedSimd(): WebAssemblyHere {
  let calls = 0;
  return webAssemblyWith({ validate: () => calls++ > 0 });
}

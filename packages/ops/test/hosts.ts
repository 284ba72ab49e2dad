import type * as Kernels from "../src/wasm/kernels.ts";

/** Where a program may run: the WebAssembly that it finds, and the kernels of a package that was never used before. */
interface Host {
  readonly WebAssembly: unknown;
  readonly own: typeof Kernels;
}

let hosts = 0;

/** A host, with a copy of src/wasm/kernels.ts of its own: what it has loaded is state of that module. */
export async function host(WebAssembly: unknown): Promise<Host> {
  const own: typeof Kernels = await import(/* @vite-ignore */ `../src/wasm/kernels.ts?host=${hosts++}`);
  return { WebAssembly, own };
}

/** What `body` comes to on `host`: it is given what src/wasm/kernels.ts exports there. */
export function on<T>({ WebAssembly, own }: Host, body: (own: typeof Kernels) => T): T {
  const here = globalThis as { WebAssembly?: unknown };
  const usual = here.WebAssembly;
  try {
    here.WebAssembly = WebAssembly;
    return body(own);
  } finally {
    here.WebAssembly = usual;
  }
}

interface WebAssemblyHere {
  validate(binary: Uint8Array): boolean;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Record<string, unknown> };
}
const usual = (globalThis as unknown as { WebAssembly: WebAssemblyHere }).WebAssembly;

/** WebAssembly as it is here, but for some of it. */
export const webAssembly = (but: Partial<WebAssemblyHere> = {}): WebAssemblyHere => ({
  validate: usual.validate,
  Module: usual.Module,
  Instance: usual.Instance,
  ...but,
});

/** A class that cannot be constructed. */
export const failing = (error: Error): (new () => never) =>
  class {
    constructor() {
      throw error;
    }
  } as new () => never;

/** WebAssembly that knows the older of the two builds only; the newer one is what is asked for first. */
export function withoutRelaxedSimd(): WebAssemblyHere {
  let asked = 0;
  return webAssembly({ validate: () => asked++ > 0 });
}

/** Compiles a WebAssembly binary, connects its imports, and returns its exports. */
export function instantiate(
  binary: Uint8Array,
  imports: Readonly<Record<string, object>>,
): Readonly<Record<string, () => void>> {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  return new WebAssembly.Instance(new WebAssembly.Module(binary), imports).exports;
}

/** The subset of WebAssembly's declarations that plans use. */
interface WebAssemblyApi {
  Module: new (binary: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: Readonly<Record<string, object>>,
  ) => { readonly exports: Readonly<Record<string, () => void>> };
}

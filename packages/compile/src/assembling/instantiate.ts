/** Compiles a WebAssembly binary and connects its imports. Returns the compiled module and its exports. */
export function instantiate(
  binary: Uint8Array,
  imports: Readonly<Record<string, object>>,
): { readonly module: object; readonly exports: Readonly<Record<string, () => void>> } {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  const module = new WebAssembly.Module(binary);
  return { module, exports: new WebAssembly.Instance(module, imports).exports };
}

/** The members of the global `WebAssembly` that this package uses. */
interface WebAssemblyApi {
  Module: new (binary: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: Readonly<Record<string, object>>,
  ) => { readonly exports: Readonly<Record<string, () => void>> };
}

// The kernels of @wengert/ops in AssemblyScript. tools/setup/kernels.mjs compiles them to WebAssembly twice: with
// SIMD128, and with relaxed SIMD (FMA). A kernel receives the addresses of its operands, which are row-major and
// contiguous. Arrays begin at multiples of 16 bytes and are followed by 64 unused bytes, so kernels may read and write
// whole vectors at their ends.
//
// AssemblyScript allows decorators (@inline) on functions and constants, but TypeScript allows them only on classes.
// Editors read these files as TypeScript. So a comment `@ts-ignore: decorator` before each decorator hides the error.

export * from "./elementwise";
export * from "./gathered";
export * from "./gemm";
export * from "./lanes";
export * from "./losses";
export * from "./softmax";
export * from "./sums";
export * from "./windows";

/** Returns the first free address in WebAssembly memory after the lookup tables. */
export function free(): usize {
  return (__heap_base + 15) & ~15;
}

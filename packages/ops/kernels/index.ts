// The kernels of @wengert/ops in AssemblyScript. tools/setup/kernels.mjs compiles them to WebAssembly twice: with
// SIMD128, and with relaxed SIMD (FMA). Operands are row-major and contiguous. Each operand begins at a multiple of 16
// bytes and is followed by 64 unused bytes, so kernels may read and write whole SIMD vectors at its end.
//
// The comments `@ts-ignore: decorator` hide errors that editors report, because TypeScript allows decorators such as
// @inline only on classes.

export * from "./batches";
export * from "./convolutions";
export * from "./elementwise";
export * from "./gathered";
export * from "./gemm";
export * from "./lanes";
export * from "./long";
export * from "./losses";
export * from "./pools";
export * from "./softmax";
export * from "./sums";
export * from "./variance";

/** Returns the first free address in WebAssembly memory after the lookup tables. */
export function free(): usize {
  return (__heap_base + 15) & ~15;
}

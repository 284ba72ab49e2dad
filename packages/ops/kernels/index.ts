// The kernels of @wengert/ops in AssemblyScript. tools/setup/kernels.mjs compiles them to WebAssembly twice: with
// SIMD128, and with relaxed SIMD (FMA). A kernel receives the addresses of its operands, which are row-major and
// contiguous. Arrays begin at multiples of 16 bytes and are followed by 64 unused bytes, so whole vectors may be read
// and written at their ends.
//
// AssemblyScript allows decorators (@inline) on functions and constants, TypeScript only on classes. Editors read these
// files as TypeScript, so `@ts-ignore: decorator` precedes each decorator and hides that error.

export * from "./elementwise";
export * from "./gemm";
export * from "./losses";
export * from "./softmax";
export * from "./sums";

/** Returns the first address after the tables of these kernels. */
export function free(): usize {
  return (__heap_base + 15) & ~15;
}

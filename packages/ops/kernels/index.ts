// The kernels of @wengert/ops in AssemblyScript: what tools/setup/kernels.mjs compiles to WebAssembly, once with SIMD128 and once
// with relaxed SIMD too (FMA). A kernel finds its operands, row by row and one array behind the other, at the addresses that
// it is given. Arrays begin at multiples of 16 bytes and are followed by 64 bytes which belong to nobody: whole vectors
// may be read and written at their ends.
//
// AssemblyScript has decorators on functions and constants (@inline), TypeScript only on classes: so that editors, which read
// these files as TypeScript, mark real errors alone, `@ts-ignore: decorator` stands before each.

export * from "./elementwise";
export * from "./gemm";
export * from "./losses";
export * from "./softmax";
export * from "./sums";

/** The first address that holds no table of these kernels. */
export function free(): usize {
  return (__heap_base + 15) & ~15;
}

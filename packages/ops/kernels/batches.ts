// Computes many small matrix products C = A B with one call. The products form a table of `outer` rows and `inner`
// columns, and each matrix has two strides in bytes: from one row of the table to the next, and from one column to the
// next. The other arguments are those of `gemm`.

import { gemm32, gemm64 } from "./gemm";

export function gemmBatch32(
  outer: i32, inner: i32, aOuter: usize, aInner: usize, bOuter: usize, bInner: usize, cOuter: usize, cInner: usize,
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, bCol: usize,
  c: usize, cRow: usize, cCol: usize, part: i32, scratch: usize,
): void {
  for (; outer > 0; outer--) {
    for (let i: usize = 0; i < <usize>inner; i++)
      gemm32(m, n, k, a + i * aInner, aRow, aCol, b + i * bInner, bRow, bCol, c + i * cInner, cRow, cCol, true, false, part, scratch);
    a += aOuter, b += bOuter, c += cOuter;
  }
}

export function gemmBatch64(
  outer: i32, inner: i32, aOuter: usize, aInner: usize, bOuter: usize, bInner: usize, cOuter: usize, cInner: usize,
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, bCol: usize,
  c: usize, cRow: usize, cCol: usize, part: i32, scratch: usize,
): void {
  for (; outer > 0; outer--) {
    for (let i: usize = 0; i < <usize>inner; i++)
      gemm64(m, n, k, a + i * aInner, aRow, aCol, b + i * bInner, bRow, bCol, c + i * cInner, cRow, cCol, true, false, part, scratch);
    a += aOuter, b += bOuter, c += cOuter;
  }
}

// Computes a float32 matrix product C = A B in which A has at most 10 rows and B exceeds the processor's cache. In the
// gradient of a linear model, for example, A is the transposed cotangent and B is the data. The tiles in gemm.ts read B
// down its columns, which the processor's prefetcher cannot follow. This kernel reads a few whole rows of B at a time.
//
// Each sum adds the same terms in the same order as the tiles in gemm.ts, so the bits are equal. Strides are in bytes.

import { copy, gemm32 } from "./gemm";

/** The number of rows of B that are read at a time. The prefetcher follows no more than about 16 rows at once. */
const depth: i32 = 14;
/** The number of bytes of temporary memory that gemm32 needs for 10 rows of A with `depth` entries each. */
const gemmBytes: usize = 880;

/**
 * Computes C = A B for A [m, k] and B [k, n] with m ≤ 10 and k > 0. The rows of B must be contiguous. Sums are split
 * into blocks of at most `part` terms. `scratch` is the address of temporary memory: 880 bytes, then two matrices
 * [m, n] whose rows are padded to a multiple of 32 bytes.
 */
export function gemmLong32(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize,
  c: usize, cRow: usize, cCol: usize, part: i32, scratch: usize,
): void {
  const padded = (n + 7) & ~7;
  const rowBytes = <usize>padded * 4, bytes = rowBytes * m;
  // `totals` holds the sums of the first block of terms, to which the sums of the next blocks are added.
  const totals = scratch + gemmBytes, next = totals + bytes;
  for (let p = 0; p < k; p += part) {
    const sums = p == 0 ? totals : next;
    const end = min(p + part, k);
    for (let q = p; q < end; q += depth) {
      const terms = min(depth, end - q);
      const left = a + <usize>q * aCol, right = b + <usize>q * bRow;
      gemm32(m, padded, terms, left, aRow, aCol, right, bRow, 4, sums, rowBytes, 4, q == p, true, depth, scratch);
    }
    if (p > 0)
      for (let at = totals; at < next; at += 16) v128.store(at, f32x4.add(v128.load(at), v128.load(at + bytes)));
  }
  copy<f32>(m, n, c, cRow, cCol, totals, rowBytes, 4);
}

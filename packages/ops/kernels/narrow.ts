// Computes a float32 matrix product C = A B in which B has 10 columns, such as the scores of 10 classes. Tiles of 8
// columns would waste 6 of 16 columns, or need a copy of A. This kernel reads the rows of A in place, and wastes no
// column.
//
// Each sum adds the same terms in the same order as the tiles in gemm.ts, so the bits are equal. Strides are in bytes.

import { madd32 } from "./vector";

/** The number of bytes of a row of C. */
const rowBytes: usize = 40;
/** The number of bytes of a packed row of B: columns 0 to 9, then columns 8 and 9 again. */
const packedBytes: usize = 48;

/**
 * Multiplies four rows of A by the packed matrix B, and writes the products to four rows of C. A vector holds the sums
 * of columns 8 and 9 for two rows.
 */
function fourRows(k: i32, a: usize, aRow: usize, b: usize, c: usize, cRow: usize): void {
  a -= 4, b -= packedBytes;
  let a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let s00 = i64x2.splat(0), s01 = s00, s10 = s00, s11 = s00, pair0 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00, pair1 = s00;
  const end = a + <usize>k * 4;
  if (a < end) do {
    a += 4, a1 += 4, a2 += 4, a3 += 4, b += packedBytes;
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32);
    const x0 = v128.load32_splat(a);
    s00 = madd32(x0, b0, s00), s01 = madd32(x0, b1, s01);
    const x1 = v128.load32_splat(a1);
    s10 = madd32(x1, b0, s10), s11 = madd32(x1, b1, s11);
    pair0 = madd32(i64x2.shuffle(x0, x1, 0, 2), b2, pair0);
    const x2 = v128.load32_splat(a2);
    s20 = madd32(x2, b0, s20), s21 = madd32(x2, b1, s21);
    const x3 = v128.load32_splat(a3);
    s30 = madd32(x3, b0, s30), s31 = madd32(x3, b1, s31);
    pair1 = madd32(i64x2.shuffle(x2, x3, 0, 2), b2, pair1);
  } while (a < end);
  v128.store(c, s00), v128.store(c, s01, 16), v128.store64_lane(c, pair0, 0, 32), c += cRow;
  v128.store(c, s10), v128.store(c, s11, 16), v128.store64_lane(c, pair0, 1, 32), c += cRow;
  v128.store(c, s20), v128.store(c, s21, 16), v128.store64_lane(c, pair1, 0, 32), c += cRow;
  v128.store(c, s30), v128.store(c, s31, 16), v128.store64_lane(c, pair1, 1, 32);
}

/**
 * Computes C = A B if `isFirst` is set, else C += A B, for A [m, k] and B [k, 10] with m > 3. The rows of A, B and C
 * must be contiguous. Sums are split into blocks of at most `part` terms. `scratch` is temporary memory for four rows
 * of C and a packed block of B.
 */
export function narrow(
  m: i32, k: i32, a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, isFirst: bool, part: i32, scratch: usize,
): void {
  const packed = scratch + 4 * rowBytes;
  for (let p = 0; p < k; p += part) {
    const terms = min(part, k - p);
    for (let q = 0, to = packed; q < terms; q++) {
      v128.store(to, v128.load(b)), v128.store(to, v128.load(b, 16), 16), v128.store(to, v128.load64_splat(b, 32), 32);
      b += bRow, to += packedBytes;
    }
    for (let i = 0; i < m; i += 4) {
      // The last four rows may include rows that have been computed before.
      const row = min(i, m - 4);
      const from = a + <usize>row * aRow, to = c + <usize>row * cRow;
      // The function is called in two places, because the compiler would inline a function with a single call. V8 would
      // then keep too few sums in registers.
      if (isFirst) fourRows(terms, from, aRow, packed, to, cRow);
      else {
        fourRows(terms, from, aRow, packed, scratch, rowBytes);
        for (let r = <usize>(i - row); r < 4; r++)
          for (let j: usize = 0; j < rowBytes; j += 4) {
            const at = to + r * cRow + j;
            store<f32>(at, load<f32>(at) + load<f32>(scratch + r * rowBytes + j));
          }
      }
    }
    isFirst = false;
    a += <usize>part * 4;
  }
}

// Computes the matrix product C = A B in tiles of up to 5 rows by 32 bytes, whose sums are kept in registers. Tiles of 6
// rows are at most 4 % faster, but divide 10 or 128 rows less evenly. Tiles of 4 rows by 48 bytes exceed V8's 15
// registers.
//
// The inner loops have the form `if (a < end) do { a += …; b += …; … } while (a < end)`. V8 computes a constant address
// offset before the loop only if the condition is at the end. The pointers are advanced first, because V8 otherwise
// copies each pointer in each step. With this form, products of large matrices take 13 % less time in Node 20.
//
// Every tile sums each element of C in ascending order of the inner index. So the bits of C do not depend on its size
// or on the layout of A and B. Strides are in bytes.

import { narrow } from "./narrow";
import { madd32, madd64 } from "./vector";

/** The number of rows in a tile of the output, and the width of the tile in bytes. */
const tall: i32 = 5;
const wide: usize = 32;
/** The number of rows of the left matrix A that are packed together, chosen so that they fit in the L2 cache. */
const many: i32 = 60;

/** The number of bytes of a tile of the output. */
const tileBytes: usize = <usize>tall * wide;

/** The number of matrix entries in a SIMD vector. */
// @ts-ignore: decorator
@inline
function group<T>(): i32 {
  return <i32>(16 / sizeof<T>());
}

// @ts-ignore: decorator
@inline
function madd<T>(x: v128, y: v128, sum: v128): v128 {
  if (sizeof<T>() == 4) return madd32(x, y, sum);
  return madd64(x, y, sum);
}

/**
 * Multiplies rows of A, copied to contiguous memory, by columns of B. Adds the product to the tile of C at address `c`,
 * or overwrites the tile if `isFirst` is set. The rows of B are `step` bytes apart.
 */
// @ts-ignore: decorator
@inline
function add<T>(rows: i32, k: i32, a: usize, b: usize, step: usize, c: usize, cRow: usize, isFirst: bool): void {
  let s00 = i64x2.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
  let s30 = s00, s31 = s00, s40 = s00, s41 = s00;
  const c1 = c + cRow, c2 = c1 + cRow, c3 = c2 + cRow, c4 = c3 + cRow;
  if (!isFirst) {
    s00 = v128.load(c), s01 = v128.load(c, 16);
    if (rows > 1) s10 = v128.load(c1), s11 = v128.load(c1, 16);
    if (rows > 2) s20 = v128.load(c2), s21 = v128.load(c2, 16);
    if (rows > 3) s30 = v128.load(c3), s31 = v128.load(c3, 16);
    if (rows > 4) s40 = v128.load(c4), s41 = v128.load(c4, 16);
  }
  a -= rows * sizeof<T>(), b -= step;
  const end = a + <usize>k * rows * sizeof<T>();
  if (a < end) do {
    a += rows * sizeof<T>(), b += step;
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a);
    s00 = madd<T>(x, b0, s00), s01 = madd<T>(x, b1, s01);
    if (rows > 1) {
      x = v128.load_splat<T>(a, sizeof<T>());
      s10 = madd<T>(x, b0, s10), s11 = madd<T>(x, b1, s11);
    }
    if (rows > 2) {
      x = v128.load_splat<T>(a, 2 * sizeof<T>());
      s20 = madd<T>(x, b0, s20), s21 = madd<T>(x, b1, s21);
    }
    if (rows > 3) {
      x = v128.load_splat<T>(a, 3 * sizeof<T>());
      s30 = madd<T>(x, b0, s30), s31 = madd<T>(x, b1, s31);
    }
    if (rows > 4) {
      x = v128.load_splat<T>(a, 4 * sizeof<T>());
      s40 = madd<T>(x, b0, s40), s41 = madd<T>(x, b1, s41);
    }
  } while (a < end);
  v128.store(c, s00), v128.store(c, s01, 16);
  if (rows > 1) v128.store(c1, s10), v128.store(c1, s11, 16);
  if (rows > 2) v128.store(c2, s20), v128.store(c2, s21, 16);
  if (rows > 3) v128.store(c3, s30), v128.store(c3, s31, 16);
  if (rows > 4) v128.store(c4, s40), v128.store(c4, s41, 16);
}

function tile<T>(rows: i32, k: i32, a: usize, b: usize, step: usize, c: usize, cRow: usize, isFirst: bool): void {
  if (rows == 5) add<T>(5, k, a, b, step, c, cRow, isFirst);
  else if (rows == 4) add<T>(4, k, a, b, step, c, cRow, isFirst);
  else if (rows == 3) add<T>(3, k, a, b, step, c, cRow, isFirst);
  else if (rows == 2) add<T>(2, k, a, b, step, c, cRow, isFirst);
  else add<T>(1, k, a, b, step, c, cRow, isFirst);
}

/**
 * Computes a tile of C of one row and 128 bytes. Each cache line of B is read only once, even if the rows of B are far
 * apart.
 */
function row<T>(k: i32, a: usize, b: usize, step: usize, c: usize, isFirst: bool): void {
  let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  if (!isFirst) {
    s0 = v128.load(c), s1 = v128.load(c, 16), s2 = v128.load(c, 32), s3 = v128.load(c, 48);
    s4 = v128.load(c, 64), s5 = v128.load(c, 80), s6 = v128.load(c, 96), s7 = v128.load(c, 112);
  }
  a -= sizeof<T>(), b -= step;
  const end = a + <usize>k * sizeof<T>();
  if (a < end) do {
    a += sizeof<T>(), b += step;
    const x = v128.load_splat<T>(a);
    s0 = madd<T>(x, v128.load(b), s0), s1 = madd<T>(x, v128.load(b, 16), s1);
    s2 = madd<T>(x, v128.load(b, 32), s2), s3 = madd<T>(x, v128.load(b, 48), s3);
    s4 = madd<T>(x, v128.load(b, 64), s4), s5 = madd<T>(x, v128.load(b, 80), s5);
    s6 = madd<T>(x, v128.load(b, 96), s6), s7 = madd<T>(x, v128.load(b, 112), s7);
  } while (a < end);
  v128.store(c, s0), v128.store(c, s1, 16), v128.store(c, s2, 32), v128.store(c, s3, 48);
  v128.store(c, s4, 64), v128.store(c, s5, 80), v128.store(c, s6, 96), v128.store(c, s7, 112);
}

/**
 * Adds the rows at address `from` to the rows at address `to`: `rows` rows of floats, each `wide` bytes long. The rows
 * at `from` are contiguous.
 */
function addRows(rows: i32, to: usize, toRow: usize, from: usize): void {
  for (let i = 0; i < rows; i++) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    v128.store(to, f32x4.add(v128.load(to, 16), v128.load(from, 16)), 16);
    to += toRow, from += wide;
  }
}

/** Copies rows of A to contiguous memory, tile by tile, and each tile column by column. */
function packRows<T>(m: i32, k: i32, to: usize, a: usize, aRow: usize, aCol: usize): void {
  for (let i = 0; i < m; i += tall) {
    const rows = min(tall, m - i);
    const next = <usize>rows * sizeof<T>();
    let r = 0;
    for (; r + group<T>() <= rows; r += group<T>()) {
      if (aCol == sizeof<T>()) transpose<T>(k, to + <usize>r * sizeof<T>(), next, a, 0, 3, aRow);
      else {
        let from = a, q = to + <usize>r * sizeof<T>();
        for (let p = 0; p < k; p++) {
          v128.store(q, v128.load(from));
          from += aCol, q += next;
        }
      }
      a += aRow * group<T>();
    }
    for (; r < rows; r++) {
      let from = a, q = to + <usize>r * sizeof<T>();
      for (let p = 0; p < k; p++) {
        store<T>(q, load<T>(from));
        from += aCol, q += next;
      }
      a += aRow;
    }
    to += next * k;
  }
}

/**
 * Copies columns of B to contiguous memory, tile by tile, and each tile row by row. The padding after the last column
 * is undefined.
 */
function packColumns<T>(n: i32, k: i32, to: usize, b: usize, bRow: usize, bCol: usize): void {
  const lanes = <i32>(wide / sizeof<T>());
  for (let j = 0; j < n; j += lanes) {
    if (bCol == sizeof<T>()) {
      let from = b;
      for (let p = 0; p < k; p++) {
        v128.store(to, v128.load(from)), v128.store(to, v128.load(from, 16), 16);
        to += wide;
        from += bRow;
      }
    } else {
      const last = <usize>(n - 1 - j);
      for (let l: usize = 0; l < <usize>lanes; l += group<T>()) transpose<T>(k, to + l * sizeof<T>(), wide, b, l, last, bCol);
      to += wide * k;
    }
    b += bCol * lanes;
  }
}

/**
 * Transposes a few columns of B, from column l on, into rows of 16 bytes: two columns of doubles or four columns of
 * floats. The rows are `toRow` bytes apart. Each column is contiguous in memory.
 */
function transpose<T>(k: i32, to: usize, toRow: usize, b: usize, l: usize, last: usize, bCol: usize): void {
  let b0 = b + min(l, last) * bCol;
  let b1 = b + min(l + 1, last) * bCol;
  if (sizeof<T>() == 8) {
    for (let p = 2; p <= k; p += 2) {
      const x = v128.load(b0), y = v128.load(b1);
      v128.store(to, i64x2.shuffle(x, y, 0, 2));
      v128.store(to + toRow, i64x2.shuffle(x, y, 1, 3));
      b0 += 16, b1 += 16, to += 2 * toRow;
    }
    if (k & 1) store<T>(to, load<T>(b0)), store<T>(to, load<T>(b1), 8);
    return;
  }
  let b2 = b + min(l + 2, last) * bCol;
  let b3 = b + min(l + 3, last) * bCol;
  let p = 4;
  for (; p <= k; p += 4) {
    const x = v128.load(b0), y = v128.load(b1), z = v128.load(b2), w = v128.load(b3);
    const xy = i32x4.shuffle(x, y, 0, 4, 1, 5), zw = i32x4.shuffle(z, w, 0, 4, 1, 5);
    const xyNext = i32x4.shuffle(x, y, 2, 6, 3, 7), zwNext = i32x4.shuffle(z, w, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(xy, zw, 0, 2));
    v128.store(to + toRow, i64x2.shuffle(xy, zw, 1, 3));
    v128.store(to + 2 * toRow, i64x2.shuffle(xyNext, zwNext, 0, 2));
    v128.store(to + 3 * toRow, i64x2.shuffle(xyNext, zwNext, 1, 3));
    b0 += 16, b1 += 16, b2 += 16, b3 += 16, to += 4 * toRow;
  }
  for (p -= 4; p < k; p++) {
    store<T>(to, load<T>(b0)), store<T>(to, load<T>(b1), 4), store<T>(to, load<T>(b2), 8), store<T>(to, load<T>(b3), 12);
    b0 += 4, b1 += 4, b2 += 4, b3 += 4, to += toRow;
  }
}

/** Copies a matrix [rows, columns] from the address `from` to the address `to`. All strides are in bytes. */
export function copy<T>(rows: i32, columns: i32, to: usize, toRow: usize, toCol: usize, from: usize, fromRow: usize, fromCol: usize): void {
  for (let i = 0; i < rows; i++) {
    let p = from, q = to;
    for (let j = 0; j < columns; j++) {
      store<T>(q, load<T>(p));
      p += fromCol;
      q += toCol;
    }
    from += fromRow;
    to += toRow;
  }
}

/**
 * Computes C = A B if `isFirst` is set, else C += A B, for A [m, k] and B [k, n] with k > 0. The rows or the columns of
 * B must be contiguous. Sums are split into equal blocks of at most `part` terms.
 *
 * The kernel has no static memory, so threads that share memory can run it at the same time. `scratch` is the address
 * of its temporary memory: two output tiles (320 bytes), then 60 rows of A and all columns of B, for one block. Each
 * row of B is padded to a multiple of 32 bytes.
 */
// @ts-ignore: decorator
@inline
function gemm<T>(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, bCol: usize,
  c: usize, cRow: usize, cCol: usize, isFirst: bool, isRunning: bool, part: i32, scratch: usize,
): void {
  const lanes = <i32>(wide / sizeof<T>());
  // Temporary memory for a tile that the kernel cannot write to C directly, because the tile is incomplete or not
  // contiguous, or because its sums are added to C.
  const edge = scratch;
  // Temporary memory for the old entries of C, to which new sums are added.
  const previous = scratch + tileBytes;
  scratch += 2 * tileBytes;
  const packed = scratch + <usize>(many * part) * sizeof<T>();
  // If A has at most 10 rows, B is read only once or twice, so it is not copied. If A has at most 60 rows, columns of B
  // are copied into the L1 cache just before they are read.
  const isInPlace = bCol == sizeof<T>() && m <= 2 * tall;
  const isOneBlock = m <= many;
  for (let p = 0; p < k; p += part) {
    const terms = min(part, k - p);
    const isAdded = sizeof<T>() == 4 && !isFirst && !isRunning;
    if (!isInPlace && !isOneBlock) packColumns<T>(n, terms, packed, b, bRow, bCol);
    let from = a, to = c;
    for (let block = 0; block < m; block += many) {
      const blockEnd = min(many, m - block);
      packRows<T>(blockEnd, terms, scratch, from, aRow, aCol);
      let j = 0;
      if (m == 1 && isInPlace && cCol == sizeof<T>())
        for (; j + 4 * lanes <= n; j += 4 * lanes) {
          const right = b + <usize>j * sizeof<T>(), corner = to + <usize>j * sizeof<T>();
          // The function is called in two places, because the compiler would inline a function with a single call. V8
          // would then keep too few sums in registers.
          if (isAdded) {
            row<T>(terms, scratch, right, bRow, edge, true);
            addRows(4, corner, wide, edge);
          } else row<T>(terms, scratch, right, bRow, corner, isFirst);
        }
      for (; j < n; j += lanes) {
        const columns = min(lanes, n - j);
        let right = packed, step = wide;
        if (isInPlace) right = b + <usize>j * sizeof<T>(), step = bRow;
        else if (isOneBlock) packColumns<T>(columns, terms, packed, b + <usize>j * bCol, bRow, bCol);
        else right += <usize>(j * terms) * sizeof<T>();
        for (let i = 0; i < blockEnd; i += tall) {
          const rows = min(tall, blockEnd - i);
          const left = scratch + <usize>(i * terms) * sizeof<T>();
          const corner = to + <usize>i * cRow + <usize>j * cCol;
          if (columns == lanes && cCol == sizeof<T>()) {
            if (isAdded) {
              tile<T>(rows, terms, left, right, step, edge, wide, true);
              addRows(rows, corner, cRow, edge);
            } else tile<T>(rows, terms, left, right, step, corner, cRow, isFirst);
          } else {
            if (!isFirst) copy<T>(rows, columns, isAdded ? previous : edge, wide, sizeof<T>(), corner, cRow, cCol);
            tile<T>(rows, terms, left, right, step, edge, wide, isAdded || isFirst);
            if (isAdded) addRows(rows, edge, wide, previous);
            let done = 0;
            if (cRow == sizeof<T>())
              for (; done + group<T>() <= rows; done += group<T>())
                transpose<T>(columns, corner + <usize>done * sizeof<T>(), cCol, edge, done, rows, wide);
            if (done < rows)
              copy<T>(rows - done, columns, corner + <usize>done * cRow, cRow, cCol, edge + <usize>done * wide, wide, sizeof<T>());
          }
        }
      }
      from += <usize>many * aRow;
      to += <usize>many * cRow;
    }
    isFirst = false;
    a += <usize>part * aCol;
    b += <usize>part * bRow;
  }
}

export function gemm32(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, bCol: usize,
  c: usize, cRow: usize, cCol: usize, isFirst: bool, isRunning: bool, part: i32, scratch: usize,
): void {
  // The kernel for 10 columns computes C = A B or the transposed product Cᵀ = Bᵀ Aᵀ.
  if (n == 10 && m > 3 && aCol == 4 && bCol == 4 && cCol == 4 && !isRunning)
    narrow(m, k, a, aRow, b, bRow, c, cRow, isFirst, part, scratch);
  else if (m == 10 && n > 3 && aRow == 4 && bRow == 4 && cRow == 4 && !isRunning)
    narrow(n, k, b, bCol, a, aCol, c, cCol, isFirst, part, scratch);
  else gemm<f32>(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, cCol, isFirst, isRunning, part, scratch);
}

export function gemm64(
  m: i32, n: i32, k: i32, a: usize, aRow: usize, aCol: usize, b: usize, bRow: usize, bCol: usize,
  c: usize, cRow: usize, cCol: usize, isFirst: bool, isRunning: bool, part: i32, scratch: usize,
): void {
  gemm<f64>(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, cCol, isFirst, isRunning, part, scratch);
}

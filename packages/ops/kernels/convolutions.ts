// Computes a convolution of images, or one of its two VJPs, as a matrix product. The kernel reads the windows of the
// images in place, so it builds no matrix of windows ("im2col"). Entry e of window w is at the address image + W[w] +
// E[e]. W and E are lists of byte offsets, which express the strides, the dilation and the shape of the windows.
//
// Each sum adds its terms in ascending order. So the bits of a result do not depend on how many images a call processes.
// Images with padding are first copied into larger images of zeros.

import { load2, madd32, madd64 } from "./vector";

/** The number of rows in a tile of a product, and the width of the tile in bytes. */
const tall: i32 = 5;
const wide: usize = 32;

// @ts-ignore: decorator
@inline
function aligned(address: usize): usize {
  return (address + 63) & ~63;
}

// @ts-ignore: decorator
@inline
function offset(list: usize, i: i32): usize {
  return <usize>load<u32>(list + ((<usize>i) << 2));
}

/** Copies entry i of the array at the address p to all lanes of a vector. The index i is from 0 to 4. */
// @ts-ignore: decorator
@inline
function splat<T>(p: usize, i: i32): v128 {
  if (i == 1) return sizeof<T>() == 4 ? v128.load32_splat(p, 4) : v128.load64_splat(p, 8);
  if (i == 2) return sizeof<T>() == 4 ? v128.load32_splat(p, 8) : v128.load64_splat(p, 16);
  if (i == 3) return sizeof<T>() == 4 ? v128.load32_splat(p, 12) : v128.load64_splat(p, 24);
  if (i == 4) return sizeof<T>() == 4 ? v128.load32_splat(p, 16) : v128.load64_splat(p, 32);
  return sizeof<T>() == 4 ? v128.load32_splat(p) : v128.load64_splat(p);
}

// @ts-ignore: decorator
@inline
function madd<T>(x: v128, y: v128, sum: v128): v128 {
  return sizeof<T>() == 4 ? madd32(x, y, sum) : madd64(x, y, sum);
}

/**
 * Writes a tile of the product A B to c: 32 bytes of up to 5 rows. Entry l of row r of A is at the address a + starts[r]
 * + offsets[l]. The rows of B are 32 bytes wide and contiguous. A tile of fewer rows repeats its last row. If
 * `isAdjacent` is set, the entries of the five rows are adjacent in memory, so one address is enough.
 */
// @ts-ignore: decorator
@inline
function fill<T>(
  isAdjacent: bool, rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
): void {
  const last = min(rows, tall) - 1;
  const a0 = a + offset(starts, 0), a1 = a + offset(starts, min(1, last)), a2 = a + offset(starts, min(2, last));
  const a3 = a + offset(starts, min(3, last)), a4 = a + offset(starts, last);
  let s00 = i64x2.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
  let s30 = s00, s31 = s00, s40 = s00, s41 = s00;
  for (const end = offsets + ((<usize>n) << 2); offsets < end; offsets += 4, b += wide) {
    const at = <usize>load<u32>(offsets);
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const p = a0 + at;
    let x = splat<T>(p, 0);
    s00 = madd<T>(x, b0, s00), s01 = madd<T>(x, b1, s01);
    x = isAdjacent ? splat<T>(p, 1) : splat<T>(a1 + at, 0);
    s10 = madd<T>(x, b0, s10), s11 = madd<T>(x, b1, s11);
    x = isAdjacent ? splat<T>(p, 2) : splat<T>(a2 + at, 0);
    s20 = madd<T>(x, b0, s20), s21 = madd<T>(x, b1, s21);
    x = isAdjacent ? splat<T>(p, 3) : splat<T>(a3 + at, 0);
    s30 = madd<T>(x, b0, s30), s31 = madd<T>(x, b1, s31);
    x = isAdjacent ? splat<T>(p, 4) : splat<T>(a4 + at, 0);
    s40 = madd<T>(x, b0, s40), s41 = madd<T>(x, b1, s41);
  }
  const c1 = c + <usize>min(1, last) * cRow, c2 = c + <usize>min(2, last) * cRow;
  const c3 = c + <usize>min(3, last) * cRow, c4 = c + <usize>last * cRow;
  v128.store(c, s00), v128.store(c, s01, 16), v128.store(c1, s10), v128.store(c1, s11, 16);
  v128.store(c2, s20), v128.store(c2, s21, 16), v128.store(c3, s30), v128.store(c3, s31, 16);
  v128.store(c4, s40), v128.store(c4, s41, 16);
}

// The functions `fill…` are exported so that the compiler does not inline them. V8 keeps the ten sums of a tile in
// registers only in a function with a single loop.
export function fillAdjacent32(
  rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
): void {
  fill<f32>(true, rows, n, offsets, a, starts, b, c, cRow);
}
export function fillAdjacent64(
  rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
): void {
  fill<f64>(true, rows, n, offsets, a, starts, b, c, cRow);
}
export function fillScattered32(
  rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
): void {
  fill<f32>(false, rows, n, offsets, a, starts, b, c, cRow);
}
export function fillScattered64(
  rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
): void {
  fill<f64>(false, rows, n, offsets, a, starts, b, c, cRow);
}

/** Writes 32 bytes of each row of a product, tile by tile. Entries have `size` bytes. */
function multiply(
  size: i32, rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
): void {
  for (; rows > 0; rows -= tall, starts += 4 * tall, c += <usize>tall * cRow) {
    const isAdjacent = rows >= tall && offset(starts, 4) - offset(starts, 0) == 4 * size;
    if (size == 4) {
      if (isAdjacent) fillAdjacent32(rows, n, offsets, a, starts, b, c, cRow);
      else fillScattered32(rows, n, offsets, a, starts, b, c, cRow);
    } else if (isAdjacent) fillAdjacent64(rows, n, offsets, a, starts, b, c, cRow);
    else fillScattered64(rows, n, offsets, a, starts, b, c, cRow);
  }
}

/** Adds the entries at `from` to the entries at `to`. An entry has `size` bytes; all entries together have `bytes`. */
function addRun(size: i32, to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  if (size == 4) {
    for (; to + 16 <= end; to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
  } else {
    for (; to + 16 <= end; to += 16, from += 16) v128.store(to, f64x2.add(v128.load(to), v128.load(from)));
    if (to < end) store<f64>(to, load<f64>(to) + load<f64>(from));
  }
}

function copyRun(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < end; to += 4, from += 4) store<i32>(to, load<i32>(from));
}

/**
 * Computes a few columns of a matrix product: the first `bytes` bytes of each row, at most 32. Each entry is a sum of n
 * terms, which is split into parts of `part` terms. `edge` is temporary memory of 64 bytes for each row.
 */
function sumColumns(
  size: i32, rows: i32, bytes: usize, n: i32, part: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
  edge: usize,
): void {
  const isWhole = bytes >= wide;
  const sums = isWhole ? c : edge;
  const row = isWhole ? cRow : wide;
  multiply(size, rows, min(part, n), offsets, a, starts, b, sums, row);
  for (let from = part; from < n; from += part) {
    const next = edge + <usize>rows * wide;
    multiply(size, rows, min(part, n - from), offsets + ((<usize>from) << 2), a, starts, b + <usize>from * wide, next, wide);
    for (let r: usize = 0; r < <usize>rows; r++) addRun(size, sums + r * row, next + r * wide, wide);
  }
  if (!isWhole) for (let r: usize = 0; r < <usize>rows; r++) copyRun(c + r * cRow, edge + r * wide, bytes);
}

/** Writes a list of offsets: 0, `step`, 2 `step`, and so on. */
function writeMultiples(to: usize, count: i32, step: i32): void {
  for (let i = 0, at = 0; i < count; i++, at += step, to += 4) store<i32>(to, at);
}

/** Writes a list of offsets: one for each index of an array of three axes. */
function writeOffsets(to: usize, m: i32, n: i32, k: i32, stepM: i32, stepN: i32, stepK: i32): void {
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let l = 0; l < k; l++, to += 4) store<i32>(to, i * stepM + j * stepN + l * stepK);
}

/**
 * Copies images into images with padding if `isInward` is set. Otherwise copies the images back, without the padding.
 */
function copyImages(
  isInward: bool, padded: usize, x: usize, images: i32, height: i32, rowBytes: usize, top: i32, left: usize,
  paddedHeight: i32, paddedRow: usize,
): void {
  if (left >= paddedRow) return; // no window reads the image
  const bytes = min(rowBytes, paddedRow - left);
  for (let image = 0; image < images; image++, padded += <usize>paddedHeight * paddedRow)
    for (let y = 0; y < height; y++, x += rowBytes) {
      if (y + top >= paddedHeight) continue;
      const inside = padded + <usize>(y + top) * paddedRow + left;
      if (isInward) copyRun(inside, x, bytes);
      else copyRun(x, inside, bytes);
    }
}

/** Copies a matrix [rows, columns] to columns of 32 bytes: the first 32 bytes of all rows, then the next 32 bytes. */
function packColumns(to: usize, rows: i32, bytes: i32, from: usize, step: usize): void {
  for (let at = 0; at < bytes; at += <i32>wide)
    for (let r = 0, p = from + <usize>at; r < rows; r++, p += step, to += wide)
      v128.store(to, v128.load(p)), v128.store(to, v128.load(p, 16), 16);
}

/**
 * Copies the transpose of a matrix [columns, rows] to columns of 32 bytes. If the last columns do not fill 32 bytes,
 * copies of the last column do.
 */
function packTransposed(size: i32, to: usize, rows: i32, columns: i32, from: usize, step: usize): void {
  const lanes = <i32>wide / size;
  for (let j = 0; j < columns; j += lanes)
    for (let r = 0; r < rows; r++)
      for (let l = 0; l < lanes; l++, to += size)
        copyRun(to, from + <usize>min(j + l, columns - 1) * step + <usize>(r * size), size);
}

/**
 * Computes a convolution (`kind` 0), its VJP for the images x (1), or its VJP for the kernel (2). The arrays are the
 * images x [images, height, width, channels], the kernel [kernelHeight, kernelWidth, channels / groups, filters], and
 * the output or its cotangent g [images, outHeight, outWidth, filters].
 *
 * The VJP for the kernel is summed over several calls: `isFirst` clears the float64 sums, and `isLast` writes the sums
 * to the kernel. `scratch` is temporary memory, whose size src/wasm/convolutions.ts computes. Entries have `size` bytes.
 */
export function convolution(
  size: i32, kind: i32, images: i32, x: usize, kernel: usize, g: usize, scratch: usize, isFirst: bool, isLast: bool,
  unit: i32, part: i32, block: i32, paddedHeight: i32, paddedWidth: i32, height: i32, width: i32, channels: i32,
  kernelHeight: i32, kernelWidth: i32, outHeight: i32, outWidth: i32, filters: i32, groups: i32,
  strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  const lanes = <i32>wide / size;
  const depth = channels / groups;
  const own = filters / groups;
  const entries = kernelHeight * kernelWidth * depth;
  const perImage = outHeight * outWidth;
  const pixel = channels * size;
  const row = paddedWidth * pixel;
  const imageBytes = paddedHeight * row;
  const isPadded = (top | left) != 0 || paddedHeight != height || paddedWidth != width;
  const gRow = <usize>(filters * size);

  // The areas of the temporary memory, in order: columns narrower than 32 bytes, lists of offsets, the packed right
  // matrix, sums or products, and padded images.
  const edge = aligned(scratch);
  const edgeRows = kind == 2 ? entries : 2 * block;
  const windowOffsets = edge + <usize>edgeRows * wide;
  const outputOffsets = windowOffsets + ((<usize>(unit * perImage)) << 2);
  const entryOffsets = outputOffsets + ((<usize>(unit * perImage)) << 2);
  const filterOffsets = entryOffsets + ((<usize>entries) << 2);
  const packed = aligned(filterOffsets + ((<usize>own) << 2));
  const terms = kind == 0 ? entries : kind == 1 ? own : part;
  const columns = kind == 1 ? entries : own;
  const across = (columns + lanes - 1) / lanes;
  const packedBytes = <usize>(across * terms) * wide; // of one group
  const sums = packed + packedBytes * (kind == 2 ? 1 : groups);
  const totalBytes = groups * entries * across * lanes * 8;
  const sumBytes = <usize>(kind == 0 ? 0 : kind == 1 ? block * across * <i32>wide : totalBytes);
  const padded = aligned(sums + sumBytes);

  writeOffsets(windowOffsets, unit, outHeight, outWidth, imageBytes, strideY * row, strideX * pixel);
  writeOffsets(entryOffsets, kernelHeight, kernelWidth, depth, dilationY * row, dilationX * pixel, size);
  writeMultiples(outputOffsets, unit * perImage, filters * size);
  writeMultiples(filterOffsets, own, size);
  for (let group = 0; group < groups; group++) {
    const to = packed + <usize>group * packedBytes;
    const from = kernel + <usize>(group * own * size);
    if (kind == 0) packColumns(to, entries, own * size, from, gRow);
    if (kind == 1) packTransposed(size, to, own, entries, from, gRow);
  }
  if (kind == 2 && isFirst) memory.fill(sums, 0, sumBytes);
  if (isPadded && kind != 1) memory.fill(padded, 0, <usize>unit * imageBytes);

  const run = dilationX == 1 && groups == 1 ? kernelWidth * depth : depth;
  const starts = kind == 0 ? windowOffsets : outputOffsets;
  const termOffsets = kind == 0 ? entryOffsets : filterOffsets;
  const resultRow = kind == 0 ? gRow : <usize>across * wide;
  const termPart = size == 4 ? (terms + (terms + 399) / 400 - 1) / ((terms + 399) / 400) : terms;
  for (let image = 0; image < images; image += unit) {
    const count = min(unit, images - image);
    const windows = count * perImage;
    const given = x + <usize>(image * height * width) * pixel;
    const at = isPadded ? padded : given;
    const outputs = g + <usize>(image * perImage) * gRow;
    if (kind == 1) memory.fill(at, 0, <usize>count * imageBytes);
    else if (isPadded) copyImages(true, padded, given, count, height, width * pixel, top, left * pixel, paddedHeight, row);

    for (let group = 0; group < groups; group++) {
      const channel = at + <usize>(group * depth * size);
      const right = packed + <usize>group * packedBytes;
      const filter = outputs + <usize>(group * own * size);
      const result = kind == 0 ? filter : sums;
      if (kind < 2)
        for (let from = 0; from < windows; from += block) {
          // The left matrix of the product has a row for each window: its pixels, or its cotangents.
          const to = min(from + block, windows);
          const a = kind == 0 ? channel : filter;
          for (let j = 0; j < across; j++)
            sumColumns(
              size, to - from, kind == 0 ? (own - j * lanes) * size : <i32>wide, terms, termPart, termOffsets, a,
              starts + ((<usize>from) << 2), right + <usize>(j * terms) * wide,
              result + (kind == 0 ? <usize>from * resultRow : 0) + <usize>j * wide, resultRow, edge,
            );
          if (kind == 1)
            for (let w = from; w < to; w++) {
              const pixels = channel + offset(windowOffsets, w);
              const products = sums + <usize>(w - from) * resultRow;
              for (let e = 0; e < entries; e += run)
                addRun(size, pixels + offset(entryOffsets, e), products + <usize>(e * size), <usize>(run * size));
            }
        }
      else
        for (let from = 0; from < windows; from += part) {
          const n = min(part, windows - from);
          packColumns(packed, n, own * size, filter + <usize>from * gRow, gRow);
          let total = sums + <usize>group * (sumBytes / groups);
          for (let j = 0; j < across; j++) {
            const right = packed + <usize>(j * n) * wide;
            multiply(size, entries, n, windowOffsets + ((<usize>from) << 2), channel, entryOffsets, right, edge, wide);
            for (let p = edge, last = edge + <usize>entries * wide; p < last; p += 2 * size, total += 16)
              v128.store(total, f64x2.add(v128.load(total), size == 4 ? load2<f32>(p) : load2<f64>(p)));
          }
        }
    }
    if (kind == 1 && isPadded) {
      memory.fill(given, 0, <usize>(count * height * width) * pixel);
      copyImages(false, padded, given, count, height, width * pixel, top, left * pixel, paddedHeight, row);
    }
  }
  if (kind == 2 && isLast)
    for (let group = 0, total = sums; group < groups; group++)
      for (let j = 0; j < own; j += lanes)
        for (let e = 0; e < entries; e++, total += lanes * 8)
          for (let l = 0; l < min(lanes, own - j); l++) {
            const to = kernel + <usize>((e * filters + group * own + j + l) * size);
            const sum = load<f64>(total + ((<usize>l) << 3));
            if (size == 4) store<f32>(to, <f32>sum);
            else store<f64>(to, sum);
          }
}

// Computes a convolution of images, and its two VJPs, without copying the windows ("im2col") first.
//
// The entry e of window w is at the address image + W[w] + E[e]. The two lists of byte offsets, W and E, describe the
// strides, the dilation and the shape of the windows. Each function below is a matrix product whose left matrix is read
// through such lists. All functions add in ascending order of the terms, so the bits of a result do not depend on how
// the images are divided into calls.
//
// Images with padding are first copied into larger images with zeros. The functions process `unit` images at a time.

import { load2, madd32, madd64 } from "./vector";

/** The number of rows in a tile of a product, and the width of the tile in bytes. */
const tall: i32 = 5;
const wide: usize = 32;
const tileBytes: usize = <usize>tall * wide;
/** The images of a band take at most this number of bytes, so that they stay in the cache while all filters are applied. */
const bandBytes: i32 = 1 << 17;

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

// @ts-ignore: decorator
@inline
function splat<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(p) : v128.load64_splat(p);
}

// @ts-ignore: decorator
@inline
function madd<T>(x: v128, y: v128, sum: v128): v128 {
  return sizeof<T>() == 4 ? madd32(x, y, sum) : madd64(x, y, sum);
}

/**
 * Writes a tile of the product A B to c. Entry l of row r of A is at the address a + starts[r] + offsets[l]. The rows of
 * B are 32 bytes wide and contiguous. A tile of fewer than 5 rows repeats its last row.
 */
function fill<T>(rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize): void {
  const last = rows - 1;
  const a0 = a + offset(starts, 0), a1 = a + offset(starts, min(1, last)), a2 = a + offset(starts, min(2, last));
  const a3 = a + offset(starts, min(3, last)), a4 = a + offset(starts, last);
  let s00 = i64x2.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
  let s30 = s00, s31 = s00, s40 = s00, s41 = s00;
  for (const end = offsets + ((<usize>n) << 2); offsets < end; offsets += 4, b += wide) {
    const at = <usize>load<u32>(offsets);
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = splat<T>(a0 + at);
    s00 = madd<T>(x, b0, s00), s01 = madd<T>(x, b1, s01);
    x = splat<T>(a1 + at);
    s10 = madd<T>(x, b0, s10), s11 = madd<T>(x, b1, s11);
    x = splat<T>(a2 + at);
    s20 = madd<T>(x, b0, s20), s21 = madd<T>(x, b1, s21);
    x = splat<T>(a3 + at);
    s30 = madd<T>(x, b0, s30), s31 = madd<T>(x, b1, s31);
    x = splat<T>(a4 + at);
    s40 = madd<T>(x, b0, s40), s41 = madd<T>(x, b1, s41);
  }
  const c1 = c + <usize>min(1, last) * cRow, c2 = c + <usize>min(2, last) * cRow;
  const c3 = c + <usize>min(3, last) * cRow, c4 = c + <usize>last * cRow;
  v128.store(c, s00), v128.store(c, s01, 16), v128.store(c1, s10), v128.store(c1, s11, 16);
  v128.store(c2, s20), v128.store(c2, s21, 16), v128.store(c3, s30), v128.store(c3, s31, 16);
  v128.store(c4, s40), v128.store(c4, s41, 16);
}

/** Calls `fill` for entries of `size` bytes. */
// @ts-ignore: decorator
@inline
function tile(
  size: i32, rows: i32, n: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
): void {
  if (size == 4) fill<f32>(rows, n, offsets, a, starts, b, c, cRow);
  else fill<f64>(rows, n, offsets, a, starts, b, c, cRow);
}

/** Adds `bytes` bytes of entries, which have `size` bytes each, to the entries at `to`. */
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
 * Writes a tile of a product of n terms, whose columns end after `bytes` bytes. Sums are split into parts of `part`
 * terms. `edge` is temporary memory for two tiles.
 */
function sumTile(
  size: i32, rows: i32, bytes: usize, n: i32, part: i32, offsets: usize, a: usize, starts: usize, b: usize, c: usize, cRow: usize,
  edge: usize,
): void {
  const isWhole = bytes >= wide;
  const sums = isWhole ? c : edge;
  const row = isWhole ? cRow : wide;
  tile(size, rows, min(part, n), offsets, a, starts, b, sums, row);
  for (let from = part; from < n; from += part) {
    const next = edge + tileBytes;
    tile(size, rows, min(part, n - from), offsets + ((<usize>from) << 2), a, starts, b + <usize>from * wide, next, wide);
    for (let r: usize = 0; r < <usize>rows; r++) addRun(size, sums + r * row, next + r * wide, wide);
  }
  if (!isWhole) for (let r: usize = 0; r < <usize>rows; r++) copyRun(c + r * cRow, edge + r * wide, bytes);
}

/**
 * Writes the lists of offsets: one for each window of `unit` images, then one for each entry of a window. Returns the
 * address after the lists.
 */
function writeOffsets(
  to: usize, unit: i32, imageBytes: i32, outHeight: i32, outWidth: i32, windowY: i32, windowX: i32,
  kernelHeight: i32, kernelWidth: i32, depth: i32, entryY: i32, entryX: i32, entry: i32,
): void {
  for (let image = 0; image < unit; image++)
    for (let i = 0; i < outHeight; i++)
      for (let j = 0; j < outWidth; j++, to += 4) store<i32>(to, image * imageBytes + i * windowY + j * windowX);
  for (let p = 0; p < kernelHeight; p++)
    for (let q = 0; q < kernelWidth; q++)
      for (let c = 0; c < depth; c++, to += 4) store<i32>(to, p * entryY + q * entryX + c * entry);
}

/** Copies `images` images into images with padding if `isInward` is set, or copies them back. */
function copyImages(
  isInward: bool, padded: usize, x: usize, images: i32, height: i32, rowBytes: usize, top: i32, left: usize,
  paddedHeight: i32, paddedRow: usize,
): void {
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

/** Copies the transpose of a matrix [columns, rows] to columns of 32 bytes. The last column is repeated. */
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

  // The layout of the temporary memory: a tile at the edge, lists of offsets, the right matrix of the product as columns
  // of 32 bytes, sums or products, and the padded images.
  const edge = aligned(scratch);
  const windowOffsets = edge + 2 * tileBytes;
  const entryOffsets = windowOffsets + ((<usize>(unit * perImage)) << 2);
  const filterOffsets = entryOffsets + ((<usize>entries) << 2);
  const rowOffsets = filterOffsets + ((<usize>own) << 2);
  const packed = aligned(rowOffsets + ((<usize>tall) << 2));
  const terms = kind == 0 ? entries : kind == 1 ? own : part;
  const columns = kind == 1 ? entries : own;
  const across = (columns + lanes - 1) / lanes;
  const packedBytes = <usize>(across * terms) * wide; // of one group
  const sums = packed + packedBytes * (kind == 2 ? 1 : groups);
  const totalBytes = groups * ((entries + tall - 1) / tall) * across * tall * lanes * 8;
  const sumBytes = <usize>(kind == 0 ? 0 : kind == 1 ? block * across * <i32>wide : totalBytes);
  const padded = aligned(sums + sumBytes);

  writeOffsets(
    windowOffsets, unit, imageBytes, outHeight, outWidth, strideY * row, strideX * pixel,
    kernelHeight, kernelWidth, depth, dilationY * row, dilationX * pixel, size,
  );
  for (let f = 0; f < own; f++) store<i32>(filterOffsets + ((<usize>f) << 2), f * size);
  for (let r = 0; r < tall; r++) store<i32>(rowOffsets + ((<usize>r) << 2), r * filters * size);
  for (let group = 0; group < groups; group++) {
    const to = packed + <usize>group * packedBytes;
    const from = kernel + <usize>(group * own * size);
    if (kind == 0) packColumns(to, entries, own * size, from, gRow);
    if (kind == 1) packTransposed(size, to, own, entries, from, gRow);
  }
  if (kind == 2 && isFirst) memory.fill(sums, 0, sumBytes);
  if (isPadded && kind != 1) memory.fill(padded, 0, <usize>unit * imageBytes);

  const run = dilationX == 1 && groups == 1 ? kernelWidth * depth : depth;
  const band = max(1, bandBytes / (strideY * row)) * outWidth;
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
      if (kind == 0)
        for (let from = 0; from < windows; from += band) {
          const to = min(from + band, windows);
          for (let j = 0; j < across; j++)
            for (let w = from; w < to; w += tall)
              sumTile(
                size, min(tall, to - w), (own - j * lanes) * size, entries, termPart, entryOffsets, channel,
                windowOffsets + ((<usize>w) << 2), right + <usize>(j * entries) * wide,
                filter + <usize>w * gRow + <usize>j * wide, gRow, edge,
              );
        }
      else if (kind == 1)
        for (let from = 0; from < windows; from += block) {
          const to = min(from + block, windows);
          const step = <usize>across * wide;
          for (let j = 0; j < across; j++)
            for (let w = from; w < to; w += tall)
              sumTile(
                size, min(tall, to - w), wide, own, termPart, filterOffsets, filter + <usize>w * gRow, rowOffsets,
                right + <usize>(j * own) * wide, sums + <usize>(w - from) * step + <usize>j * wide, step, edge,
              );
          for (let w = from; w < to; w++) {
            const pixels = channel + offset(windowOffsets, w);
            const products = sums + <usize>(w - from) * step;
            for (let e = 0; e < entries; e += run)
              addRun(size, pixels + offset(entryOffsets, e), products + <usize>(e * size), <usize>(run * size));
          }
        }
      else
        for (let from = 0; from < windows; from += part) {
          const n = min(part, windows - from);
          packColumns(packed, n, own * size, filter + <usize>from * gRow, gRow);
          let total = sums + <usize>group * (sumBytes / groups);
          for (let j = 0; j < across; j++)
            for (let e = 0; e < entries; e += tall) {
              const rows = min(tall, entries - e);
              tile(
                size, rows, n, windowOffsets + ((<usize>from) << 2), channel, entryOffsets + ((<usize>e) << 2),
                packed + <usize>(j * n) * wide, edge, wide,
              );
              const last = edge + <usize>rows * wide;
              for (let p = edge, q = total; p < last; p += 2 * size, q += 16)
                v128.store(q, f64x2.add(v128.load(q), size == 4 ? load2<f32>(p) : load2<f64>(p)));
              total += tall * lanes * 8;
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
        for (let e = 0; e < entries; e += tall, total += tall * lanes * 8)
          for (let r = 0; r < min(tall, entries - e); r++)
            for (let l = 0; l < min(lanes, own - j); l++) {
              const to = kernel + <usize>(((e + r) * filters + group * own + j + l) * size);
              const sum = load<f64>(total + ((<usize>(r * lanes + l)) << 3));
              if (size == 4) store<f32>(to, <f32>sum);
              else store<f64>(to, sum);
            }
}

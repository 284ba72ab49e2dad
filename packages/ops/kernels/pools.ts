// Computes max pools and mean pools of images, and their VJPs.

import { load2 } from "./vector";

/** Stores the first `bytes` bytes of a vector, at most 16. */
// @ts-ignore: decorator
@inline
function storeStart<T>(to: usize, value: v128, bytes: i32): void {
  if (bytes >= 16) v128.store(to, value);
  else if (sizeof<T>() == 8) v128.store64_lane(to, value, 0);
  else {
    v128.store32_lane(to, value, 0);
    if (bytes > 4) v128.store32_lane(to, value, 1, 4);
    if (bytes > 8) v128.store32_lane(to, value, 2, 8);
  }
}

/** Returns the maximum of each channel of a window, or NaN if an entry is NaN. */
// @ts-ignore: decorator
@inline
function peakOf<T>(x: usize, rows: i32, row: usize, columns: i32, pixel: usize): v128 {
  let peak = v128.load(x);
  for (let i = 0; i < rows; i++, x += row)
    for (let j = 0, at = x; j < columns; j++, at += pixel) peak = v128.max<T>(peak, v128.load(at));
  return peak;
}

/** Returns the sums of two channels of a window, in float64. */
// @ts-ignore: decorator
@inline
function sumOf<T>(x: usize, rows: i32, row: usize, columns: i32, pixel: usize): v128 {
  let sum = f64x2.splat(0);
  for (let i = 0; i < rows; i++, x += row)
    for (let j = 0, at = x; j < columns; j++, at += pixel) sum = f64x2.add(sum, load2<T>(at));
  return sum;
}

/**
 * Returns each entry's share of the cotangent g of a maximum: g divided by the number `ties` of tied entries, or NaN if
 * the maximum is NaN.
 */
// @ts-ignore: decorator
@inline
function shareOf<T>(g: v128, ties: v128, isNaN: v128): v128 {
  const share = v128.div<T>(v128.add<T>(g, v128.splat<T>(<T>0)), ties); // −0 becomes 0
  return v128.bitselect(v128.splat<T>(<T>NaN), share, isNaN);
}

/**
 * Writes the cotangent g of a maximum to u where x has the maximum, and 0 elsewhere in the window. Entries that tie for
 * the maximum share g equally. If the maximum is NaN, all entries receive NaN.
 */
// @ts-ignore: decorator
@inline
function spread<T>(g: v128, x: usize, u: usize, rows: i32, row: usize, columns: i32, pixel: usize, bytes: i32): void {
  const peak = peakOf<T>(x, rows, row, columns, pixel);
  const one = v128.splat<T>(<T>1);
  let ties = v128.splat<T>(<T>0);
  for (let i = 0, start = x; i < rows; i++, start += row)
    for (let j = 0, at = start; j < columns; j++, at += pixel)
      ties = v128.add<T>(ties, v128.and(one, v128.eq<T>(peak, v128.load(at))));
  const isNaN = v128.ne<T>(peak, peak);
  const share = shareOf<T>(g, ties, isNaN);
  for (let i = 0; i < rows; i++, x += row, u += row)
    for (let j = 0, at = x, to = u; j < columns; j++, at += pixel, to += pixel) {
      const isPeak = v128.or(isNaN, v128.eq<T>(peak, v128.load(at)));
      storeStart<T>(to, v128.and(share, isPeak), bytes);
    }
}

/** Writes `share` to each entry of a window. */
// @ts-ignore: decorator
@inline
function repeat<T>(share: v128, u: usize, rows: i32, row: usize, columns: i32, pixel: usize, bytes: i32): void {
  for (let i = 0; i < rows; i++, u += row)
    for (let j = 0, to = u; j < columns; j++, to += pixel) storeStart<T>(to, share, bytes);
}

/** Computes 16 bytes of channels of a max pool or its VJP, for a window of 2 × 2 pixels, without loops. */
// @ts-ignore: decorator
@inline
function poolSquare<T>(isPullback: bool, x: usize, p: usize, u: usize, row: usize, pixel: usize): void {
  const a = v128.load(x), b = v128.load(x + pixel), c = v128.load(x + row), d = v128.load(x + row + pixel);
  const peak = v128.max<T>(v128.max<T>(a, b), v128.max<T>(c, d));
  if (!isPullback) {
    v128.store(p, peak);
    return;
  }
  const isA = v128.eq<T>(peak, a), isB = v128.eq<T>(peak, b), isC = v128.eq<T>(peak, c), isD = v128.eq<T>(peak, d);
  const one = v128.splat<T>(<T>1);
  const ties = v128.add<T>(
    v128.add<T>(v128.and(one, isA), v128.and(one, isB)), v128.add<T>(v128.and(one, isC), v128.and(one, isD)),
  );
  const isNaN = v128.ne<T>(peak, peak);
  const share = shareOf<T>(v128.load(p), ties, isNaN);
  v128.store(u, v128.and(share, v128.or(isNaN, isA))), v128.store(u + pixel, v128.and(share, v128.or(isNaN, isB)));
  v128.store(u + row, v128.and(share, v128.or(isNaN, isC)));
  v128.store(u + row + pixel, v128.and(share, v128.or(isNaN, isD)));
}

/** Computes adjacent channels of one window: two channels for a mean pool, and otherwise the channels in 16 bytes. */
// @ts-ignore: decorator
@inline
function poolChannels<T>(
  kind: i32, x: usize, p: usize, u: usize, rows: i32, row: usize, columns: i32, pixel: usize, bytes: i32,
): void {
  if (kind < 2 && rows == 2 && columns == 2 && bytes >= 16) poolSquare<T>(kind == 1, x, p, u, row, pixel);
  else if (kind == 0) v128.store(p, peakOf<T>(x, rows, row, columns, pixel));
  else if (kind == 1) spread<T>(v128.load(p), x, u, rows, row, columns, pixel, bytes);
  else if (kind == 2) {
    const mean = f64x2.div(sumOf<T>(x, rows, row, columns, pixel), f64x2.splat(rows * columns));
    if (sizeof<T>() == 4) v128.store64_lane(p, f32x4.demote_f64x2_zero(mean), 0);
    else v128.store(p, mean);
  } else {
    const g = v128.add<T>(v128.load(p), v128.splat<T>(<T>0)); // −0 becomes 0
    repeat<T>(v128.div<T>(g, v128.splat<T>(<T>(rows * columns))), u, rows, row, columns, pixel, bytes);
  }
}

/**
 * Computes a max pool (`kind` 0) or its VJP (1), or a mean pool (2) or its VJP (3). The arrays are the images x [images,
 * height, width, channels], the pool or its cotangent p [images, outHeight, outWidth, channels], and u, the cotangent of
 * x. The VJPs allow only windows that do not overlap.
 */
export function pool(
  size: i32, kind: i32, images: i32, x: usize, p: usize, u: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  sizeY: i32, sizeX: i32, strideY: i32, strideX: i32, top: i32, left: i32,
): void {
  const pixel = channels * size;
  const row = <usize>(width * pixel);
  const image = <usize>height * row;
  const isPullback = (kind & 1) == 1;
  if (isPullback) memory.fill(u, 0, <usize>images * image);
  for (; images > 0; images--, x += image, u += image)
    for (let i = 0, y = -top; i < outHeight; i++, y += strideY) {
      const firstY = max(y, 0);
      const rows = min(y + sizeY, height) - firstY;
      for (let j = 0, start = -left; j < outWidth; j++, start += strideX, p += pixel) {
        const firstX = max(start, 0);
        const columns = min(start + sizeX, width) - firstX;
        const at = <usize>firstY * row + <usize>(firstX * pixel);
        const step = kind == 2 ? 2 * size : 16;
        for (let c = 0; c < pixel; c += step)
          if (size == 4) poolChannels<f32>(kind, x + at + c, p + c, u + at + c, rows, row, columns, pixel, pixel - c);
          else poolChannels<f64>(kind, x + at + c, p + c, u + at + c, rows, row, columns, pixel, pixel - c);
      }
    }
}

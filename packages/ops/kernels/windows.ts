// Copies windows of an image to the rows of a matrix ("im2col"), or adds the rows of the matrix to the windows. The
// image has the shape [height, width, channels], and a row has the pixels of one window. Both functions process only
// `depth` channels, and only the windows `from` to `to` − 1, in the order of ../src/loops/windows.ts.

// @ts-ignore: decorator
@inline
function add<T>(x: v128, y: v128): v128 {
  return sizeof<T>() == 4 ? f32x4.add(x, y) : f64x2.add(x, y);
}

/** Writes `bytes` zero bytes, and up to 15 more, which the caller overwrites later. */
// @ts-ignore: decorator
@inline
function clear(to: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 16) v128.store(to, i64x2.splat(0));
}

/** Copies `bytes` bytes, and up to 15 more, which the caller overwrites later. */
// @ts-ignore: decorator
@inline
function copyRun(to: usize, from: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
}

// @ts-ignore: decorator
@inline
function addRun<T>(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, add<T>(v128.load(to), v128.load(from)));
  for (; to < end; to += sizeof<T>(), from += sizeof<T>()) store<T>(to, <T>(load<T>(to) + load<T>(from)));
}

/**
 * Copies a window that is completely inside the image to a row of the matrix if `isGather` is set; otherwise adds the
 * row to the window. The window consists of `count` blocks of `bytes` contiguous bytes, which are `step` bytes apart in
 * the image. Returns the address after the row.
 */
// @ts-ignore: decorator
@inline
function inside<T>(isGather: bool, row: usize, at: usize, count: i32, bytes: usize, step: usize): usize {
  if (!isGather)
    for (; count > 0; count--, at += step, row += bytes) addRun<T>(at, row, bytes);
  else if (bytes <= 16)
    for (; count > 0; count--, at += step, row += bytes) v128.store(row, v128.load(at));
  else if (bytes <= 32)
    for (; count > 0; count--, at += step, row += bytes) {
      v128.store(row, v128.load(at));
      v128.store(row, v128.load(at, 16), 16);
    }
  else for (; count > 0; count--, at += step, row += bytes) copyRun(row, at, bytes);
  return row;
}

// @ts-ignore: decorator
@inline
function each<T>(
  isGather: bool, rows: usize, x: usize, from: i32, to: i32, outWidth: i32, height: i32, width: i32, channels: i32, depth: i32,
  kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  const run = <usize>depth * sizeof<T>();
  const pixel = <usize>channels * sizeof<T>();
  const isContiguous = dilationX == 1 && depth == channels;
  let column = from % outWidth;
  let firstY = (from / outWidth) * strideY - top;
  const lastX = width - kernelWidth;
  const lastY = height - (kernelHeight - 1) * dilationY - 1;
  for (let window = from; window < to; window++) {
    const firstX = column * strideX - left;
    if (isContiguous && firstX >= 0 && firstX <= lastX && firstY >= 0 && firstY <= lastY) {
      rows = inside<T>(
        isGather, rows, x + <usize>(firstY * width + firstX) * pixel, kernelHeight, <usize>kernelWidth * run,
        <usize>(dilationY * width) * pixel,
      );
      if (++column == outWidth) {
        column = 0;
        firstY += strideY;
      }
      continue;
    }
    // At the left or right edge of the image, only the columns `start` to `end` − 1 of a window are inside the image.
    const start = firstX >= 0 ? 0 : min(kernelWidth, (dilationX - 1 - firstX) / dilationX);
    const room = width - firstX;
    const end = room <= 0 ? start : max(start, min(kernelWidth, (room + dilationX - 1) / dilationX));
    for (let p = 0, y = firstY; p < kernelHeight; p++, y += dilationY, rows += <usize>kernelWidth * run) {
      if (y < 0 || y >= height || start == end) {
        if (isGather) clear(rows, <usize>kernelWidth * run);
        continue;
      }
      let at = x + <usize>(y * width + firstX + start * dilationX) * pixel;
      let row = rows + <usize>start * run;
      if (isGather && start > 0) clear(rows, <usize>start * run);
      if (isContiguous) {
        const bytes = <usize>(end - start) * run;
        if (isGather) copyRun(row, at, bytes);
        else addRun<T>(at, row, bytes);
      } else
        for (let q = start; q < end; q++) {
          if (isGather) copyRun(row, at, run);
          else addRun<T>(at, row, run);
          row += run, at += <usize>dilationX * pixel;
        }
      if (isGather && end < kernelWidth) clear(rows + <usize>end * run, <usize>(kernelWidth - end) * run);
    }
    if (++column == outWidth) {
      column = 0;
      firstY += strideY;
    }
  }
}

export function gather32(
  rows: usize, x: usize, from: i32, to: i32, outWidth: i32, height: i32, width: i32, channels: i32, depth: i32,
  kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  each<f32>(
    true, rows, x, from, to, outWidth, height, width, channels, depth,
    kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left,
  );
}

export function gather64(
  rows: usize, x: usize, from: i32, to: i32, outWidth: i32, height: i32, width: i32, channels: i32, depth: i32,
  kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  each<f64>(
    true, rows, x, from, to, outWidth, height, width, channels, depth,
    kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left,
  );
}

export function scatter32(
  rows: usize, x: usize, from: i32, to: i32, outWidth: i32, height: i32, width: i32, channels: i32, depth: i32,
  kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  each<f32>(
    false, rows, x, from, to, outWidth, height, width, channels, depth,
    kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left,
  );
}

export function scatter64(
  rows: usize, x: usize, from: i32, to: i32, outWidth: i32, height: i32, width: i32, channels: i32, depth: i32,
  kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32, top: i32, left: i32,
): void {
  each<f64>(
    false, rows, x, from, to, outWidth, height, width, channels, depth,
    kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left,
  );
}

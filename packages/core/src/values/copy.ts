import type { Data, Shape, Strided } from "./view.ts";

/** Copies `a` to `out` element by element, for any strides. The two arrays must not share memory. */
export function assign(out: Strided, a: Strided): void {
  const { data: y, offset: o, shape, stride: t } = out;
  const { data: x, offset: i, stride: s } = a;
  if (shape.includes(0)) return; // other axes may be longer than a loop can count
  if (shape.length === 0) y[o] = x[i]!;
  else if (shape.length === 1) copyPlane(1, 0, 0, shape[0]!, t[0]!, s[0]!, y, o, x, i);
  else if (shape.length === 2) copyPlane(shape[0]!, t[0]!, s[0]!, shape[1]!, t[1]!, s[1]!, y, o, x, i);
  else copyPlanes(0, axesToWalk(shape, t, s), out, o, a, i);
}

/**
 * Returns the axes in loop order. The innermost loop is over the axis with the smallest stride in `out`. The next loop
 * is over the axis with the smallest stride in `a` among the remaining axes.
 */
function axesToWalk(shape: Shape, t: Shape, s: Shape): readonly number[] {
  const axisWithSmallestStride = (axes: readonly number[], stride: Shape): number =>
    axes.reduce((best, axis) => (distance(axis, stride) < distance(best, stride) ? axis : best));
  const distance = (axis: number, stride: Shape) =>
    shape[axis] === 1 || stride[axis] === 0 ? Infinity : Math.abs(stride[axis]!);
  const axes = [...shape.keys()];
  const last = axisWithSmallestStride(axes, t);
  const rest = axes.filter((axis) => axis !== last);
  const secondLast = axisWithSmallestStride(rest, s);
  return [...rest.filter((axis) => axis !== secondLast), secondLast, last];
}

function copyPlanes(depth: number, axes: readonly number[], out: Strided, o: number, a: Strided, i: number): void {
  const axis = axes[depth]!;
  const [n, t, s] = [out.shape[axis]!, out.stride[axis]!, a.stride[axis]!];
  if (depth < axes.length - 2) {
    for (let k = 0; k < n; k++) copyPlanes(depth + 1, axes, out, o + k * t, a, i + k * s);
  } else {
    const last = axes[depth + 1]!;
    copyPlane(n, t, s, out.shape[last]!, out.stride[last]!, a.stride[last]!, out.data, o, a.data, i);
  }
}

const tile = 16; // columns per pass: this many cache lines of `x` stay in the cache between rows

/**
 * Copies m rows of n elements from `x` to `y`. t and v are the row and column strides of `y`; s and u are the row and
 * column strides of `x`.
 */
function copyPlane(
  m: number,
  t: number,
  s: number,
  n: number,
  v: number,
  u: number,
  y: Data,
  o: number,
  x: Data,
  i: number,
): void {
  if (n < 8 && n < m) {
    copyPlane(n, v, u, m, t, s, y, o, x, i); // swaps the axes, so that the inner loop is the longer one
    return;
  }
  const width = Math.abs(u) > Math.abs(s) && m > 1 ? tile : n;
  for (let from = 0; from < n; from += width) {
    const to = Math.min(n, from + width);
    for (let k = 0; k < m; k++) {
      for (let l = from, p = o + k * t + from * v, q = i + k * s + from * u; l < to; l++, p += v, q += u) y[p] = x[q]!;
    }
  }
}

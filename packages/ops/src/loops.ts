import { assign, type Data, isRowMajor, type NdArray, ndarray, rows, type Shape, sizeOf } from "@wengert/core/ndarray";

// Kernels are inner loops over typed arrays; what is here walks over the remaining axes and calls them. The arrays go in
// as arguments, because captured ones make a loop several times slower.

/** Writes n results from `out[o]` on. Input number k is read from `data[start]` in steps of `stride`. */
export type ElementwiseLoop = (
  n: number,
  out: Data,
  o: number,
  a: Data,
  i: number,
  s: number,
  b: Data,
  j: number,
  t: number,
  c: Data,
  k: number,
  u: number,
) => void;

/** Runs `loop` over `out` (row-major) and up to three inputs that broadcast to it, in runs as long as strides allow. */
export function elementwise(out: NdArray, inputs: readonly NdArray[], loop: ElementwiseLoop): void {
  const a = inputs[0]!;
  const b = inputs.length > 1 ? inputs[1]! : a;
  const c = inputs.length > 2 ? inputs[2]! : a;
  const p = wholeStride(a, out);
  const q = b === a ? p : wholeStride(b, out);
  const r = c === a ? p : wholeStride(c, out);
  if (p !== undefined && q !== undefined && r !== undefined) {
    loop(out.data.length, out.data, 0, a.data, a.offset, p, b.data, b.offset, q, c.data, c.offset, r);
  } else {
    inRuns(out, a, b, c, loop);
  }
}

/** The same for what is not one run. It stands apart, as calls with one need not pay for the closure. */
function inRuns(out: NdArray, a: NdArray, b: NdArray, c: NdArray, loop: ElementwiseLoop): void {
  const [shape, x, y, z] = merged(
    out.shape,
    [a, b, c].map((array) => broadcastStrides(array, out.shape)),
  );
  const run = shape!.length - 1;
  const [n, s, t, u] = run < 0 ? [1, 0, 0, 0] : [shape![run]!, x![run]!, y![run]!, z![run]!];
  const size = sizeOf(shape!);
  let [i, j, k] = [a.offset, b.offset, c.offset];
  const index = new Array<number>(shape!.length).fill(0);
  for (let o = 0; o < size; o += n) {
    loop(n, out.data, o, a.data, i, s, b.data, j, t, c.data, k, u);
    for (let axis = run - 1; axis >= 0; axis--) {
      i += x![axis]!;
      j += y![axis]!;
      k += z![axis]!;
      if (++index[axis]! < shape![axis]!) break;
      i -= x![axis]! * shape![axis]!;
      j -= y![axis]! * shape![axis]!;
      k -= z![axis]! * shape![axis]!;
      index[axis] = 0;
    }
  }
}

/** The stride that runs through all of `array`, which broadcasts to `out`: 1 if it is as large and row by row, 0 for a number. */
export function wholeStride(array: NdArray, out: NdArray): number | undefined {
  if (array.shape.length === 0) return 0;
  return sizeOf(array.shape) === out.data.length && isRowMajor(array) ? 1 : undefined;
}

/** The strides with which `array` is read as an array of `shape`: 0 along the axes that it lacks or has once. */
export function broadcastStrides(array: NdArray, shape: Shape): number[] {
  const missing = shape.length - array.shape.length;
  return shape.map((_, i) => (i < missing || array.shape[i - missing] === 1 ? 0 : array.stride[i - missing]!));
}

/** `shape` and lists of strides with neighbouring axes made one wherever all of them allow it. */
export function merged(shape: Shape, strides: readonly number[][]): number[][] {
  const result: number[][] = [[], ...strides.map(() => [])];
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    const last = result[0]!.length - 1;
    const joins = last >= 0 && strides.every((list, k) => result[k + 1]![last] === list[axis]! * n);
    if (joins) result[0]![last]! *= n;
    else result[0]!.push(n);
    strides.forEach((list, k) => {
      if (joins) result[k + 1]![last] = list[axis]!;
      else result[k + 1]!.push(list[axis]!);
    });
  }
  return result;
}

/** One lane of n entries of each array, from its start in steps of its stride. A reduced output has one entry. */
export type LaneLoop = (
  n: number,
  out: Data,
  o: number,
  r: number,
  a: Data,
  i: number,
  s: number,
  b: Data,
  j: number,
  t: number,
  c: Data,
  k: number,
  u: number,
) => void;

/**
 * Runs `loop` along `axes` for every place on the other axes, in row-major order. `inputs[0]` has the full shape; the
 * other arrays have it too, or are without `axes`: then a lane of them is a single entry.
 */
export function alongAxes(axes: readonly number[], out: NdArray, inputs: readonly NdArray[], loop: LaneLoop): void {
  const shape = inputs[0]!.shape;
  const kept = [...shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const n = axes.reduce((size, axis) => size * shape[axis]!, 1);
  const isReduced = ({ shape: own }: NdArray) => own.length !== shape.length;
  // Each array with the kept axes first; lanes that are not one run of memory are copied to be so.
  const lanes = [out, ...inputs].map((array, which) => {
    if (isReduced(array)) return { data: array.data, offset: array.offset, strides: array.stride, stride: 0 };
    const moved = array.transpose(...order);
    const stride = laneStride(moved, kept.length);
    if (stride !== undefined) return { data: moved.data, offset: moved.offset, strides: moved.stride, stride };
    const copy =
      which === 0
        ? rows(ndarray(new (out.data.constructor as new (size: number) => Data)(sizeOf(moved.shape)), moved.shape))
        : rows(moved);
    return { data: copy, offset: 0, strides: ndarray(copy, moved.shape).stride, stride: 1 };
  });
  const [o, a, b = a, c = a] = lanes as readonly Lane[] as readonly [Lane, Lane, Lane?, Lane?];
  const outer = kept.map((axis) => shape[axis]!);
  const starts = lanes.map(({ offset }) => offset);
  const index = outer.map(() => 0);
  for (let left = sizeOf(outer); left > 0; left--) {
    const i = starts[1]!;
    const j = starts[2] ?? i;
    const k = starts[3] ?? i;
    loop(n, o.data, starts[0]!, o.stride, a.data, i, a.stride, b!.data, j, b!.stride, c!.data, k, c!.stride);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      for (let l = 0; l < lanes.length; l++) starts[l]! += lanes[l]!.strides[axis]!;
      if (++index[axis]! < outer[axis]!) break;
      for (let l = 0; l < lanes.length; l++) starts[l]! -= lanes[l]!.strides[axis]! * outer[axis]!;
      index[axis] = 0;
    }
  }
  if (o.data !== out.data)
    assign(
      out.transpose(...order),
      ndarray(
        o.data,
        order.map((axis) => shape[axis]!),
      ),
    );
}

/** The output of a reduction of `shape` over `axes`, seen without those axes. */
export const withoutAxes = (out: NdArray, shape: Shape, axes: readonly number[]): NdArray =>
  ndarray(
    out.data,
    shape.filter((_, i) => !axes.includes(i)),
  );

interface Lane {
  readonly data: Data;
  readonly offset: number;
  readonly strides: Shape;
  readonly stride: number;
}

/** The stride that runs through all axes from `first` on, up to that before `end`, if there is one. */
export function laneStride(array: NdArray, first: number, end: number = array.shape.length): number | undefined {
  let stride: number | undefined;
  let span = 1;
  for (let axis = end - 1; axis >= first; axis--) {
    if (array.shape[axis] === 1) continue;
    stride ??= array.stride[axis]!;
    if (array.stride[axis] !== stride * span) return undefined;
    span *= array.shape[axis]!;
  }
  return stride ?? 1;
}

/** Runs a kernel that stores intermediate values in its output, so that a float32 output is rounded only once. */
export function inDoubles(out: NdArray, kernel: (out: NdArray) => void): void {
  const exact = out.data instanceof Float32Array ? ndarray(new Float64Array(out.data.length), out.shape) : out;
  kernel(exact);
  if (exact !== out) out.data.set(exact.data);
}

import { assign, type Data, type NdArray, ndarray, ravel, type Shape, sizeOf } from "@wengert/core/extend";

/**
 * Processes one slice: n entries of each array, from the array's start, in steps of the array's stride. In the output
 * of a reduction, a slice is one entry.
 */
export type SliceLoop = (
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
 * Runs `loop` for each slice along `axes`, in row-major order of the other axes. The first input must have all axes.
 * The output or another input may lack the axes `axes`, and then has a single entry for each slice.
 */
export function alongAxes(axes: readonly number[], out: NdArray, inputs: readonly NdArray[], loop: SliceLoop): void {
  const shape = inputs[0]!.shape;
  if (isEmpty(out) && inputs.every(isEmpty)) return; // there may be 2^50 slices without entries
  const outerAxes = [...shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...outerAxes, ...axes];
  const n = axes.reduce((size, axis) => size * shape[axis]!, 1);
  const isReduced = ({ shape: ownShape }: NdArray) => ownShape.length !== shape.length;
  // Prepares slices that `loop` can read with a constant stride. Slices without a constant stride are copied to
  // contiguous memory.
  const slices = [out, ...inputs].map((array, position) => {
    if (isReduced(array)) return { data: array.data, offset: array.offset, strides: array.stride, stride: 0 };
    const axesLast = array.transpose(...order);
    const stride = sliceStride(axesLast, outerAxes.length);
    if (stride !== undefined) return { data: axesLast.data, offset: axesLast.offset, strides: axesLast.stride, stride };
    const copy =
      position === 0
        ? ravel(
            ndarray(new (out.data.constructor as new (size: number) => Data)(sizeOf(axesLast.shape)), axesLast.shape),
          )
        : ravel(axesLast);
    return { data: copy, offset: 0, strides: ndarray(copy, axesLast.shape).stride, stride: 1 };
  });
  const [o, a, b = a, c = a] = slices as readonly StridedSlice[] as readonly [
    StridedSlice,
    StridedSlice,
    StridedSlice?,
    StridedSlice?,
  ];
  const outer = outerAxes.map((axis) => shape[axis]!);
  const starts = slices.map(({ offset }) => offset);
  const index = outer.map(() => 0);
  for (let remaining = sizeOf(outer); remaining > 0; remaining--) {
    const i = starts[1]!;
    const j = starts[2] ?? i;
    const k = starts[3] ?? i;
    loop(n, o.data, starts[0]!, o.stride, a.data, i, a.stride, b!.data, j, b!.stride, c!.data, k, c!.stride);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      for (let l = 0; l < slices.length; l++) starts[l]! += slices[l]!.strides[axis]!;
      if (++index[axis]! < outer[axis]!) break;
      for (let l = 0; l < slices.length; l++) starts[l]! -= slices[l]!.strides[axis]! * outer[axis]!;
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

const isEmpty = ({ shape }: NdArray): boolean => shape.includes(0);

/**
 * Returns `out`, the output of a reduction over `axes`, as an array without these axes. `shape` is the reduction's
 * input shape.
 */
export const withoutAxes = (out: NdArray, shape: Shape, axes: readonly number[]): NdArray =>
  ndarray(
    out.data,
    shape.filter((_, i) => !axes.includes(i)),
  );

interface StridedSlice {
  readonly data: Data;
  readonly offset: number;
  readonly strides: Shape;
  readonly stride: number;
}

/**
 * Returns the single stride with which a loop can visit the axes from `first` to `end` − 1 in row-major order, or
 * undefined if no single stride exists.
 */
export function sliceStride(array: NdArray, first: number, end: number = array.shape.length): number | undefined {
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

/**
 * Runs `kernel` with a float64 output, and then rounds the result to the dtype of `out`. So a float32 result is rounded
 * only once, even if the kernel stores intermediate values in its output.
 */
export function inFloat64(out: NdArray, kernel: (out: NdArray) => void): void {
  const exact = out.data instanceof Float32Array ? ndarray(new Float64Array(out.data.length), out.shape) : out;
  kernel(exact);
  if (exact !== out) out.data.set(exact.data);
}

import { type Data, isRowMajor, type NdArray, type Shape, sizeOf } from "@wengert/core/extend";

// Kernels are inner loops over typed arrays. The functions in this file iterate over the outer axes and call a kernel
// for each run, a series of elements with constant strides. Arrays are passed as arguments, because a loop over
// captured arrays is several times slower.

/**
 * Writes n results to `out`, from index o on. The inputs a, b and c are read from the indices i, j and k on, with the
 * strides s, t and u.
 */
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

/**
 * Applies `loop` to `out` (row-major) and up to three inputs that broadcast to it. Each call of `loop` processes as
 * many elements as the strides allow.
 */
export function elementwise(out: NdArray, inputs: readonly NdArray[], loop: ElementwiseLoop): void {
  const a = inputs[0]!;
  const b = inputs.length > 1 ? inputs[1]! : a;
  const c = inputs.length > 2 ? inputs[2]! : a;
  const p = uniformStride(a, out);
  const q = b === a ? p : uniformStride(b, out);
  const r = c === a ? p : uniformStride(c, out);
  if (p !== undefined && q !== undefined && r !== undefined) {
    loop(out.data.length, out.data, 0, a.data, a.offset, p, b.data, b.offset, q, c.data, c.offset, r);
  } else {
    elementwiseInRuns(out, a, b, c, loop);
  }
}

/**
 * Calls `loop` once for each index of the outer axes. This is a separate function, so that its closure is not created
 * for inputs that need only one call.
 */
function elementwiseInRuns(out: NdArray, a: NdArray, b: NdArray, c: NdArray, loop: ElementwiseLoop): void {
  const [shape, x, y, z] = mergeAxes(
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

/**
 * Returns the stride with which a flat loop over `out` reads the data of `array`: 1 if `array` is row-major with the
 * size of `out`, 0 if `array` is a scalar, and undefined for all other arrays.
 */
export function uniformStride(array: NdArray, out: NdArray): number | undefined {
  if (array.shape.length === 0) return 0;
  return sizeOf(array.shape) === out.data.length && isRowMajor(array) ? 1 : undefined;
}

/** Returns the strides with which `array` broadcasts to `shape`: 0 along missing axes and axes of size 1. */
export function broadcastStrides(array: NdArray, shape: Shape): number[] {
  const missing = shape.length - array.shape.length;
  return shape.map((_, i) => (i < missing || array.shape[i - missing] === 1 ? 0 : array.stride[i - missing]!));
}

/**
 * Merges neighboring axes of arrays that have the shape `shape`, where the strides of all arrays allow it. Returns the
 * new shape, then the new strides of each array.
 */
export function mergeAxes(shape: Shape, strides: readonly number[][]): number[][] {
  const result: number[][] = [[], ...strides.map(() => [])];
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    const last = result[0]!.length - 1;
    const canMerge = last >= 0 && strides.every((list, k) => result[k + 1]![last] === list[axis]! * n);
    if (canMerge) result[0]![last]! *= n;
    else result[0]!.push(n);
    strides.forEach((list, k) => {
      if (canMerge) result[k + 1]![last] = list[axis]!;
      else result[k + 1]!.push(list[axis]!);
    });
  }
  return result;
}

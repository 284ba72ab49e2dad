/**
 * The only module that may import ndarray; `@wengert/core/ndarray` to the packages above. Ops work on arrays of our own, of
 * view.ts; readers get what ndarray makes of them, unless the code that it generates is forbidden.
 *
 * ndarray is CommonJS: import the default export (its types promise named ones, which fail in Node).
 */
import nd, { type NdArray as Nd } from "ndarray";
import { OutOfRangeError } from "../checks/errors.ts";
import { assign } from "./copy.ts";
import { type Data, type Shape, viewOf } from "./view.ts";

export { assign } from "./copy.ts";

export type { Data, Shape } from "./view.ts";
export type NdArray = Nd<Data>;

/** An ndarray that is only read: what `Tensor.data` is typed as. */
export interface ReadonlyNdArray
  extends Readonly<Pick<NdArray, "offset" | "dtype" | "size" | "dimension" | "get" | "index">> {
  readonly data: ArrayLike<number> & Iterable<number>;
  readonly shape: Shape;
  readonly stride: Shape;
  lo(...from: number[]): ReadonlyNdArray;
  hi(...size: number[]): ReadonlyNdArray;
  step(...step: number[]): ReadonlyNdArray;
  transpose(...axes: number[]): ReadonlyNdArray;
  pick(...index: (number | null)[]): ReadonlyNdArray;
}

export const sizeOf = (shape: Shape): number => {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
};

export const isSameShape = (a: Shape, b: Shape): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

const maxElements = 2 ** 32; // that any engine's typed arrays hold

/** @throws OutOfRangeError for more elements than an array can have. A view can claim more than exist. */
export function checkSize(caller: string, shape: Shape): void {
  if (sizeOf(shape) <= maxElements) return;
  throw new OutOfRangeError(
    `${caller}: [${shape.join(", ")}] has more elements than an array can hold (2^32); work on it in parts`,
  );
}

/** A typed array of zeros for the elements of `shape`. @throws OutOfRangeError for more than there is memory for. */
export function allocateArray(ArrayClass: DataClass, caller: string, shape: Shape): Data {
  const size = sizeOf(shape);
  try {
    return new ArrayClass(size);
  } catch {
    const bytes = size * ArrayClass.BYTES_PER_ELEMENT;
    throw new OutOfRangeError(
      `${caller}: there is no memory for an array of shape [${shape.join(", ")}], ${bytes} bytes; work in parts, or in a smaller dtype`,
    );
  }
}
/** The class of a typed array. */
export interface DataClass {
  new (size: number): Data;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * `data` seen as an array of `shape`; row by row unless strides are given. Nothing is copied, the lists neither: they must not
 * change. This is what ops work on: one class, whatever the dtype and rank, which engines are quick to read.
 */
export const ndarray = (data: Data, shape: Shape, stride?: Shape, offset?: number): NdArray =>
  viewOf(data, shape, stride, offset) as unknown as NdArray;

/** Whether code may be generated, which the policy of a page may forbid; `undefined` until it is tried, once. */
let canGenerateCode: boolean | undefined;
function tryGenerateCode(): boolean {
  try {
    new Function();
    return true;
  } catch {
    return false;
  }
}

/** The same elements for readers outside: a real ndarray, whose shape and strides are its own; of our class where that is forbidden. */
export function toNdarray({ data, shape, stride, offset }: NdArray): NdArray {
  canGenerateCode ??= tryGenerateCode();
  return canGenerateCode ? nd(data, shape, stride, offset) : ndarray(data, [...shape], [...stride], offset);
}

/** Whether the elements of `a` lie row by row, without gaps. */
export function isRowMajor(a: NdArray): boolean {
  let expected = 1;
  for (let i = a.shape.length - 1; i >= 0; i--) {
    if (a.shape[i] !== 1 && a.stride[i] !== expected) return false;
    expected *= a.shape[i]!;
  }
  return true;
}

/** The elements of `a` row by row: its own memory where they lie so already, else a copy. */
export function ravel(a: NdArray): Data {
  const { data, offset } = a;
  const size = sizeOf(a.shape);
  if (isRowMajor(a)) return offset === 0 && data.length === size ? data : data.subarray(offset, offset + size);
  const copy = allocateArray(data.constructor as DataClass, "a copy", a.shape);
  assign(ndarray(copy, a.shape), a);
  return copy;
}

/** out ← a + b for a row-major `out`. */
export function add(out: NdArray, a: NdArray, b: NdArray): void {
  const [sum, x, y] = [out.data, ravel(a), ravel(b)];
  for (let i = 0; i < sum.length; i++) sum[i] = x[i]! + y[i]!;
}

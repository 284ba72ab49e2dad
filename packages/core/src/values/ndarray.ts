/**
 * The only module that imports ndarray: `Tensor.data` returns an ndarray, but ops use the class `View`.
 *
 * ndarray is a CommonJS module, so Node can import only its default export, although its type declarations also have
 * named exports.
 */
import nd, { type NdArray as Nd } from "ndarray";
import { OutOfRangeError, ShapeError, show } from "../checks/errors.ts";
import { assign } from "./copy.ts";
import { type Data, type Shape, viewOf } from "./view.ts";

export { assign } from "./copy.ts";

export type { Data, Shape } from "./view.ts";
export type NdArray = Nd<Data>;

/** A read-only ndarray: the type of `Tensor.data`. */
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

export const maxAxes = 64; // as in NumPy 2
const maxElements = 2 ** 32; // that typed arrays can hold in every engine

/** @throws ShapeError if a shape has more than 64 axes */
export function checkRank(caller: string, shape: Shape): void {
  if (shape.length > maxAxes)
    throw new ShapeError(`${caller}: a shape has at most ${maxAxes} axes, got ${shape.length}`);
}

/**
 * Checks the shape of every new tensor. A broadcast view may have more elements than its memory.
 * @throws ShapeError for more than 64 axes, or unless the number of elements is a whole number; OutOfRangeError for
 * more elements than an array can have
 */
export function checkSize(caller: string, shape: Shape): void {
  const size = Array.isArray(shape) ? sizeOf(shape) : Number.NaN;
  if (!(size >= 0 && size % 1 === 0))
    throw new ShapeError(
      `${caller}: the shape of an output must be a list of whole numbers, got ${Array.isArray(shape) ? `[${shape.join(", ")}]` : show(shape)}`,
    );
  checkRank(caller, shape);
  if (size <= maxElements) return;
  throw new OutOfRangeError(
    `${caller}: [${shape.join(", ")}] has more elements than an array can hold (2^32); process it in parts`,
  );
}

/** Returns a typed array of zeros for the elements of `shape`. @throws OutOfRangeError if there is not enough memory */
export function allocateArray(ArrayClass: DataClass, caller: string, shape: Shape): Data {
  const size = sizeOf(shape);
  try {
    return new ArrayClass(size);
  } catch {
    const bytes = size * ArrayClass.BYTES_PER_ELEMENT;
    throw new OutOfRangeError(
      `${caller}: not enough memory for an array of shape [${shape.join(", ")}], ${bytes} bytes; process it in parts, or use a smaller dtype`,
    );
  }
}
/** The type of the constructors of typed arrays. */
export interface DataClass {
  new (size: number): Data;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * Returns `data` as an array of `shape`, row-major by default. Does not copy `data` and `shape`, so the caller must not
 * change them. Arrays of all dtypes and ranks have the same class, because JavaScript engines run code for a single
 * class faster.
 */
export const ndarray = (data: Data, shape: Shape, stride?: Shape, offset?: number): NdArray =>
  viewOf(data, shape, stride, offset) as unknown as NdArray;

/**
 * Whether the page may generate code from strings, which a Content-Security-Policy can forbid. `undefined` until the
 * first attempt.
 */
let canGenerateCode: boolean | undefined;
function tryGenerateCode(): boolean {
  try {
    new Function();
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns an instance of the package ndarray with the same memory, and copies of the shape and strides. If a
 * Content-Security-Policy forbids the code that ndarray generates, returns a `View` instead.
 */
export function toNdarray({ data, shape, stride, offset }: NdArray): NdArray {
  canGenerateCode ??= tryGenerateCode();
  return canGenerateCode ? nd(data, shape, stride, offset) : ndarray(data, [...shape], [...stride], offset);
}

/** Returns whether the elements of `a` are in row-major order without gaps. */
export function isRowMajor(a: NdArray): boolean {
  let expected = 1;
  for (let i = a.shape.length - 1; i >= 0; i--) {
    if (a.shape[i] !== 1 && a.stride[i] !== expected) return false;
    expected *= a.shape[i]!;
  }
  return true;
}

/**
 * Returns the elements of `a` in row-major order: its own memory if it is row-major, else a copy. The error for
 * insufficient memory names `caller`.
 */
export function ravel(a: NdArray, caller = "a copy"): Data {
  const { data, offset } = a;
  const size = sizeOf(a.shape);
  if (isRowMajor(a)) return offset === 0 && data.length === size ? data : data.subarray(offset, offset + size);
  const copy = allocateArray(data.constructor as DataClass, caller, a.shape);
  assign(ndarray(copy, a.shape), a);
  return copy;
}

/** Writes the sum of the arrays a and b to `out`, which is row-major. */
export function add(out: NdArray, a: NdArray, b: NdArray): void {
  const [sum, x, y] = [out.data, ravel(a), ravel(b)];
  for (let i = 0; i < sum.length; i++) sum[i] = x[i]! + y[i]!;
}

/**
 * The only module that may import ndarray; `@wengert/core/ndarray` to the packages above. Where the code that ndarray
 * generates is forbidden, view.ts takes its place, and nothing else changes.
 *
 * ndarray is CommonJS: import the default export (its types promise named ones, which fail in Node).
 */
import nd, { type NdArray as Nd } from "ndarray";
import { assign } from "./copy.ts";
import { OutOfRangeError } from "./errors.ts";
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

const mostElements = 2 ** 32; // that any engine's typed arrays hold

/** @throws OutOfRangeError for more elements than an array can have, of which there may be a view. */
export function checkSize(who: string, shape: Shape): void {
  if (sizeOf(shape) <= mostElements) return;
  throw new OutOfRangeError(
    `${who}: [${shape.join(", ")}] has more elements than an array can hold (2^32); work on it in parts`,
  );
}

/** A typed array of zeros for the elements of `shape`. @throws OutOfRangeError for more than there is memory for. */
export function memory(Kind: DataClass, who: string, shape: Shape): Data {
  const size = sizeOf(shape);
  try {
    return new Kind(size);
  } catch {
    const bytes = size * Kind.BYTES_PER_ELEMENT;
    throw new OutOfRangeError(
      `${who}: there is no memory for an array of shape [${shape.join(", ")}], ${bytes} bytes; work in parts, or in a smaller dtype`,
    );
  }
}
/** The class of a typed array. */
export interface DataClass {
  new (size: number): Data;
  readonly BYTES_PER_ELEMENT: number;
}

// ndarray() looks for its class anew at each call, which makes a chain of small ops a third slower. So the classes for up
// to two axes are remembered, by the kind of typed array and the rank; they take shape, strides and offset one by one.
type ViewClass = new (data: Data, ...shapeStrideOffset: number[]) => NdArray;
const views = /* @__PURE__ */ new Map<unknown, ViewClass[]>();

/** Whether code may be generated, which the policy of a page may forbid; `undefined` until it is tried, once. */
let mayGenerate: boolean | undefined;
function triedToGenerate(): boolean {
  try {
    new Function();
    return true;
  } catch {
    return false;
  }
}

/** `data` seen as an array of `shape`; row by row unless strides are given. Nothing is copied. */
export function ndarray(data: Data, shape: Shape, stride?: Shape, offset?: number): NdArray {
  // Without an offset, negative strides need one, which ndarray finds.
  const View = stride === undefined || offset !== undefined ? views.get(data.constructor)?.[shape.length] : undefined;
  if (View !== undefined) {
    const last = stride?.[shape.length - 1] ?? 1;
    if (shape.length === 2) return new View(data, shape[0]!, shape[1]!, stride?.[0] ?? shape[1]!, last, offset ?? 0);
    if (shape.length === 1) return new View(data, shape[0]!, last, offset ?? 0);
    return new View(data, offset ?? 0);
  }
  mayGenerate ??= triedToGenerate();
  if (!mayGenerate) return viewOf(data, shape, stride, offset) as unknown as NdArray;
  const array = nd(data, shape as number[], stride as number[] | undefined, offset);
  if (shape.length <= 2) {
    const ofDType = views.get(data.constructor) ?? [];
    ofDType[shape.length] = array.constructor as ViewClass;
    views.set(data.constructor, ofDType);
  }
  return array;
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
export function rows(a: NdArray): Data {
  const { data, offset } = a;
  const size = sizeOf(a.shape);
  if (isRowMajor(a)) return offset === 0 && data.length === size ? data : data.subarray(offset, offset + size);
  const copy = memory(data.constructor as DataClass, "a copy", a.shape);
  assign(ndarray(copy, a.shape), a);
  return copy;
}

/** out ← a + b for a row-major `out`. */
export function add(out: NdArray, a: NdArray, b: NdArray): void {
  const [sum, x, y] = [out.data, rows(a), rows(b)];
  for (let i = 0; i < sum.length; i++) sum[i] = x[i]! + y[i]!;
}

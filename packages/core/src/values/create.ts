import {
  ArgumentError,
  DTypeError,
  hintFor,
  isArray,
  isList,
  OutOfRangeError,
  prefixErrors,
  ShapeError,
  show,
} from "../checks/errors.ts";
import { type Complete, isPlain, prototypeOf, withDefaults } from "../checks/options.ts";
import { allocate, checkDType, type DType, isFloat, storage } from "./dtype.ts";
import { shapeText } from "./format.ts";
import {
  assign,
  checkRank,
  checkSize,
  type Data,
  maxAxes,
  type NdArray,
  ndarray,
  type ReadonlyNdArray,
  ravel,
  type Shape,
  sizeOf,
} from "./ndarray.ts";
import { type Nested, type Operand, otherCopyHint, Tensor, valuesOf } from "./tensor.ts";

export interface TensorOptions {
  /**
   * The dtype of the new tensor. Default: the dtype of a typed array, ndarray or tensor; bool for booleans; otherwise
   * float64.
   */
  readonly dtype?: DType | undefined;
  readonly label?: string | undefined;
}

const defaults: Complete<TensorOptions> = { dtype: undefined, label: undefined };
const tensorDefaults: Complete<TensorOptions & { readonly shape?: Shape }> = { ...defaults, shape: undefined };

/**
 * Returns a tensor with a copy of `value`: a number, a boolean, nested arrays of them, a typed array, an ndarray or a
 * tensor. With `shape`, the elements of `value` fill a tensor of this shape in row-major order. No derivative flows
 * through the copy; to differentiate through a dtype conversion, use `cast`.
 * @throws ShapeError for ragged nesting and DTypeError for entries that are not numbers, both with the index of the
 * entry; ShapeError unless `shape` has as many elements as `value`; OutOfRangeError for a number that int32 cannot hold
 */
export function tensor(
  value: Nested | ArrayLike<number> | readonly ArrayLike<number>[] | ReadonlyNdArray | Tensor,
  ...rest: [options?: TensorOptions & { readonly shape?: Shape | undefined }]
): Tensor {
  const numbers: readonly unknown[] = [value, ...rest];
  if (rest.length > 0 && numbers.every((x) => typeof x === "number"))
    throw new ArgumentError(
      `tensor: expected one value, got ${numbers.length} numbers; write tensor([${numbers.join(", ")}])`,
    );
  const { dtype, label, shape } = checkOptions("tensor", rest[0], tensorDefaults);
  const source: unknown = value instanceof Tensor ? valuesOf("tensor", value) : value;
  const array = isNdArray(source) ? checkNdArray("tensor", source) : undefined;
  checkAttached("tensor", array ? array.data : source);
  const ownShape = array ? [...array.shape] : nestedShape(source);
  const defaultDType = value instanceof Tensor ? value.dtype : dtypeOf(array ? array.data : source);
  const type = prefixErrors("tensor", () => checkDType(dtype ?? defaultDType));
  checkShape("tensor", ownShape);
  if (shape !== undefined && sizeOf(checkShape("tensor", shape)) !== sizeOf(ownShape))
    throw new ShapeError(
      `tensor: shape ${shapeText(shape)} has ${sizeOf(shape)} elements, got ${sizeOf(ownShape)}; pass as many numbers, or zeros(shape)`,
    );
  const data = allocate("tensor", ownShape, type);
  if (array === undefined) copyNested(source, ownShape, data, type);
  else copyNested(elements(array), [data.length], data, type);
  const finalShape = shape ? [...shape] : ownShape;
  return new Tensor(finalShape, type, ndarray(data, finalShape), label);
}

/** Adds the defaults to the options of a new tensor. @throws ArgumentError unless the label is a string */
function checkOptions<O extends TensorOptions>(caller: string, options: unknown, defaults: Complete<O>): Complete<O> {
  const complete = withDefaults<O>(caller, options, defaults);
  if (complete.label === undefined || typeof complete.label === "string") return complete;
  throw new ArgumentError(`${caller}: label must be a string, got ${show(complete.label)}`);
}

/**
 * @throws ArgumentError if the buffer of a typed array was transferred to another thread, which removes its elements
 */
function checkAttached(caller: string, source: unknown): void {
  if (!ArrayBuffer.isView(source) || source.byteLength > 0) return;
  try {
    new Uint8Array(source.buffer);
  } catch {
    throw new ArgumentError(
      `${caller}: the buffer of ${show(source)} was transferred, so it has no elements; pass a copy to postMessage`,
    );
  }
}

/** Copies nested lists of `shape` into `data`, in row-major order. */
function copyNested(source: unknown, shape: Shape, data: Data, dtype: DType): void {
  const path: number[] = [];
  let written = 0;
  const visit = (part: unknown): void => {
    const depth = path.length;
    if (depth === shape.length && !isArrayLike(part)) {
      data[written++] = toNumber("tensor", part, dtype, path);
    } else if (!isArrayLike(part) || part.length !== shape[depth]) {
      const got =
        isArrayLike(part) && depth < shape.length
          ? `${part.length}`
          : typeof part === "number"
            ? `the number ${part}`
            : show(part);
      const expected = depth === shape.length ? "a number" : `${shape[depth]} entries`;
      throw new ShapeError(
        `tensor: ragged nesting: expected ${expected} at ${indexText(path)}, like its first sibling, got ${got}; pad it, or keep a list of tensors`,
      );
    } else if (isFloat(dtype) && depth === shape.length - 1 && isFloatArray(part)) {
      if (part.length > 0) data.set(part, written); // floats need no check, so copy them in bulk
      written += part.length;
    } else {
      for (let i = 0; i < part.length; i++) {
        path[depth] = i;
        visit(part[i]);
      }
      path.length = depth;
    }
  };
  visit(source);
}

/** Returns a tensor of `shape` filled with `value`. @throws ShapeError unless the sizes are integers ≥ 0 */
export const full = (shape: Shape, value: number | boolean, options?: TensorOptions): Tensor =>
  createFull("full", shape, value, [options]);
/** Returns a tensor of `shape` filled with 0. @throws ShapeError unless the sizes are integers ≥ 0 */
export const zeros = (shape: Shape, ...rest: [options?: TensorOptions]): Tensor => createFull("zeros", shape, 0, rest);
/** Returns a tensor of `shape` filled with 1. @throws ShapeError unless the sizes are integers ≥ 0 */
export const ones = (shape: Shape, ...rest: [options?: TensorOptions]): Tensor => createFull("ones", shape, 1, rest);

/**
 * Returns a tensor with the shape of x, filled with `value`. The dtype is that of x, unless the options have a dtype.
 * Reads no elements of x, so x may be a tensor of a trace. No derivative flows to x.
 * @throws ArgumentError unless x is a tensor; DTypeError or OutOfRangeError if the dtype cannot hold `value`
 */
export const fullLike = (x: Tensor, value: number | boolean, options?: TensorOptions): Tensor =>
  createLike("fullLike", x, value, options);
/**
 * Returns a tensor with the shape of x, filled with 0. The dtype is that of x, unless the options have a dtype. Reads
 * no elements of x, so x may be a tensor of a trace. No derivative flows to x.
 * @throws ArgumentError unless x is a tensor
 */
export const zerosLike = (x: Tensor, options?: TensorOptions): Tensor => createLike("zerosLike", x, 0, options);
/**
 * Returns a tensor with the shape of x, filled with 1. The dtype is that of x, unless the options have a dtype. Reads
 * no elements of x, so x may be a tensor of a trace. No derivative flows to x.
 * @throws ArgumentError unless x is a tensor
 */
export const onesLike = (x: Tensor, options?: TensorOptions): Tensor => createLike("onesLike", x, 1, options);

function createLike(
  caller: "fullLike" | "zerosLike" | "onesLike",
  x: Tensor,
  value: number | boolean,
  options: TensorOptions | undefined,
): Tensor {
  if (!(x instanceof Tensor))
    throw new ArgumentError(`${caller}: x must be a tensor, got ${show(x)}${likeHint(caller, x)}`);
  const { dtype = x.dtype, label } = checkOptions(caller, options, defaults);
  return fillTensor(caller, [...x.shape], value, { dtype, label });
}

/** Returns a hint for an error message if a number, a shape, a tree or another value was passed instead of a tensor. */
function likeHint(caller: string, x: unknown): string {
  const withShape = (shape: string) =>
    `write ${caller.slice(0, -"Like".length)}(${shape}${caller === "fullLike" ? ", value" : ""})`;
  if (typeof x === "number") return `; ${withShape("[]")}`;
  if (isList(x) && x.length <= 64 && x.every((size) => typeof size === "number"))
    return `; for a shape, ${withShape("shape")}`;
  const copyHint = otherCopyHint(x);
  if (copyHint) return copyHint;
  const call = `${caller}(x${caller === "fullLike" ? ", value" : ""})`;
  if (isArray(x) || isPlain(x)) return `; for a tree of tensors, write treeMap((x) => ${call}, tree)`;
  return hintFor(x);
}

/**
 * Returns a tensor of zeros. Error messages begin with `caller`. The caller may write numbers into the tensor's array
 * before it passes the tensor to the user.
 */
export function createZeros(caller: string, shape: Shape, { dtype, label }: TensorOptions): Tensor {
  prefixErrors(caller, () => checkDType(dtype));
  return createFull(caller, shape, 0, [{ dtype, label }]);
}

function createFull(
  caller: string,
  shape: Shape,
  value: number | boolean,
  rest: readonly [options?: TensorOptions | undefined],
): Tensor {
  const sizes: readonly unknown[] = [shape, ...rest]; // in zeros(2, 3)
  if (rest.length > 0 && sizes.every((size) => typeof size === "number"))
    throw new ShapeError(
      `${caller}: shape must be a list of sizes, got ${sizes.length} numbers; write ${caller}([${sizes.join(", ")}])`,
    );
  return fillTensor(caller, [...checkShape(caller, shape)], value, checkOptions(caller, rest[0], defaults));
}

/** Returns a tensor with the shape and dtype of `like`, filled with `value`. Does not check its arguments. */
export const constantLike = (like: Operand, value: number): Tensor =>
  fillTensor("full", like.shape, value, { dtype: like.dtype });
/** Returns a number as a tensor of shape []. */
export const scalar = (value: number, dtype: DType): Tensor => fillTensor("full", [], value, { dtype });

function fillTensor(caller: string, shape: Shape, value: number | boolean, { dtype, label }: TensorOptions): Tensor {
  const type = prefixErrors(caller, () => checkDType(dtype ?? (typeof value === "boolean" ? "bool" : "float64")));
  const number = toNumber(caller, value, type, []);
  const data = allocate(caller, shape, type);
  if (!Object.is(number, 0)) data.fill(number); // new arrays are filled with 0, but not with −0
  return new Tensor(shape, type, ndarray(data, shape), label);
}

/** Yields each vector of the standard basis with the shape and dtype of `like`. */
export function* basis(like: Tensor): Generator<Tensor> {
  for (let i = 0; i < like.size; i++) {
    const rows = basisRows(like, i, 1);
    yield new Tensor(like.shape, like.dtype, ndarray(rows.array!.data, like.shape));
  }
}

/**
 * Returns `count` vectors of the standard basis along axis 0, from number `start` on. In vector i, element i in
 * row-major order is 1 and all others are 0.
 */
export function basisRows({ shape, size, dtype }: Tensor, start: number, count: number): Tensor {
  const all = [count, ...shape];
  const data = allocate("basis", all, dtype);
  for (let i = 0; i < count; i++) data[i * size + start + i] = 1;
  return new Tensor(all, dtype, ndarray(data, all));
}

/**
 * Wraps an ndarray in a tensor without copying: the tensor has the memory, strides and offset of `nd`. The caller must
 * not write to `nd` again. The dtype is float64, float32 or int32, or bool for uint8 with only 0 and 1.
 * @throws DTypeError for other dtypes, which `tensor(nd, { dtype })` copies and converts; ArgumentError if `nd` is not
 * an ndarray
 */
export function fromNdarray(nd: ReadonlyNdArray, options?: { readonly label?: string | undefined }): Tensor {
  const { label } = withDefaults("fromNdarray", options, { label: undefined });
  if (!isNdArray(nd))
    throw new ArgumentError(`fromNdarray: expected an ndarray, got ${show(nd)}; tensor(...) takes nested arrays`);
  const array = checkNdArray("fromNdarray", nd);
  const isBool = nd.dtype === "uint8" && ravel(array).every((x) => x <= 1);
  const dtype = isBool ? "bool" : (nd.dtype as DType);
  const shape = [...nd.shape];
  if (isBool || (Object.hasOwn(storage, dtype) && typeNameOf(nd.data)?.toLowerCase() === `${dtype}array`)) {
    const wrapped = new Tensor(shape, dtype, ndarray(nd.data, shape, [...nd.stride], nd.offset), label);
    wrapped.watchWrites(); // another tensor may have the same memory
    return wrapped;
  }
  throw new DTypeError(
    `fromNdarray: dtype ${nd.dtype} cannot be wrapped (float64, float32, int32, or uint8 of 0 and 1 can); ` +
      'copy and convert it with tensor(nd, { dtype: "float64" })',
  );
}

/**
 * Returns the shape of a new tensor, after checking it.
 * @throws ShapeError unless the shape is a list of integers ≥ 0; OutOfRangeError for too many elements
 */
function checkShape(caller: string, shape: Shape): Shape {
  if (!isArray(shape))
    throw new ShapeError(
      `${caller}: shape must be a list of sizes, such as [2, 3]; got ${show(shape)}${listHint(shape)}`,
    );
  checkRank(caller, shape);
  const invalidAxis = shape.findIndex((n) => !Number.isSafeInteger(n) || n < 0);
  if (invalidAxis >= 0)
    throw new ShapeError(
      `${caller}: sizes must be integers ≥ 0, got ${shapeText(shape)} (axis ${invalidAxis})${sizeHint(shape)}`,
    );
  checkSize(caller, shape);
  return shape;
}

/**
 * @throws OutOfRangeError unless a tensor of this shape and dtype fits in memory. Callers call this function before a
 * long computation. The function tests only large sizes, by allocating the memory.
 */
export function checkMemory(caller: string, shape: Shape, dtype: DType): void {
  checkSize(caller, shape);
  if (sizeOf(shape) > 2 ** 20) allocate(caller, shape, dtype);
}

/** Returns a hint for an error message if a number was passed instead of a list. */
export const listHint = (value: unknown): string => (typeof value === "number" ? `; write [${value}]` : "");
/** Returns a hint for an error message if a size is −1. */
export const sizeHint = (shape: Shape): string => (shape.includes(-1) ? "; only reshape accepts -1" : "");

/** @throws ShapeError, OutOfRangeError or DTypeError unless the shape and the dtype of a new tensor are valid */
export function checkShapeAndDType(caller: string, shape: Shape, dtype: DType): void {
  checkShape(caller, shape);
  prefixErrors(caller, () => checkDType(dtype));
}

function toNumber(caller: string, value: unknown, dtype: DType, path: readonly number[]): number {
  const at = () => (path.length === 0 ? "" : ` at ${indexText(path)}`);
  if (dtype === "bool" && (typeof value === "boolean" || value === 0 || value === 1)) return Number(value);
  if (typeof value === "bigint") {
    throw new DTypeError(
      `${caller}: ${value}n${at()} is a 64-bit integer, but numbers are exact only up to 2^53; convert with Number(x) if that suffices`,
    );
  }
  if (typeof value !== "number" || dtype === "bool") {
    const hint =
      typeof value === "boolean"
        ? '; write { dtype: "bool" } for booleans, or convert with Number(x)'
        : typeof value === "number"
          ? "; convert numbers with notEqual(x, 0)"
          : typeof value === "string"
            ? "; convert with Number(x)"
            : hintFor(value);
    throw new DTypeError(
      `${caller}: expected ${dtype === "bool" ? "true, false, 0 or 1" : "a number"}${at()}, got ${show(value)}${hint}`,
    );
  }
  if (dtype === "int32" && value !== (value | 0)) {
    throw new OutOfRangeError(`${caller}: ${value}${at()} is not an int32; round it, or use float64`);
  }
  return value;
}

const indexText = (path: readonly number[]): string => path.map((i) => `[${i}]`).join("");

/** Returns the name of a typed array's class, which is the same in every realm; undefined for other values. */
const typeNameOf = (x: unknown): string | undefined =>
  ArrayBuffer.isView(x) ? (x as Data)[Symbol.toStringTag] : undefined;
const isFloatArray = (x: unknown): x is Data => /^Float(?:32|64)Array$/.test(typeNameOf(x) ?? "");
/** Returns whether `x` is an array or a typed array. */
export const isArrayLike = (x: unknown): x is ArrayLike<unknown> =>
  isArray(x) || (ArrayBuffer.isView(x) && typeNameOf(x) !== "DataView");

export function isNdArray(x: unknown): x is NdArray {
  if (typeof x !== "object" || x === null || prototypeOf(x) === undefined) return false;
  return !isArrayLike(x) && "stride" in x && "offset" in x && "data" in x && "pick" in x;
}

/** Returns the ndarray `nd`. @throws ShapeError unless all elements of `nd` are inside its memory */
function checkNdArray(caller: string, nd: NdArray): NdArray {
  const { data, shape, stride, offset } = nd;
  checkShape(caller, shape);
  const hasStrides =
    isList(stride) && stride.length === shape.length && [...stride, offset].every(Number.isSafeInteger);
  if (!isArrayLike(data) || !hasStrides)
    throw new ShapeError(`${caller}: an ndarray must have data and one stride per axis, got ${show(nd)}`);
  let [first, last] = [offset, offset];
  for (const [axis, n] of shape.entries()) {
    if (stride[axis]! < 0) first += (n - 1) * stride[axis]!;
    else last += (n - 1) * stride[axis]!;
  }
  if (sizeOf(shape) === 0 || (first >= 0 && last < data.length)) return nd;
  throw new ShapeError(
    `${caller}: an ndarray of shape ${shapeText(shape)}, stride ${shapeText(stride)} and offset ${offset} reaches outside its ${data.length} elements`,
  );
}

/** Returns the elements of an ndarray in row-major order. The data of the ndarray may also be a plain array. */
function elements(nd: NdArray): ArrayLike<number> {
  if (ArrayBuffer.isView(nd.data)) return ravel(nd);
  const copy: number[] = new Array(sizeOf(nd.shape));
  assign(ndarray(copy as unknown as Data, nd.shape), nd);
  return copy;
}

/** Returns the shape of nested lists, taken from the first entry at each level. */
function nestedShape(value: unknown): number[] {
  const shape: number[] = [];
  for (let part = value; isArrayLike(part); part = part[0]) {
    if (shape.push(part.length) > maxAxes)
      throw new ShapeError(`tensor: nested deeper than ${maxAxes} axes; does the array contain itself?`);
  }
  return shape;
}

/**
 * Returns the default dtype for a value: float32 for a Float32Array, int32 for an Int32Array, bool for booleans, else
 * float64.
 */
function dtypeOf(value: unknown): DType {
  let part = value;
  while (isArray(part) && part.length > 0) part = part[0];
  if (typeof part === "boolean") return "bool";
  const name = typeNameOf(part);
  return name === "Float32Array" ? "float32" : name === "Int32Array" ? "int32" : "float64";
}

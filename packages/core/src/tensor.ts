import {
  ArgumentError,
  cureOf,
  DTypeError,
  isArray,
  isList,
  MutationError,
  OutOfRangeError,
  ShapeError,
  show,
  TracedValueError,
} from "./errors.ts";
import { arrayText, shapeText } from "./format.ts";
import {
  assign,
  checkSize,
  type Data,
  type DataClass,
  isSameShape,
  memory,
  type NdArray,
  ndarray,
  type ReadonlyNdArray,
  realNdarray,
  rows,
  type Shape,
  sizeOf,
} from "./ndarray.ts";
import { type Complete, complete, prototypeOf } from "./options.ts";

export type DType = "float64" | "float32" | "int32" | "bool";
const storage: Readonly<Record<DType, DataClass>> = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
};
export type Nested = number | boolean | readonly Nested[];
/** What stands for a tensor in a call of an op: a number takes its partner's dtype. */
export type TensorLike = Tensor | number;

export const isFloat = (dtype: DType): boolean => dtype === "float64" || dtype === "float32";

/** Memory for a tensor, full of zeros. @throws OutOfRangeError for more than there is. */
export const allocate = (who: string, shape: Shape, dtype: DType): Data => memory(storage[dtype], who, shape);

/**
 * An immutable n-dimensional value. Its identity matters: tapes track tensors, not numbers.
 * Made by `tensor`, `zeros`, `ones`, `full`, `fromNdarray` and by ops.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** The numbers, for kernels; `undefined` while a program is traced. Everyone else reads `data`. */
  readonly array: NdArray | undefined;
  /** A name for messages and listings; it may be given at any time. */
  label: string | undefined;
  #shown: { readonly data: ReadonlyNdArray; readonly numbers: number } | undefined; // what was handed out, with a fingerprint

  constructor(shape: Shape, dtype: DType, array: NdArray | undefined, label?: string) {
    this.shape = shape;
    this.dtype = dtype;
    this.array = array;
    this.label = label;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The numbers as an ndarray, not copied, for reading only. @throws TracedValueError while a program is traced. */
  get data(): ReadonlyNdArray {
    const array = this.#values("data");
    // The type forbids writing, nothing else does: see assertUnchanged.
    this.#shown ??= { data: realNdarray(array) as ReadonlyNdArray, numbers: fingerprint(array) };
    return this.#shown.data;
  }

  /** The one number of a scalar (bool: 1 or 0). @throws ShapeError for any other shape. */
  item(): number {
    const array = this.#values("item");
    if (this.shape.length === 0) return array.data[array.offset]!;
    throw new ShapeError(
      `item: expected a scalar, got ${describe(this)}; read one with .data.get(...) or reduce it first`,
    );
  }

  /** The numbers (bool: booleans) in nested arrays; `T` says how deep: `toNested<number[][]>()`. */
  toNested<T extends Nested = Nested>(): T {
    const flat = rows(this.#values("toNested"));
    const nest = (axis: number, start: number, size: number): Nested => {
      if (axis === this.shape.length) return this.dtype === "bool" ? flat[start] !== 0 : flat[start]!;
      const n = this.shape[axis]!;
      return Array.from({ length: n }, (_, i) => nest(axis + 1, start + (i * size) / n, size / n));
    };
    return nest(0, 0, flat.length) as T;
  }

  /** Throws when someone wrote to what `.data` returned: derivatives would be of numbers that are gone. */
  assertUnchanged(): void {
    if (this.#shown === undefined || this.#shown.numbers === fingerprint(this.array!)) return;
    throw new MutationError(
      `data: ${describe(this)} was written to after it had been used; tensors are immutable: make a new one, ` +
        "tensor(values), or write to a copy, tensor(t).data",
    );
  }

  toString(): string {
    const [name, { dtype }] = [this.label ?? "tensor", this];
    if (this.array === undefined) return `${name}(traced, ${shapeText(this.shape)}, ${dtype})`;
    const shape = this.size === 0 || this.size > 1000 ? `, shape ${shapeText(this.shape)}` : "";
    return `${name}(${arrayText(this.array as ReadonlyNdArray, dtype, name.length + 1)}${shape}, ${dtype})`;
  }

  /** `x instanceof Tensor` asks for what only a tensor has: a proxy, which others may make throw, is none. */
  static [Symbol.hasInstance](x: unknown): x is Tensor {
    return typeof x === "object" && x !== null && #shown in x;
  }

  static {
    // what console.log prints in Node
    const value = Tensor.prototype.toString;
    Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), { value });
  }

  #values(wanted: string): NdArray {
    if (this.array !== undefined) return this.array;
    throw new TracedValueError(
      `${wanted}: ${describe(this)} has no value while a program is traced; branch with where(...), or compute this ` +
        "value outside and close over it",
    );
  }
}

/** All that is known of a tensor without its numbers. */
export type Operand = Pick<Tensor, "shape" | "dtype" | "label">;

export const bytesOf = ({ size, dtype }: Tensor): number => size * (dtype === "float64" ? 8 : dtype === "bool" ? 1 : 4);

/** `W [2, 3]`: how a message names a tensor. */
export const describe = ({ label, shape }: Operand, otherwise = "tensor"): string =>
  `${label ?? otherwise} ${shapeText(shape)}`;

/** `float64 [2, 3]` */
export const kindText = ({ dtype, shape }: Operand): string => `${dtype} ${shapeText(shape)}`;

/** Whether two tensors have the same dtype and shape. */
export const isAlike = (a: Operand, b: Operand): boolean => a.dtype === b.dtype && isSameShape(a.shape, b.shape);

/** FNV-1a over the bits of the elements, every fourth word apart: a change of any one word changes it. */
function fingerprint(array: NdArray): number {
  const flat = rows(array);
  const Word = flat.BYTES_PER_ELEMENT === 1 ? Uint8Array : Uint32Array;
  const words = new Word(flat.buffer as ArrayBuffer, flat.byteOffset, flat.byteLength / Word.BYTES_PER_ELEMENT);
  const prime = 0x01000193;
  const whole = words.length & ~3;
  let [a, b, c, d] = [0x811c9dc5, 0, 0, 0]; // four hashes that do not wait for each other
  for (let i = 0; i < whole; i += 4) {
    a = Math.imul(a ^ words[i]!, prime);
    b = Math.imul(b ^ words[i + 1]!, prime);
    c = Math.imul(c ^ words[i + 2]!, prime);
    d = Math.imul(d ^ words[i + 3]!, prime);
  }
  for (let i = whole; i < words.length; i++) a = Math.imul(a ^ words[i]!, prime);
  for (const hash of [b, c, d]) a = Math.imul(a, prime) ^ hash;
  return a;
}

export interface TensorOptions {
  /** Default: float64, or what a typed array, an ndarray, a tensor or booleans bring with them. */
  readonly dtype?: DType | undefined;
  readonly label?: string | undefined;
}

const ownKind: Complete<TensorOptions> = { dtype: undefined, label: undefined };

/**
 * A tensor with a copy of `value`: a number, a boolean, nested arrays of them, a typed array, an ndarray or a tensor (of
 * which only the numbers are taken, so that no derivative flows back: `cast` converts on the tape).
 * @throws ShapeError for ragged nesting, DTypeError for what is no number, both with the place; OutOfRangeError for a
 * number that int32 cannot hold.
 */
export function tensor(
  value: Nested | ArrayLike<number> | readonly ArrayLike<number>[] | ReadonlyNdArray | Tensor,
  options?: TensorOptions,
): Tensor {
  const { dtype, label } = completeKind("tensor", options);
  const given: unknown = value instanceof Tensor ? value.data : value;
  const array = isNdArray(given) ? checkNdArray("tensor", given) : undefined;
  const shape = array ? [...array.shape] : nestedShape(given);
  const own = value instanceof Tensor ? value.dtype : dtypeOf(array ? array.data : given);
  const type = checkDType("tensor", dtype ?? own);
  checkShape("tensor", shape);
  const data = allocate("tensor", shape, type);
  if (array === undefined) read(given, shape, data, type);
  else read(elements(array), [data.length], data, type);
  return new Tensor(shape, type, ndarray(data, shape), label);
}

/** The options of a tensor to be made. @throws ArgumentError for a label that is none. */
function completeKind(who: string, options: unknown): Complete<TensorOptions> {
  const kind = complete<TensorOptions>(who, options, ownKind);
  if (kind.label === undefined || typeof kind.label === "string") return kind;
  throw new ArgumentError(`${who}: a label is a string, got ${show(kind.label)}`);
}

/** Copies nested lists of `shape` into `data`, row by row. */
function read(source: unknown, shape: Shape, data: Data, dtype: DType): void {
  const path: number[] = [];
  let written = 0;
  const visit = (part: unknown): void => {
    const depth = path.length;
    if (depth === shape.length && !isArrayLike(part)) {
      data[written++] = toNumber("tensor", part, dtype, path);
    } else if (!isArrayLike(part) || part.length !== shape[depth]) {
      const came =
        isArrayLike(part) && depth < shape.length
          ? `${part.length}`
          : typeof part === "number"
            ? `the number ${part}`
            : show(part);
      const wanted = depth === shape.length ? "a number" : `${shape[depth]} entries`;
      throw new ShapeError(
        `tensor: ragged nesting: expected ${wanted} at ${place(path)}, as in its first sibling, got ${came}; fill it up, or keep a list of tensors`,
      );
    } else if (isFloat(dtype) && depth === shape.length - 1 && isFloatArray(part)) {
      if (part.length > 0) data.set(part, written); // nothing to check, and there may be millions
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

/** A tensor of `shape` full of `value`. @throws ShapeError for a size that is no whole number ≥ 0. */
export const full = (shape: Shape, value: number | boolean, options?: TensorOptions): Tensor =>
  made("full", shape, value, options);
export const zeros = (shape: Shape, options?: TensorOptions): Tensor => made("zeros", shape, 0, options);
export const ones = (shape: Shape, options?: TensorOptions): Tensor => made("ones", shape, 1, options);

function made(who: string, shape: Shape, value: number | boolean, options: TensorOptions | undefined): Tensor {
  const sizes = [...checkShape(who, shape)]; // zeros(2, 3) has a wrong shape before it has wrong options
  return filled(who, sizes, value, completeKind(who, options));
}

/** A tensor of the shape and dtype of `like`, full of `value`. */
export const fullLike = (like: Operand, value: number): Tensor =>
  filled("full", like.shape, value, { dtype: like.dtype });
/** A number as a tensor without axes. */
export const scalar = (value: number, dtype: DType): Tensor => filled("full", [], value, { dtype });

function filled(who: string, shape: Shape, value: number | boolean, { dtype, label }: TensorOptions): Tensor {
  const type = checkDType(who, dtype ?? (typeof value === "boolean" ? "bool" : "float64"));
  const number = toNumber(who, value, type, []);
  const data = allocate(who, shape, type);
  if (number !== 0) data.fill(number);
  return new Tensor(shape, type, ndarray(data, shape), label);
}

/** The tensors of the shape and dtype of `like` that are 1 in one place and 0 elsewhere, in order. */
export function* basis(like: Tensor): Generator<Tensor> {
  for (let i = 0; i < like.size; i++) {
    const data = allocate("basis", like.shape, like.dtype);
    data[i] = 1;
    yield new Tensor(like.shape, like.dtype, ndarray(data, like.shape));
  }
}

/**
 * The tensor whose numbers are `nd`, with its strides and offset; nothing is copied, so the caller gives `nd` up and
 * never writes to it again. dtype: float64, float32, int32, or bool for uint8 that holds nothing but 0 and 1.
 * @throws DTypeError for any other (`tensor(nd, { dtype })` copies and converts).
 */
export function fromNdarray(nd: ReadonlyNdArray, options?: { readonly label?: string | undefined }): Tensor {
  const { label } = complete("fromNdarray", options, { label: undefined });
  if (!isNdArray(nd))
    throw new ArgumentError(`fromNdarray: expected an ndarray, got ${show(nd)}; tensor(...) takes nested arrays`);
  const array = checkNdArray("fromNdarray", nd);
  const bits = nd.dtype === "uint8" && rows(array).every((x) => x <= 1);
  const dtype = bits ? "bool" : (nd.dtype as DType);
  const shape = [...nd.shape];
  if (bits || (Object.hasOwn(storage, dtype) && nd.data instanceof storage[dtype]))
    return new Tensor(shape, dtype, ndarray(nd.data, shape, [...nd.stride], nd.offset), label);
  throw new DTypeError(
    `fromNdarray: dtype ${nd.dtype} cannot be wrapped (float64, float32, int32, or uint8 of 0 and 1 can); ` +
      'tensor(nd, { dtype: "float64" }) copies and converts',
  );
}

/** `dtype`, if there is such a one. @throws DTypeError. */
export function checkDType(who: string, dtype: unknown): DType {
  if (typeof dtype === "string" && Object.hasOwn(storage, dtype)) return dtype as DType;
  const cure = dtype === undefined ? "; write { dtype: ... }" : "";
  throw new DTypeError(`${who}: dtype must be one of ${Object.keys(storage).join(", ")}; got ${show(dtype)}${cure}`);
}

/** `shape`, if it is one. @throws ShapeError; OutOfRangeError for too many elements. */
function checkShape(who: string, shape: Shape): Shape {
  if (!isArray(shape))
    throw new ShapeError(`${who}: a shape is a list of sizes, such as [2, 3]; got ${show(shape)}${listCure(shape)}`);
  if (shape.length > mostAxes)
    throw new ShapeError(`${who}: a shape of ${shape.length} axes; there are at most ${mostAxes}`);
  const wrong = shape.findIndex((n) => !Number.isSafeInteger(n) || n < 0);
  if (wrong >= 0)
    throw new ShapeError(
      `${who}: sizes are whole numbers ≥ 0, got ${shapeText(shape)} (axis ${wrong})${sizeCure(shape)}`,
    );
  checkSize(who, shape);
  return shape;
}

/** Throws unless there is memory for a tensor of this shape and dtype, before hours of work for it; a small one is not tried. */
export function checkRoom(who: string, shape: Shape, dtype: DType): void {
  checkSize(who, shape);
  if (sizeOf(shape) > 2 ** 20) allocate(who, shape, dtype);
}

/** A number where a list is meant. */
export const listCure = (value: unknown): string => (typeof value === "number" ? `; write [${value}]` : "");
/** A size that is to be found from the others. */
export const sizeCure = (shape: Shape): string => (shape.includes(-1) ? "; only reshape finds a size for -1" : "");

/** Throws unless there can be a tensor of this shape and dtype. */
export function checkKind(who: string, shape: Shape, dtype: DType): void {
  checkShape(who, shape);
  checkDType(who, dtype);
}

function toNumber(who: string, value: unknown, dtype: DType, path: readonly number[]): number {
  const at = () => (path.length === 0 ? "" : ` at ${place(path)}`);
  if (dtype === "bool" && (typeof value === "boolean" || value === 0 || value === 1)) return Number(value);
  if (typeof value === "bigint") {
    throw new DTypeError(
      `${who}: ${value}n${at()} is a 64-bit integer, and a number is exact only up to 2^53; convert with Number(x) if that will do`,
    );
  }
  if (typeof value !== "number" || dtype === "bool") {
    const cure =
      typeof value === "boolean"
        ? '; booleans make a tensor of { dtype: "bool" }, all or none'
        : typeof value === "number"
          ? "; numbers become bools by notEqual(x, 0)"
          : typeof value === "string"
            ? "; convert with Number(x)"
            : cureOf(value);
    throw new DTypeError(
      `${who}: expected ${dtype === "bool" ? "true, false, 0 or 1" : "a number"}${at()}, got ${show(value)}${cure}`,
    );
  }
  if (dtype === "int32" && value !== (value | 0)) {
    throw new OutOfRangeError(`${who}: ${value}${at()} is no int32; round it, or use float64`);
  }
  return value;
}

const place = (path: readonly number[]): string => path.map((i) => `[${i}]`).join("");

const isFloatArray = (x: unknown): x is Data => x instanceof Float32Array || x instanceof Float64Array;
/** Whether `x` is an array or a typed array. */
export const isArrayLike = (x: unknown): x is ArrayLike<unknown> =>
  isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView));

export function isNdArray(x: unknown): x is NdArray {
  if (typeof x !== "object" || x === null || prototypeOf(x) === undefined) return false;
  return !isArrayLike(x) && "stride" in x && "offset" in x && "data" in x && "pick" in x;
}

/** `nd`, if its elements lie in its memory. @throws ShapeError. */
function checkNdArray(who: string, nd: NdArray): NdArray {
  const { data, shape, stride, offset } = nd;
  checkShape(who, shape);
  const isWhole = isList(stride) && stride.length === shape.length && [...stride, offset].every(Number.isSafeInteger);
  if (!isArrayLike(data) || !isWhole)
    throw new ShapeError(`${who}: an ndarray has data, and a stride for each size of its shape; got ${show(nd)}`);
  let [least, most] = [offset, offset];
  for (const [axis, n] of shape.entries()) {
    if (stride[axis]! < 0) least += (n - 1) * stride[axis]!;
    else most += (n - 1) * stride[axis]!;
  }
  if (sizeOf(shape) === 0 || (least >= 0 && most < data.length)) return nd;
  throw new ShapeError(
    `${who}: an ndarray of shape ${shapeText(shape)}, stride ${shapeText(stride)} and offset ${offset} reaches beyond its ${data.length} numbers`,
  );
}

/** The elements of any ndarray, one over a plain array included. */
function elements(nd: NdArray): ArrayLike<number> {
  if (ArrayBuffer.isView(nd.data)) return rows(nd);
  const copy: number[] = new Array(sizeOf(nd.shape));
  assign(ndarray(copy as unknown as Data, nd.shape), nd);
  return copy;
}

const mostAxes = 64; // as in NumPy

/** The shape that the first entries have all the way down. */
function nestedShape(value: unknown): number[] {
  const shape: number[] = [];
  for (let part = value; isArrayLike(part); part = part[0]) {
    if (shape.push(part.length) > mostAxes)
      throw new ShapeError(`tensor: nested deeper than ${mostAxes} axes; does the array contain itself?`);
  }
  return shape;
}

/** The dtype that a value has of itself: typed arrays of a storage type, booleans; float64 otherwise. */
function dtypeOf(value: unknown): DType {
  let part = value;
  while (isArray(part) && part.length > 0) part = part[0];
  if (typeof part === "boolean") return "bool";
  if (!ArrayBuffer.isView(part)) return "float64";
  return part instanceof Float32Array ? "float32" : part instanceof Int32Array ? "int32" : "float64";
}

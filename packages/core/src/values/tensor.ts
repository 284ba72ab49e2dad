import {
  ArgumentError,
  MutationError,
  OutOfRangeError,
  ownPath,
  ShapeError,
  TracedValueError,
} from "../checks/errors.ts";
import { isReadable } from "../checks/options.ts";
import { donationOf, share } from "./donation.ts";
import type { DType } from "./dtype.ts";
import { copyOf, type Exposure, expose, exposuresOf, isUnchanged } from "./exposure.ts";
import { arrayText, escapeControls, shapeText } from "./format.ts";
import {
  type Data,
  isSameShape,
  type NdArray,
  type ReadonlyNdArray,
  ravel,
  type Shape,
  sizeOf,
  toNdarray,
} from "./ndarray.ts";

/** The key under which a tensor stores the path of the library copy that created it. */
const copyPath: unique symbol = /* @__PURE__ */ Symbol.for("@wengert/core/path");

/** The type of nested arrays of numbers or booleans. */
export type Nested = number | boolean | readonly Nested[];
/** An input of an op. A number becomes a scalar with the dtype of the other input. */
export type TensorLike = Tensor | number;

/**
 * An immutable n-dimensional array. Tapes track tensors by identity, so two tensors with equal elements are different
 * tensors. `tensor`, `zeros`, `ones`, `full`, `fromNdarray` and ops create tensors.
 */
export class Tensor {
  readonly shape: Shape;
  /** The number of elements. */
  readonly size: number;
  readonly dtype: DType;
  /** The strided array of the elements, which kernels read; `undefined` during a trace. All other code reads `data`. */
  readonly array: NdArray | undefined;
  /** The name of the tensor in error messages and printed tables. */
  readonly label: string | undefined;
  #data: ReadonlyNdArray | undefined; // what `data` has returned
  #exposure: Exposure | undefined; // the fingerprint of the elements, if `data` has returned them and a computation uses them
  #isWatched = false; // whether a computation uses the elements

  constructor(shape: Shape, dtype: DType, array: NdArray | undefined, label?: string) {
    this.shape = shape;
    this.size = sizeOf(shape);
    this.dtype = dtype;
    this.array = array;
    this.label = label;
  }

  /** The elements as a read-only ndarray that shares the tensor's memory. @throws TracedValueError during a trace */
  get data(): ReadonlyNdArray {
    valuesOf("data", this);
    const array = share(this);
    // Only the TypeScript type of `data` forbids writing; assertUnchanged detects a write at run time.
    if (this.#data === undefined) {
      this.#data = toNdarray(array) as ReadonlyNdArray;
      if (this.#isWatched) this.#exposure = expose(this, array);
    }
    return this.#data;
  }

  /** Marks the elements as used by a computation, so that `assertUnchanged` detects later writes through `.data`. */
  watchWrites(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    if (this.#data !== undefined && this.array !== undefined) this.#exposure = expose(this, this.array);
  }

  /**
   * Returns the only element of a tensor with one element as a number (bool: 1 or 0).
   * @throws ShapeError for other sizes, TracedValueError during a trace
   */
  item(): number {
    const array = valuesOf("item", this);
    if (this.size === 1) return array.data[array.offset]!;
    throw new ShapeError(
      `item: expected a scalar, got ${describe(this)}; read one element with .data.get(...), or reduce it first`,
    );
  }

  /**
   * Returns the elements as nested arrays of numbers (of booleans, if the dtype is bool). `T` is the type of the nested
   * arrays, as in `toNested<number[][]>()`.
   * @throws TracedValueError during a trace; OutOfRangeError if a tensor without elements would need more than 2²⁰
   * nested arrays
   */
  toNested<T extends Nested = Nested>(): T {
    const flat = ravel(valuesOf("toNested", this));
    const emptyArrays =
      flat.length > 0 ? 0 : this.shape.slice(0, this.shape.indexOf(0)).reduce((n, size) => n * size, 1);
    if (emptyArrays > 2 ** 20)
      throw new OutOfRangeError(`toNested: ${describe(this)} would nest ${emptyArrays} empty arrays; read its shape`);
    const nest = (axis: number, start: number, size: number): Nested => {
      if (axis === this.shape.length) return this.dtype === "bool" ? flat[start] !== 0 : flat[start]!;
      const n = this.shape[axis]!;
      return Array.from({ length: n }, (_, i) => nest(axis + 1, start + (i * size) / n, size / n));
    };
    return nest(0, 0, flat.length) as T;
  }

  /** Returns nested arrays for `JSON.stringify`. JSON writes NaN and infinities as null. */
  toJSON(): Nested {
    return this.toNested();
  }

  /**
   * Checks that the user has not modified the elements of this tensor through its `.data`, or through that of another
   * tensor in the same memory. VJP rules need the numbers that the forward pass used; with modified numbers,
   * derivatives would be wrong.
   * @throws MutationError if the numbers were modified
   */
  assertUnchanged(): void {
    this.watchWrites();
    const { array } = this;
    if (array === undefined) return;
    const own = this.#exposure;
    if (own !== undefined && own.array.data !== array.data) {
      // The elements of the tensor were moved to new memory, to which the user cannot write. Writes to the old memory
      // are still checked, but less and less often.
      if (isPowerOfTwo(++own.checks)) this.#check(own);
    }
    for (const exposure of exposuresOf(array)) {
      this.#check(exposure);
      if (++exposure.checks === 1 || sizeOf(exposure.array.shape) < minMovedElements) continue;
      // The second time that a large array is checked for changes by the user, its elements are copied to new memory.
      // The user has no access to the new memory, so later checks need no fingerprint.
      for (const tensor of [exposure.owner as Tensor, this]) tensor.#move(array.data);
    }
  }

  #check(exposure: Exposure): void {
    if (isUnchanged(exposure)) return;
    throw new MutationError(
      `data: ${describe(this)} was modified after it was used, but tensors are immutable; create a new one with ` +
        "tensor(values), or modify a copy, tensor(t).data",
    );
  }

  /**
   * Moves the elements of the tensor from `memory` to new memory. Does nothing if the copy would be larger than
   * `memory`, because the tensor repeats elements by broadcasting.
   */
  #move(memory: Data): void {
    const { array } = this;
    if (array === undefined || array.data !== memory || this.size > memory.length) return;
    (this as { array: NdArray }).array = copyOf(array) ?? array;
  }

  toString(): string {
    const [name, { dtype }] = [escapeControls(this.label ?? "tensor"), this];
    if (this.array === undefined) return `${name}(traced, ${shapeText(this.shape)}, ${dtype})`;
    if (donationOf(this.array.data)) return `${name}(donated, ${shapeText(this.shape)}, ${dtype})`;
    const shape = this.size === 0 || this.size > 1000 ? `, shape ${shapeText(this.shape)}` : "";
    return `${name}(${arrayText(this.array as ReadonlyNdArray, dtype, name.length + 1)}${shape}, ${dtype})`;
  }

  /**
   * Makes `x instanceof Tensor` check for a private field instead of the prototype. A proxy of a tensor has no private
   * fields, so the check returns false for a proxy and cannot throw.
   */
  static [Symbol.hasInstance](x: unknown): x is Tensor {
    return typeof x === "object" && x !== null && #isWatched in x;
  }

  /**
   * Throws an error if a JavaScript operator is applied to a tensor, as in x * x, which would otherwise compute NaN or
   * a string. Templates and String(x) use `toString`.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new ArgumentError(
      `tensor: operators do not work on tensors, got ${describe(this)}; write add(x, y), sub(x, y), mul(x, y) or div(x, y), ` +
        "or x.item() for its number, or a template for its text",
    );
  }

  static {
    // console.log in Node calls this
    const value = Tensor.prototype.toString;
    Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), { value });
    // The path of this copy of the library. Another copy that receives a tensor of this copy shows the path in its
    // error message.
    Object.defineProperty(Tensor.prototype, copyPath, { get: ownPath });
  }
}

/**
 * Returns whether two tensors have the same dtype, shape and numbers. NaN equals NaN. During a trace, all numbers count
 * as equal.
 */
export function hasEqualNumbers(a: Tensor, b: Tensor): boolean {
  if (!isAlike(a, b)) return false;
  if (a.array === undefined || b.array === undefined) return true;
  const [x, y] = [ravel(a.array), ravel(b.array)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i] && !(Number.isNaN(x[i]) && Number.isNaN(y[i]))) return false;
  return true;
}

/**
 * Returns the numbers of a tensor.
 * @throws TracedValueError during a trace; MutationError if the tensor was donated, or its buffer transferred to
 * another thread
 */
export function valuesOf(caller: string, x: Tensor): NdArray {
  if (x.array !== undefined) return attached(caller, x, x.array);
  throw new TracedValueError(
    `${caller}: ${describe(x)} has no value while trace, compile, vmap or scan runs f; branch with where(...), or compute the ` +
      "value outside and close over it",
  );
}

/** Returns a hint if `x` is a tensor of another copy of the library, which this copy cannot use; else "". */
export function otherCopyHint(x: unknown): string {
  if (typeof x !== "object" || x === null || x instanceof Tensor || !isReadable(x) || !(copyPath in x)) return "";
  return (
    `; it belongs to another copy of @wengert/core, ${(x as { [copyPath]: unknown })[copyPath]}, and this copy is ${ownPath()}; ` +
    "install one version of the packages (npm dedupe)"
  );
}

/**
 * Returns the array of a tensor. Checks the shape each time, which takes a few nanoseconds. To freeze every shape
 * instead would add a third to the time of a small op.
 * @throws MutationError if the shape was modified, if the tensor was donated, or if its buffer was transferred to
 * another thread
 */
export function attached(caller: string, x: Tensor, array: NdArray): NdArray {
  if (sizeOf(x.shape) !== x.size)
    throw new MutationError(
      `${caller}: the shape of ${describe(x)} was modified; it had ${x.size} elements; write reshape(x, { shape }) instead`,
    );
  if (array.data.length > 0 || x.size === 0) return array;
  const reason = donationOf(array.data);
  if (reason !== undefined) throw new MutationError(`${caller}: ${describe(x)} has no values, because ${reason}`);
  throw new MutationError(
    `${caller}: the buffer of ${describe(x)} was transferred, so its numbers are gone; transfer a copy, tensor(t).data`,
  );
}

const minMovedElements = 4096; // a fingerprint of fewer takes a few microseconds
const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;

/** The properties of a tensor that are known even during a trace, when tensors have no values. */
export type Operand = Pick<Tensor, "shape" | "dtype" | "label">;

export const bytesOf = ({ size, dtype }: Tensor): number => size * (dtype === "float64" ? 8 : dtype === "bool" ? 1 : 4);

/** Returns the name of a tensor in messages, such as `W [2, 3]`. */
export const describe = ({ label, shape }: Operand, fallback = "tensor"): string =>
  `${escapeControls(label ?? fallback)} ${shapeText(shape)}`;

/** Returns the dtype and shape, such as `float64 [2, 3]`. */
export const kindText = ({ dtype, shape }: Operand): string => `${dtype} ${shapeText(shape)}`;

/** Returns whether two tensors have the same dtype and shape. */
export const isAlike = (a: Operand, b: Operand): boolean => a.dtype === b.dtype && isSameShape(a.shape, b.shape);

import { MutationError, ShapeError, TracedValueError } from "../checks/errors.ts";
import type { DType } from "./dtype.ts";
import { arrayText, shapeText } from "./format.ts";
import { isSameShape, type NdArray, type ReadonlyNdArray, ravel, type Shape, sizeOf, toNdarray } from "./ndarray.ts";

/** Numbers or booleans in nested arrays. */
export type Nested = number | boolean | readonly Nested[];
/** An input of an op. A number becomes a scalar with the dtype of the other input. */
export type TensorLike = Tensor | number;

/**
 * An immutable n-dimensional array. Tapes track tensors by identity, so two tensors with equal elements are different
 * tensors. `tensor`, `zeros`, `ones`, `full`, `fromNdarray` and ops create tensors.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** The elements, for kernels; `undefined` during a trace. All other code reads `data`. */
  readonly array: NdArray | undefined;
  /** A name for messages and listings. */
  readonly label: string | undefined;
  #exposed: { readonly data: ReadonlyNdArray; readonly numbers: number } | undefined; // the array that `data` returned, and its fingerprint

  constructor(shape: Shape, dtype: DType, array: NdArray | undefined, label?: string) {
    this.shape = shape;
    this.dtype = dtype;
    this.array = array;
    this.label = label;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The elements as a read-only ndarray that shares the tensor's memory. @throws TracedValueError during a trace */
  get data(): ReadonlyNdArray {
    const array = this.#values("data");
    // Only the type forbids writing; assertUnchanged detects writes at run time.
    this.#exposed ??= { data: toNdarray(array) as ReadonlyNdArray, numbers: fingerprint(array) };
    return this.#exposed.data;
  }

  /**
   * Returns the element of a scalar as a number (bool: 1 or 0).
   * @throws ShapeError unless the shape is [], TracedValueError during a trace
   */
  item(): number {
    const array = this.#values("item");
    if (this.shape.length === 0) return array.data[array.offset]!;
    throw new ShapeError(
      `item: expected a scalar, got ${describe(this)}; read one element with .data.get(...), or reduce it first`,
    );
  }

  /**
   * Returns the elements (bool: booleans) as nested arrays. `T` is their type, as in `toNested<number[][]>()`.
   * @throws TracedValueError during a trace
   */
  toNested<T extends Nested = Nested>(): T {
    const flat = ravel(this.#values("toNested"));
    const nest = (axis: number, start: number, size: number): Nested => {
      if (axis === this.shape.length) return this.dtype === "bool" ? flat[start] !== 0 : flat[start]!;
      const n = this.shape[axis]!;
      return Array.from({ length: n }, (_, i) => nest(axis + 1, start + (i * size) / n, size / n));
    };
    return nest(0, 0, flat.length) as T;
  }

  /**
   * @throws MutationError if the elements were modified through `.data`. Derivatives would be wrong, because VJP rules
   * need the original elements.
   */
  assertUnchanged(): void {
    if (this.#exposed === undefined || this.#exposed.numbers === fingerprint(this.array!)) return;
    throw new MutationError(
      `data: ${describe(this)} was modified after it was used, but tensors are immutable; create a new one with ` +
        "tensor(values), or modify a copy, tensor(t).data",
    );
  }

  toString(): string {
    const [name, { dtype }] = [this.label ?? "tensor", this];
    if (this.array === undefined) return `${name}(traced, ${shapeText(this.shape)}, ${dtype})`;
    const shape = this.size === 0 || this.size > 1000 ? `, shape ${shapeText(this.shape)}` : "";
    return `${name}(${arrayText(this.array as ReadonlyNdArray, dtype, name.length + 1)}${shape}, ${dtype})`;
  }

  /**
   * Lets `x instanceof Tensor` check for a private field instead of the prototype. A proxy has no private fields, so it
   * is not a tensor, and the check cannot throw.
   */
  static [Symbol.hasInstance](x: unknown): x is Tensor {
    return typeof x === "object" && x !== null && #exposed in x;
  }

  static {
    // console.log in Node calls this
    const value = Tensor.prototype.toString;
    Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), { value });
  }

  #values(member: string): NdArray {
    if (this.array !== undefined) return this.array;
    throw new TracedValueError(
      `${member}: ${describe(this)} has no value while a program is traced; branch with where(...), or compute the ` +
        "value outside and close over it",
    );
  }
}

/** The properties of a tensor that are also known during a trace. */
export type Operand = Pick<Tensor, "shape" | "dtype" | "label">;

export const bytesOf = ({ size, dtype }: Tensor): number => size * (dtype === "float64" ? 8 : dtype === "bool" ? 1 : 4);

/** Returns the name of a tensor in messages, such as `W [2, 3]`. */
export const describe = ({ label, shape }: Operand, fallback = "tensor"): string =>
  `${label ?? fallback} ${shapeText(shape)}`;

/** Returns the dtype and shape, such as `float64 [2, 3]`. */
export const kindText = ({ dtype, shape }: Operand): string => `${dtype} ${shapeText(shape)}`;

/** Returns whether two tensors have the same dtype and shape. */
export const isAlike = (a: Operand, b: Operand): boolean => a.dtype === b.dtype && isSameShape(a.shape, b.shape);

/**
 * Returns an FNV-1a hash of the bits of the elements, computed in four interleaved streams. A change of one word always
 * changes the hash.
 */
function fingerprint(array: NdArray): number {
  const flat = ravel(array);
  const Word = flat.BYTES_PER_ELEMENT === 1 ? Uint8Array : Uint32Array;
  const words = new Word(flat.buffer as ArrayBuffer, flat.byteOffset, flat.byteLength / Word.BYTES_PER_ELEMENT);
  const prime = 0x01000193;
  const unrolledLength = words.length & ~3;
  let [a, b, c, d] = [0x811c9dc5, 0, 0, 0]; // four independent hashes, which the CPU computes in parallel
  for (let i = 0; i < unrolledLength; i += 4) {
    a = Math.imul(a ^ words[i]!, prime);
    b = Math.imul(b ^ words[i + 1]!, prime);
    c = Math.imul(c ^ words[i + 2]!, prime);
    d = Math.imul(d ^ words[i + 3]!, prime);
  }
  for (let i = unrolledLength; i < words.length; i++) a = Math.imul(a ^ words[i]!, prime);
  for (const hash of [b, c, d]) a = Math.imul(a, prime) ^ hash;
  return a;
}

import { MutationError, ShapeError, TracedValueError } from "../checks/errors.ts";
import type { DType } from "./dtype.ts";
import { arrayText, shapeText } from "./format.ts";
import { isSameShape, type NdArray, type ReadonlyNdArray, ravel, type Shape, sizeOf, toNdarray } from "./ndarray.ts";

/** Numbers or booleans in nested arrays. */
export type Nested = number | boolean | readonly Nested[];
/** An input of an op. A number becomes a scalar of its partner's dtype. */
export type TensorLike = Tensor | number;

/**
 * An immutable n-dimensional value. Its identity matters: tapes track tensors, not numbers.
 * Made by `tensor`, `zeros`, `ones`, `full`, `fromNdarray` and by ops.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** The numbers, for kernels; `undefined` while a program is traced. Everyone else reads `data`. */
  readonly array: NdArray | undefined;
  /** A name for messages and listings. */
  readonly label: string | undefined;
  #exposed: { readonly data: ReadonlyNdArray; readonly numbers: number } | undefined; // what was handed out, with a fingerprint

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
    this.#exposed ??= { data: toNdarray(array) as ReadonlyNdArray, numbers: fingerprint(array) };
    return this.#exposed.data;
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
    const flat = ravel(this.#values("toNested"));
    const nest = (axis: number, start: number, size: number): Nested => {
      if (axis === this.shape.length) return this.dtype === "bool" ? flat[start] !== 0 : flat[start]!;
      const n = this.shape[axis]!;
      return Array.from({ length: n }, (_, i) => nest(axis + 1, start + (i * size) / n, size / n));
    };
    return nest(0, 0, flat.length) as T;
  }

  /** Throws when someone wrote to what `.data` returned: derivatives would be of numbers that are gone. */
  assertUnchanged(): void {
    if (this.#exposed === undefined || this.#exposed.numbers === fingerprint(this.array!)) return;
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

  /** `x instanceof Tensor` checks for a private field, so proxies, which may throw, are not tensors. */
  static [Symbol.hasInstance](x: unknown): x is Tensor {
    return typeof x === "object" && x !== null && #exposed in x;
  }

  static {
    // what console.log prints in Node
    const value = Tensor.prototype.toString;
    Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), { value });
  }

  #values(member: string): NdArray {
    if (this.array !== undefined) return this.array;
    throw new TracedValueError(
      `${member}: ${describe(this)} has no value while a program is traced; branch with where(...), or compute this ` +
        "value outside and close over it",
    );
  }
}

/** All that is known of a tensor without its numbers. */
export type Operand = Pick<Tensor, "shape" | "dtype" | "label">;

export const bytesOf = ({ size, dtype }: Tensor): number => size * (dtype === "float64" ? 8 : dtype === "bool" ? 1 : 4);

/** `W [2, 3]`: how a message names a tensor. */
export const describe = ({ label, shape }: Operand, fallback = "tensor"): string =>
  `${label ?? fallback} ${shapeText(shape)}`;

/** `float64 [2, 3]` */
export const kindText = ({ dtype, shape }: Operand): string => `${dtype} ${shapeText(shape)}`;

/** Whether two tensors have the same dtype and shape. */
export const isAlike = (a: Operand, b: Operand): boolean => a.dtype === b.dtype && isSameShape(a.shape, b.shape);

/** FNV-1a over the bits of the elements, every fourth word apart: a change of any one word changes it. */
function fingerprint(array: NdArray): number {
  const flat = ravel(array);
  const Word = flat.BYTES_PER_ELEMENT === 1 ? Uint8Array : Uint32Array;
  const words = new Word(flat.buffer as ArrayBuffer, flat.byteOffset, flat.byteLength / Word.BYTES_PER_ELEMENT);
  const prime = 0x01000193;
  const unrolledLength = words.length & ~3;
  let [a, b, c, d] = [0x811c9dc5, 0, 0, 0]; // four hashes that do not wait for each other
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

import { assign } from "./copy.ts";
import { type Data, isSameShape, type NdArray, ndarray, ravel, type Shape, sizeOf } from "./ndarray.ts";

// `.data` gives the user access to a tensor's memory. Only the TypeScript type of `.data` forbids writing, so the code
// in this file detects writes by fingerprints (hashes of the elements). A tensor gets a fingerprint when a computation
// uses it, so reading a result costs nothing.

/** Elements that `.data` has returned to the user, and their fingerprint (hash) when a computation first used them. */
export interface Exposure<Owner = unknown> {
  /** The tensor whose elements `.data` returned. */
  readonly owner: Owner;
  readonly array: NdArray;
  readonly fingerprint: number;
  /** The number of times that the array was checked for changes by the user. */
  checks: number;
}

/**
 * Maps a typed array to the NdArrays that `.data` has returned and that store their elements in it. A view and its base
 * share a typed array, but each has its own entry.
 */
const exposures = new WeakMap<Data, Exposure[]>();
let anyExposed = false; // most programs never read `.data` before a sweep, and then need no lookups

/** Records that `.data` returned `array` to the user, who can therefore change the elements of the tensor `owner`. */
export function expose(owner: unknown, array: NdArray): Exposure {
  anyExposed = true;
  const ofMemory = exposures.get(array.data) ?? [];
  exposures.set(array.data, ofMemory);
  const known = ofMemory.find((exposure) => isSameRegion(exposure.array, array));
  if (known !== undefined) return known;
  const exposure = { owner, array, fingerprint: fingerprint(array), checks: 0 };
  ofMemory.push(exposure);
  return exposure;
}

/**
 * Finds the arrays that `.data` has returned to the user and that share memory with `array`. Returns them with their
 * fingerprints.
 */
export function exposuresOf(array: NdArray): readonly Exposure[] {
  const ofMemory = anyExposed ? exposures.get(array.data) : undefined;
  return ofMemory === undefined ? none : ofMemory.filter((exposure) => overlap(exposure.array, array));
}
const none: readonly Exposure[] = [];

const isSameRegion = (a: NdArray, b: NdArray): boolean =>
  a === b || (a.offset === b.offset && isSameShape(a.shape, b.shape) && isSameShape(a.stride, b.stride));

export const isUnchanged = ({ array, fingerprint: before }: Exposure): boolean => fingerprint(array) === before;

/** Returns a row-major copy of `array` in new memory, or `undefined` if there is not enough memory. */
export function copyOf(array: NdArray): NdArray | undefined {
  const ArrayClass = array.data.constructor as new (size: number) => Data;
  try {
    const copy = ndarray(new ArrayClass(sizeOf(array.shape)), array.shape);
    assign(copy, array);
    return copy;
  } catch {
    return undefined;
  }
}

/** Returns whether the ranges of memory between the first and last elements of two arrays intersect. */
function overlap(a: NdArray, b: NdArray): boolean {
  if (a === b) return true;
  const [[firstA, lastA], [firstB, lastB]] = [extent(a), extent(b)];
  return firstA <= lastB && firstB <= lastA;
}

function extent({ shape, stride, offset }: { shape: Shape; stride: Shape; offset: number }): [number, number] {
  let [first, last] = [offset, offset];
  for (let axis = 0; axis < shape.length; axis++) {
    const distance = (shape[axis]! - 1) * stride[axis]!;
    if (distance < 0) first += distance;
    else last += distance;
  }
  return [first, last];
}

/**
 * Returns a hash of the bits of the elements, by FNV-1a in four interleaved streams. A change of a single word always
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

import { ArgumentError, type Tensor } from "@wengert/core";
import { ravel, shapeText, valuesOf, walk } from "@wengert/core/extend";
import type { Communicator } from "./communicator.ts";

/** A value that must be equal on all ranks: its name, and a hash of its bits. */
export interface Fingerprint {
  readonly name: string;
  readonly hash: number;
}

/** Returns the fingerprints of all tensors in a tree. Hashes at most about `sample` elements of each tensor. */
export function fingerprintsOf(caller: string, tree: unknown, path: string, sample: number = Infinity): Fingerprint[] {
  const found: Fingerprint[] = [];
  walk(caller, tree, path, (leaf, name) => {
    found.push({ name: `${name}, ${leaf.dtype} ${shapeText(leaf.shape)}`, hash: hashOf(caller, leaf, sample) });
  });
  return found;
}

export const fingerprintOfText = (name: string, text: string): Fingerprint => ({ name, hash: hashOfText(text) });

/**
 * Checks that the arguments on all ranks have equal fingerprints (hashes). If not, all ranks throw the same error, so
 * no rank waits for another.
 * @throws ArgumentError that names the first difference and ends with the text in `fix`
 */
export function mustAgree(
  caller: string,
  communicator: Communicator,
  fingerprints: readonly Fingerprint[],
  fix: string,
): void {
  const names = fingerprints.map(({ name }) => name).join("\n");
  if (differences(communicator, Int32Array.of(hashOfText(names), fingerprints.length)).length > 0)
    throw new ArgumentError(
      `${caller}: all ranks must pass trees of the same structure, dtypes and shapes, got different ones; ${fix}`,
    );
  const [first, ...others] = differences(
    communicator,
    Int32Array.from(fingerprints, ({ hash }) => hash),
  );
  if (first === undefined) return;
  const more = others.length > 0 ? ` (and for ${others.length} more)` : "";
  throw new ArgumentError(
    `${caller}: all ranks must have the same values, got different ones for ${fingerprints[first]!.name}${more}; ${fix}`,
  );
}

/**
 * Compares the array `hashes` of each rank element by element. Returns the indices of elements that are not equal on
 * all ranks.
 */
function differences(communicator: Communicator, hashes: Int32Array): number[] {
  const n = hashes.length;
  const extremes = new Int32Array(2 * n);
  extremes.set(hashes);
  for (let i = 0; i < n; i++) extremes[n + i] = ~hashes[i]!; // the maximum of ~h is ~ of the minimum of h
  communicator.allreduce(extremes, { op: "max" });
  return Array.from(hashes, (_, i) => i).filter((i) => extremes[i] !== ~extremes[n + i]!);
}

function hashOf(caller: string, leaf: Tensor, sample: number): number {
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = ravel(valuesOf(caller, leaf)) as Float32Array;
  const isWords = BYTES_PER_ELEMENT >= 4;
  const words = isWords
    ? new Int32Array(buffer, byteOffset, byteLength / 4)
    : new Uint8Array(buffer, byteOffset, byteLength);
  return murmur(words, Math.max(1, Math.floor(words.length / sample)));
}

const hashOfText = (text: string): number => murmur(new Uint16Array(Array.from(text, (c) => c.charCodeAt(0))), 1);

/** Returns the 32-bit MurmurHash3 of every `stride`-th word. */
function murmur(words: ArrayLike<number>, stride: number): number {
  let h = words.length;
  for (let i = 0; i < words.length; i += stride) {
    const k = Math.imul(words[i]!, 0xcc9e2d51);
    h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

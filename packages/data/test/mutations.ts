import { WengertError } from "@wengert/core";
import { expect } from "vitest";

/** Returns a deterministic generator of numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Returns a randomly damaged copy of a file: bytes changed, removed or repeated, the end cut off, or another file
 * appended.
 */
function mutate(file: Uint8Array, random: () => number): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(file);
  const randomBelow = (n: number) => Math.floor(random() * n);
  // Half of all mutations change the first bytes of a file, because the header decides how the file is read.
  const randomPlace = () => randomBelow(random() < 0.5 ? Math.min(64, bytes.length + 1) : bytes.length + 1);
  for (let mutationsLeft = 1 + randomBelow(4); mutationsLeft > 0; mutationsLeft--) {
    const at = randomPlace();
    const size = randomBelow(9);
    const splice = (middle: Uint8Array, from: number) =>
      concatBytes(bytes.subarray(0, at), middle, bytes.subarray(from));
    const kind = randomBelow(7);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind === 1) bytes = splice(new Uint8Array(0), at + size);
    else if (kind === 2) bytes = splice(bytes.subarray(at, at + size), at);
    else if (kind === 3)
      bytes = splice(
        Uint8Array.from({ length: size }, () => randomBelow(256)),
        at,
      );
    else if (at >= bytes.length) continue;
    else if (kind === 4) bytes[at] = [0, 1, 127, 128, 255][randomBelow(5)]!;
    else if (kind === 5) bytes.fill(randomBelow(2) * 255, at, at + 4);
    else bytes[at]! ^= 1 << randomBelow(8);
  }
  return bytes;
}

function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const seed = Number(process.env.WENGERT_SEED ?? 1);
const seconds = Number(process.env.WENGERT_SECONDS ?? 0); // 0 runs `count` mutations

export const fuzzTimeout: number = 1000 * seconds + 60_000;

/**
 * Reads randomly damaged files. Each file must give a value that passes `check`, or cause a WengertError. Both outcomes
 * must occur.
 */
export async function fuzz<T>(
  files: readonly Uint8Array[],
  count: number,
  read: (bytes: Uint8Array<ArrayBuffer>) => Promise<T>,
  check: (value: T) => void = () => {},
): Promise<void> {
  const outcomes = { values: 0, errors: 0 };
  const deadline = performance.now() + 1000 * seconds;
  for (let k = 0; seconds > 0 ? performance.now() < deadline : k < count; k++) {
    const bytes = mutate(files[k % files.length]!, randomFrom(1e6 * seed + k));
    try {
      check(await read(bytes));
      outcomes.values++;
    } catch (error) {
      if (!(error instanceof WengertError)) throw new Error(`WENGERT_SEED=${seed}, mutation ${k}`, { cause: error });
      outcomes.errors++;
    }
  }
  if (seconds > 0) console.log(`seed ${seed}: ${outcomes.values} read, ${outcomes.errors} refused`);
  expect(outcomes.values).toBeGreaterThan(0);
  expect(outcomes.errors).toBeGreaterThan(0);
}

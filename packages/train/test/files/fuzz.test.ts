import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, type DType, Tensor, tensor, zeros } from "@wengert/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromSafetensors, load, toSafetensors } from "../../src/index.ts";

// Reads damaged and malicious safetensors files. Each file must give a tree or a DataError, and reading must not
// allocate more than a few times the file's size. The environment variables WENGERT_SECONDS and WENGERT_SEED set the
// duration and the random seed.

const seconds = Number(process.env.WENGERT_SECONDS ?? 3);
const seed = Number(process.env.WENGERT_SEED ?? 1);

/** The number of bytes allocated since the counter was last set to 0. */
let allocated = 0;
globalThis.Uint8Array = new Proxy(Uint8Array, {
  construct(Kind, args, target) {
    if (typeof args[0] === "number") {
      allocated += args[0];
      if (args[0] > 2 ** 28) throw new RangeError("Array buffer allocation failed");
    }
    return Reflect.construct(Kind, args, target) as object;
  },
});

const folder = mkdtempSync(join(tmpdir(), "wengert-"));
afterAll(() => rmSync(folder, { recursive: true }));

// Generators of random trees. Each tree is saved to a safetensors file, which is then damaged.

const keys = fc.oneof(
  fc.constantFrom("W", "b", "a.b", "a", "", "__proto__", "constructor", "__metadata__", "wengert.tree", "0", "tensor"),
  fc.string({ unit: "grapheme", maxLength: 5 }),
);
const tensors = fc
  .tuple(fc.constantFrom<DType>("float64", "float32", "int32", "bool"), fc.array(fc.nat(3), { maxLength: 3 }))
  .map(([dtype, shape]) => zeros(shape, { dtype }));
const { tree: trees } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tensors,
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie("tree")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));
const metadata = fc.dictionary(
  keys.filter((key) => key !== "wengert.tree"),
  fc.string({ unit: "grapheme", maxLength: 8 }),
  { maxKeys: 3 },
);
const good = fc
  .tuple(trees, metadata)
  .map(([tree, metadata]) => Array.from((toSafetensors as (...args: unknown[]) => Uint8Array)(tree, { metadata })));

// Generators of random changes to a file. A position in the file is given as a fraction of the file's length.

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
type Damage = (bytes: number[]) => number[];
const nastyNumbers = fc.constantFrom(
  "0",
  "1",
  "-1",
  "-0",
  "1.0",
  "1e3",
  "01",
  "2147483648",
  "4294967296",
  "9007199254740991",
  "9007199254740993",
  "18446744073709551615",
  "1e999",
  "null",
  "NaN",
  "",
);
const nastyTexts = fc.constantFrom(
  "\\ud800",
  "\\u0000",
  "\\",
  '"',
  "\u0001",
  "__proto__",
  "F16",
  "F32",
  "BOOL",
  "dtype",
  "shape",
  "x".repeat(200),
  "[".repeat(300),
  '{"a":'.repeat(150),
  ",",
  "}",
  "]",
  "  ",
  '"W":{},',
);
const inHeader =
  (change: (text: string) => string): Damage =>
  (bytes) => {
    const length = Number(Buffer.from(bytes).readBigUInt64LE());
    const text = change(Buffer.from(bytes.slice(8, 8 + length)).toString());
    return withHeader(text, bytes.slice(8 + length));
  };
const withHeader = (text: string, numbers: readonly number[]): number[] => {
  const header = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return [...length, ...header, ...numbers];
};
const nth = (matches: RegExpMatchArray[], at: number): RegExpMatchArray | undefined =>
  matches[Math.floor(at * matches.length)];
const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(share, fc.nat(255)).map(
    ([at, byte]): Damage =>
      (bytes) =>
        bytes.with(Math.floor(at * bytes.length), byte),
  ),
  share.map(
    (at): Damage =>
      (bytes) =>
        bytes.slice(0, Math.floor(at * bytes.length)),
  ),
  fc.tuple(share, fc.array(fc.nat(255), { maxLength: 9 })).map(
    ([at, more]): Damage =>
      (bytes) =>
        bytes.toSpliced(Math.floor(at * bytes.length), 0, ...more),
  ),
  fc.tuple(share, fc.nat(9)).map(
    ([at, count]): Damage =>
      (bytes) =>
        bytes.toSpliced(Math.floor(at * bytes.length), count),
  ),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(
    (length): Damage =>
      (bytes) => {
        const first = Buffer.alloc(8);
        first.writeBigUInt64LE(length);
        return [...first, ...bytes.slice(8)];
      },
  ),
  fc.tuple(share, nastyNumbers).map(([at, number]) =>
    inHeader((text) => {
      const found = nth([...text.matchAll(/\d+/g)], at);
      return found ? text.slice(0, found.index!) + number + text.slice(found.index! + found[0].length) : text;
    }),
  ),
  fc
    .tuple(share, nastyTexts)
    .map(([at, more]) =>
      inHeader((text) => text.slice(0, Math.floor(at * text.length)) + more + text.slice(Math.floor(at * text.length))),
    ),
  fc.tuple(share, share).map(([from, to]) =>
    inHeader((text) => {
      const names = [...text.matchAll(/"[^"\\]*"/g)];
      const [one, other] = [nth(names, from), nth(names, to)];
      return one && other ? text.slice(0, other.index!) + one[0] + text.slice(other.index! + other[0].length) : text;
    }),
  ),
);
/** A valid file and up to 30 mutations of it. Mutating one file is faster than creating many. */
const damaged = fc
  .tuple(good, fc.array(fc.array(damages, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 30 }))
  .map(([bytes, lists]) => [
    bytes,
    ...lists.map((all) => all.reduce((so, damage) => (so.length < 8 ? so : damage(so)), bytes)),
  ]);

// Generators of well-formed headers whose tensors have arbitrary offsets.

const counts = fc.oneof(
  { weight: 6, arbitrary: fc.nat(4) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53 - 1, 2 ** 53, 0.5, -1) },
);
const dtypes = fc.constantFrom("F64", "F32", "I32", "BOOL", "BOOL", "F16", "I64", "F99");
const widths: Record<string, number> = { F64: 8, F32: 4, I32: 4, BOOL: 1, F16: 2, I64: 8, F99: 1 };
const places = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -8, max: 8 }) },
);
const made = fc
  .tuple(
    fc.array(fc.tuple(keys, dtypes, fc.array(counts, { maxLength: 4 }), places, places), { maxLength: 5 }),
    fc.option(
      fc.tuple(
        fc.constantFrom("wengert.tree", "format"),
        fc.oneof(
          fc.json({ maxDepth: 3 }),
          fc.constantFrom("[".repeat(500), '{"a":'.repeat(500), '"W"', "[]", '["W","b"]'),
        ),
      ),
    ),
    places,
    share,
  )
  .map(([entries, structure, more, at]) => {
    let end = 0;
    const members = entries.map(([name, dtype, shape, before, after]) => {
      const begin = end + before;
      end = begin + shape.reduce((size, n) => size * n, widths[dtype]!) + after;
      return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
    });
    if (structure)
      members.splice(
        Math.floor(at * members.length),
        0,
        `"__metadata__":{${JSON.stringify(structure[0])}:${JSON.stringify(structure[1])}}`,
      );
    const size = Math.min(Math.max(0, Number.isFinite(end) ? Math.floor(end) + more : 0), 200);
    return withHeader(
      `{${members.join()}}`,
      Array.from({ length: size }, (_, i) => i % 2),
    );
  });

/** Returns the total size of a tree's tensors in bytes. Fails unless each leaf is a tensor. */
function sizeOf(tree: unknown): number {
  if (tree instanceof Tensor) return tree.size * { float64: 8, float32: 4, int32: 4, bool: 1 }[tree.dtype];
  const prototype = Object.getPrototypeOf(tree) as unknown;
  if (!Array.isArray(tree) && prototype !== Object.prototype) throw new Error(`what is ${String(tree)}?`);
  return Object.values(tree as object).reduce((size: number, entry) => size + sizeOf(entry), 0);
}

const { prepareStackTrace } = Error;
beforeAll(() => {
  Error.prepareStackTrace = (error) => String(error); // formatting stacks takes most of the time
});
afterAll(() => {
  Error.prepareStackTrace = prepareStackTrace;
});

const seen = { trees: 0, refused: 0 };

/**
 * Reads a file. Returns the tree, or the message if a DataError is thrown.
 * @throws any other error
 */
async function outcome(read: () => unknown): Promise<{ tree: unknown } | { message: string }> {
  try {
    return (await read()) as { tree: unknown };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { message: error.message.replace(/^\w+: .*? (is|has|holds|does|must|cannot|supported|its)\b/s, "$1") };
  }
}

/**
 * Reads a file in three different ways and compares the results.
 * @throws Error if the results differ
 */
async function check(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const fail = (what: string) => new Error(`${what}: ${Buffer.from(bytes).toString("base64")}`);
  const most = 4 * bytes.length + 1000;
  allocated = 0;
  const found = await outcome(() => fromSafetensors(bytes));
  if (allocated > most) throw fail(`${allocated} bytes were allocated`);
  if ("tree" in found) {
    seen.trees++;
    const header = 8 + Number(Buffer.from(bytes).readBigUInt64LE());
    if (sizeOf(found.tree) !== bytes.length - header) throw fail("some bytes were not read");
    const again = fromSafetensors((toSafetensors as (tree: unknown) => Uint8Array)(found.tree));
    if (text(again.tree) !== text(found.tree)) throw fail("saving and loading changes it");
  } else {
    seen.refused++;
    if (found.message.length > 1000) throw fail(`a long message: ${found.message}`);
  }
  const turn = (seen.trees + seen.refused) % 40;
  if (turn > 1) return;
  const path = join(folder, "it.safetensors");
  if (turn === 0) writeFileSync(path, bytes);
  allocated = 0;
  const other = await outcome(() => load(turn === 0 ? path : new Blob([bytes])));
  if (allocated > most) throw fail(`${allocated} bytes were allocated`);
  if (text(other) !== text(found)) throw fail(`load gives another result: ${text(other)} and ${text(found)}`);
}

const text = (x: unknown): string => JSON.stringify(withPlainTensors(x));
/**
 * Returns the value with [dtype, shape, numbers] in place of tensors. `JSON.stringify` would call the method `toJSON`
 * of the tensors.
 */
function withPlainTensors(x: unknown): unknown {
  if (x instanceof Tensor) return [x.dtype, x.shape, [...x.data.data]];
  if (typeof x !== "object" || x === null || x instanceof Error) return x;
  if (Array.isArray(x)) return x.map(withPlainTensors);
  return Object.fromEntries(Object.entries(x).map(([key, entry]) => [key, withPlainTensors(entry)]));
}

const files = fc.oneof(damaged, fc.array(made, { minLength: 1, maxLength: 10 }));
const property = fc.asyncProperty(files, async (all) => {
  for (const numbers of all) await check(Uint8Array.from(numbers));
});

test("any file gives a tree or a DataError", { timeout: 2000 * seconds + 60_000 }, async () => {
  await fc.assert(property, {
    seed,
    numRuns: Number.POSITIVE_INFINITY,
    interruptAfterTimeLimit: 1000 * seconds,
    markInterruptAsFailure: false,
  });
  console.log(`fuzz: seed ${seed}: ${JSON.stringify(seen)}`);
  expect(seen.trees).toBeGreaterThan(0.05 * seen.refused);
  expect(seen.refused).toBeGreaterThan(seen.trees);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(tensor(1)).toBeInstanceOf(Tensor);
});

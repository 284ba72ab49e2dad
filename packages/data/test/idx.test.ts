import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it, test } from "vitest";
import { readIdx, type Source } from "../src/index.ts";
import { fuzz, fuzzTimeout } from "./mutations.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-idx-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Returns the bytes of an IDX file. `write` writes the numbers after the header. */
function idx(type: number, sizes: readonly number[], bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(4 * (1 + sizes.length) + bytes.length);
  const view = new DataView(all.buffer);
  view.setUint32(0, (type << 8) + sizes.length);
  sizes.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  all.set(bytes, 4 * (1 + sizes.length));
  return all;
}

const bigEndian = (
  bytesEach: number,
  values: readonly number[],
  set: (view: DataView, at: number, x: number) => void,
) => {
  const view = new DataView(new ArrayBuffer(bytesEach * values.length));
  values.forEach((x, i) => {
    set(view, bytesEach * i, x);
  });
  return new Uint8Array(view.buffer);
};

const byType = [
  { type: 0x08, dtype: "int32", values: [0, 1, 128, 255], size: 1, set: (view, at, x) => view.setUint8(at, x) },
  { type: 0x09, dtype: "int32", values: [0, -1, -128, 127], size: 1, set: (view, at, x) => view.setInt8(at, x) },
  { type: 0x0b, dtype: "int32", values: [0, -2, -32768, 256], size: 2, set: (view, at, x) => view.setInt16(at, x) },
  {
    type: 0x0c,
    dtype: "int32",
    values: [0, 65536, -(2 ** 31), 7],
    size: 4,
    set: (view, at, x) => view.setInt32(at, x),
  },
  {
    type: 0x0d,
    dtype: "float32",
    values: [0.5, -3, 2 ** -140, 1e30].map(Math.fround),
    size: 4,
    set: (view, at, x) => view.setFloat32(at, x),
  },
  {
    type: 0x0e,
    dtype: "float64",
    values: [0.1, -3, 5e-324, 1e300],
    size: 8,
    set: (view, at, x) => view.setFloat64(at, x),
  },
] as const satisfies readonly {
  type: number;
  dtype: string;
  values: readonly number[];
  size: number;
  set: (view: DataView, at: number, x: number) => void;
}[];
const files = byType.map(({ type, values, size, set }) => idx(type, [2, 2], bigEndian(size, values, set)));

describe("each type of the format is read, gzipped or not", () => {
  byType.forEach(({ type, dtype, values }, i) => {
    it(`type ${type.toString(16)} as ${dtype}`, async () => {
      for (const file of [files[i]!, new Uint8Array(gzipSync(files[i]!))]) {
        const t = await readIdx(file);
        expect([t.dtype, t.shape]).toEqual([dtype, [2, 2]]);
        expect(t.toNested()).toEqual([values.slice(0, 2), values.slice(2)]);
      }
    });
  });
});

test("divisor scales bytes to 0 … 1 in the given dtype", async () => {
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  const exact = await readIdx(idx(8, [256], every), { dtype: "float64", divisor: 255 });
  expect(exact.toNested()).toEqual(Array.from(every, (x) => x / 255));
  const shades = idx(8, [4], Uint8Array.of(0, 51, 128, 255));
  const single = await readIdx(shades, { divisor: 255 });
  expect([single.dtype, single.toNested()]).toEqual(["float32", [0, 51 / 255, 128 / 255, 1].map(Math.fround)]);
  const double = await readIdx(shades, { dtype: "float64", divisor: 255 });
  expect(double.toNested()).toEqual([0, 51 / 255, 128 / 255, 1]);
  expect((await readIdx(shades, { dtype: "float32" })).toNested()).toEqual([0, 51, 128, 255]);
  await expect(readIdx(shades, { dtype: "bool" })).rejects.toThrow("holds 51 at [1], which bool cannot represent");
  expect((await readIdx(idx(8, [2], Uint8Array.of(0, 1)), { dtype: "bool" })).toNested()).toEqual([false, true]);
  await expect(readIdx(idx(9, [1, 2], Uint8Array.of(0, 200)), { dtype: "bool" })).rejects.toThrow(
    "holds -56 at [0, 1]",
  );
});

test("a scalar and empty arrays are read", async () => {
  expect((await readIdx(idx(8, [], Uint8Array.of(7)))).item()).toBe(7);
  expect((await readIdx(idx(8, [0, 28, 28], new Uint8Array(0)))).shape).toEqual([0, 28, 28]);
  expect((await readIdx(idx(8, [2 ** 32 - 1, 0], new Uint8Array(0)))).shape).toEqual([2 ** 32 - 1, 0]);
  for (const sizes of [
    [2 ** 32 - 1, 2 ** 32 - 1, 0],
    [0, 2 ** 32 - 1, 2 ** 32 - 1],
    [...new Array<number>(40).fill(2 ** 32 - 1), 0],
  ])
    await expect(readIdx(idx(8, sizes, new Uint8Array(0)))).rejects.toThrow("(more than 2^53 bytes)");
});

test("a path, a URL, a File, a Blob and a subarray give the same tensor, and messages name the source", async () => {
  const file = files[0]!;
  const path = join(folder, "some.idx");
  writeFileSync(path, file);
  symlinkSync(path, join(folder, "link.idx"));
  const within = new Uint8Array(file.length + 7);
  within.set(file, 5);
  const wrong = (source: Source) => readIdx(source, { dtype: "bool" });
  const sources: [Source, string][] = [
    [path, path],
    [join(folder, "link.idx"), join(folder, "link.idx")],
    [pathToFileURL(path), path],
    [new File([file], "chosen.idx"), "chosen.idx"],
    [new Blob([file]), "Blob"],
    [file.buffer, "the data"],
    [within.subarray(5, 5 + file.length), "the data"],
    [Buffer.from(file), "the data"],
  ];
  for (const [source, name] of sources) {
    expect((await readIdx(source)).toNested()).toEqual([
      [0, 1],
      [128, 255],
    ]);
    await expect(wrong(source)).rejects.toThrow(`readIdx: ${name} holds 128 at [1, 0]`);
  }
});

test("the tensor has its own memory", async () => {
  const file = new Uint8Array(files[4]!);
  const t = await readIdx(file);
  const before = t.toNested();
  file.fill(1);
  expect(t.toNested()).toEqual(before);
});

test("a missing file, a folder and a pipe throw", { timeout: 5000 }, async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(readIdx(join(folder, "none"))).rejects.toThrow(/none cannot be read: ENOENT/);
  await expect(readIdx(folder)).rejects.toThrow("is a folder; pass the path of a file");
  await expect(readIdx(pipe)).rejects.toThrow("is not a regular file");
  await expect(readIdx("a\0b")).rejects.toThrow('expected a path or a file: URL, got the string "a\\u0000b"');
});

test("a file that is truncated at any byte or too long throws, gzipped or not", async () => {
  for (const whole of [files[5]!, new Uint8Array(gzipSync(files[5]!))])
    for (let size = 0; size < whole.length; size++)
      await expect(readIdx(whole.slice(0, size))).rejects.toThrow(/^readIdx: the data /);
  const longer = idx(8, [2], Uint8Array.of(1, 2, 3));
  await expect(readIdx(longer)).rejects.toThrow("declares 2 uint8 (2 bytes), got 3 bytes");
  await expect(readIdx(gzipSync(longer))).rejects.toThrow("declares 2 uint8 (2 bytes), got more");
});

test("a header that declares gigabytes, and a gzip bomb, throw without large allocations", async () => {
  const promising = idx(0x0e, [2 ** 20, 2 ** 20], new Uint8Array(8));
  for (const file of [promising, gzipSync(promising)])
    await expect(readIdx(file)).rejects.toThrow("the limit is 1,073,741,824 bytes");
  await expect(readIdx(promising, { maxBytes: Number.POSITIVE_INFINITY })).rejects.toThrow("got 8 bytes");
  const overflowing = idx(0x0e, new Array(60).fill(2 ** 32 - 1), new Uint8Array(8));
  await expect(readIdx(overflowing)).rejects.toThrow("the limit is");
  // The test file is a gzip bomb: a quarter of a megabyte that decompresses to 2^28 zeros, although the header declares
  // three bytes.
  const bomb = gzipSync(idx(8, [3], new Uint8Array(2 ** 28)));
  const held = process.memoryUsage().arrayBuffers;
  await expect(readIdx(bomb)).rejects.toThrow("declares 3 uint8 (3 bytes), got more");
  expect(process.memoryUsage().arrayBuffers - held).toBeLessThan(2 ** 22);
  await expect(readIdx(idx(8, [100], new Uint8Array(100)), { maxBytes: 99 })).rejects.toThrow(
    "has 108 bytes; the limit",
  );
  await expect(readIdx(gzipSync(idx(8, [100], new Uint8Array(100))), { maxBytes: 99 })).rejects.toThrow("declares 100");
});

test("mutated files, gzipped or not, give a tensor or a WengertError", { timeout: fuzzTimeout }, async () => {
  const all = [...files, ...files.map((file) => new Uint8Array(gzipSync(file)))];
  await fuzz(
    all,
    3000,
    (bytes) => readIdx(bytes),
    (t) => expect(t.array!.data).toHaveLength(t.size),
  );
});

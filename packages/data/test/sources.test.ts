import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { ArgumentError, DataError, tensor, WengertError } from "@wengert/core";
import { afterAll, describe, expect, it, test } from "vitest";
import { readCsv, readIdx, readImages, readNpy, type Source, toNpy } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-sources-"));
afterAll(() => rmSync(folder, { recursive: true }));

const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 8);
const csv = new TextEncoder().encode("x\n1\n2\n");
const readers: Readonly<Record<string, { bytes: Uint8Array; read: (source: Source) => Promise<unknown> }>> = {
  readIdx: { bytes: idx, read: async (source) => (await readIdx(source)).toNested() },
  "readIdx, gzipped": { bytes: gzipSync(idx), read: async (source) => (await readIdx(source)).toNested() },
  readNpy: { bytes: toNpy(tensor([7, 8])), read: async (source) => (await readNpy(source)).toNested() },
  readCsv: { bytes: csv, read: async (source) => (await readCsv(source)).columns.x!.toNested() },
  "readCsv, gzipped": { bytes: gzipSync(csv), read: async (source) => (await readCsv(source)).columns.x!.toNested() },
};

/**
 * Returns a class that simulates a class of another realm, such as an iframe: its instances have the same
 * `Symbol.toStringTag`, but another prototype.
 */
function foreign<T extends object>(x: T, tag: string): T {
  const methods = ["arrayBuffer", "slice", "stream", "text"];
  return new Proxy(Object.create(null) as T, {
    has: (_, key) => key in x,
    get: (_, key) => {
      if (key === Symbol.toStringTag) return tag;
      const value: unknown = Reflect.get(x, key, x);
      return methods.includes(String(key)) ? (value as () => unknown).bind(x) : value;
    },
  });
}

for (const [name, { bytes, read }] of Object.entries(readers))
  describe(name, () => {
    it("reads bytes, Blobs and URLs of another realm", async () => {
      const expected = await read(bytes);
      const list = JSON.stringify([...bytes]);
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const sources: Source[] = [
        runInNewContext(`new Uint8Array(${list})`),
        runInNewContext(`new Uint8Array([1, 2, 3, ...${list}, 4]).subarray(3, -1)`),
        runInNewContext(`new Uint8Array(${list}).buffer`),
        foreign(new Blob([bytes as Uint8Array<ArrayBuffer>]), "Blob"),
        foreign(new File([bytes as Uint8Array<ArrayBuffer>], "x"), "File"),
        foreign(pathToFileURL(path), "URL"),
      ];
      for (const source of sources) expect(await read(source)).toEqual(expected);
    });

    it("throws an ArgumentError for bytes whose memory was transferred, and a WengertError if that happens while it reads", async () => {
      const expected = await read(bytes);
      const transferred = Uint8Array.from(bytes);
      structuredClone(transferred, { transfer: [transferred.buffer] });
      await expect(read(transferred)).rejects.toThrow(ArgumentError);
      await expect(read(transferred)).rejects.toThrow(": the memory of the Uint8Array was transferred");
      await expect(read(transferred.buffer)).rejects.toThrow(": the memory of the ArrayBuffer was transferred");
      for (let ticks = 0; ticks < 40; ticks++) {
        const copy = Uint8Array.from(bytes);
        const reading = read(copy).catch((error: unknown) => error);
        for (let i = 0; i < ticks; i++) await undefined;
        structuredClone(copy, { transfer: [copy.buffer] });
        const outcome = await reading;
        if (!(outcome instanceof ArgumentError)) expect(outcome).toEqual(expected);
      }
    });

    it("throws a WengertError for other values, even with the tag of a source", async () => {
      const impostors = ["Uint8Array", "ArrayBuffer", "Blob", "File", "URL"].map((tag) => ({
        [Symbol.toStringTag]: tag,
      }));
      const views = [new Uint16Array(4), new DataView(new ArrayBuffer(8)), [1, 2], null, undefined, 3];
      for (const source of [...impostors, ...views])
        await expect(read(source as unknown as Source)).rejects.toThrow(WengertError);
    });

    it("throws a WengertError for a URL of another machine, an encoded slash and a path with a zero", async () => {
      for (const url of ["file://host/x", "file:///a%2Fb", "https://example.org/x", "file:///x%00"])
        await expect(read(new URL(url))).rejects.toThrow(WengertError);
      for (const path of ["", "a\0b"]) await expect(read(path)).rejects.toThrow(WengertError);
    });
  });

test("readImages accepts Files and URLs of another realm", async () => {
  const file = foreign(new File(["no image"], "faces/a/1.png"), "File");
  await expect(readImages([file], { size: [2, 2] })).rejects.toThrow("a/1.png: it is not a PNG or JPEG");
  const none = foreign(pathToFileURL(join(folder, "none")), "URL");
  await expect(readImages(none, { size: [2, 2] })).rejects.toThrow(DataError);
  await expect(readImages(new URL("file:///a%2Fb"), { size: [2, 2] })).rejects.toThrow(ArgumentError);
});

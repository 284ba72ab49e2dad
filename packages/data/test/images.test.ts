import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { deflateSync } from "node:zlib";
import type { Tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";
import { encode } from "fast-png";
import { afterAll, describe, expect, it, test } from "vitest";
import { decode } from "../src/decode.ts";
import { readImages } from "../src/index.ts";
import { fuzz, fuzzTimeout } from "./mutations.ts";

interface Golden {
  readonly size: readonly [height: number, width: number];
  readonly pixels: string;
  readonly gray: string;
  readonly small: string;
  readonly file: string;
}
const { "white.jpg": white, ...goldens }: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL("./goldens/images.json", import.meta.url), "utf8"),
);
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "base64"));

const folder = mkdtempSync(join(tmpdir(), "wengert-images-"));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;
/** Creates a temporary folder that contains the given files. */
function made(files: Readonly<Record<string, Uint8Array | string>>): string {
  const top = join(folder, `${folders++}`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), content);
  }
  return top;
}

const fileNamed = (name: string): Uint8Array<ArrayBuffer> => bytesOf(goldens[name]!.file);
const one = async (name: string, size: readonly [number, number], gray = false): Promise<Tensor> => {
  const { images } = await readImages([new File([fileNamed(name)], `all/a/${name}`)], { size, grayscale: gray });
  return images;
};

/** Returns the largest difference from Pillow's pixels, where pixels range from 0 to 255. */
function difference(images: Tensor, text: string): number {
  const expected = bytesOf(text);
  const own = ravel(images.array!);
  expect(own).toHaveLength(expected.length);
  return Math.max(...Array.from(own, (x, i) => Math.abs(255 * x - expected[i]!)));
}

/** The largest allowed differences from Pillow's pixels, where pixels range from 0 to 255. */
interface Near {
  readonly pixels: number;
  readonly gray: number;
  readonly small: number;
}
const exact: Near = { pixels: 1e-4, gray: 0.51, small: 1.01 }; // Pillow rounds gray pixels, and both libraries round resized pixels
const tolerances: Readonly<Record<string, Near>> = {
  "gray-16.png": { pixels: 1.01, gray: 1.01, small: 1.01 }, // Pillow truncates 16-bit pixels, readImages rounds them
  // The JPEG image of this test stores colors at half resolution. jpeg-js repeats each color sample, and libjpeg
  // interpolates between four samples. The results differ at edges, but not in gray.
  "420.jpg": { pixels: 80, gray: 4.6, small: 12.01 },
};
const jpeg: Near = { pixels: 2.01, gray: 2.01, small: 2.01 }; // the cosine transforms of the two decoders round differently

describe("pixels match those of Pillow after rotation, compositing onto white and resizing", () => {
  for (const [name, { size, pixels, gray, small }] of Object.entries(goldens))
    it(name, async () => {
      const near = tolerances[name] ?? (name.endsWith(".jpg") ? jpeg : exact);
      expect(difference(await one(name, size), pixels)).toBeLessThan(near.pixels);
      expect(difference(await one(name, size, true), gray)).toBeLessThan(near.gray);
      expect(difference(await one(name, [size[0] / 3, size[1] / 3]), small)).toBeLessThan(near.small);
    });
});

test("EXIF gives the orientation in either byte order and at any directory offset", async () => {
  const plain = fileNamed("444.jpg");
  const withExif = (tiff: readonly number[]) => {
    const segment = Buffer.from([255, 225, 0, tiff.length + 8, ...Buffer.from("Exif\0\0"), ...tiff]);
    return new Uint8Array(Buffer.concat([plain.subarray(0, 2), segment, plain.subarray(2)]));
  };
  const other = [1, 15, 0, 2, 0, 0, 0, 1, 0, 9, 0, 0]; // an EXIF tag before the orientation
  const orientation = [1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
  const cases: [number[], number][] = [
    [[77, 77, 0, 42, 0, 0, 0, 10, 9, 9, 0, 2, ...other, ...orientation], 6],
    [[73, 73, 42, 0, 8, 0, 0, 0, 1, 0, 18, 1, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0], 8],
    [[77, 77, 0, 42, 0, 0, 0, 8, 0, 1, ...other], 1],
    [[77, 77, 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0], 1], // 9 is not an orientation
    [[77, 77, 0, 42, 255, 255, 255, 255], 1],
    [[77, 77, 0, 42, 0, 0, 0, 8, 255, 255], 1],
    [[77, 77], 1],
    [[], 1],
  ];
  for (const [tiff, expected] of cases) expect((await decode(withExif(tiff), 1000)).orientation).toBe(expected);
});

test("a PNG's checksums are verified, and chunks that do not define the image are ignored", async () => {
  const bytes = fileNamed("palette-8.png");
  const palette = Buffer.from(bytes).indexOf("PLTE");
  bytes[palette + 10]! ^= 1;
  await expect(decode(bytes, 1000)).rejects.toThrow("CRC mismatch");
  const whole = fileNamed("rgb.png");
  const header = 8 + 25;
  const profile = chunk("iCCP", Uint8Array.of(65, 0, 0, 1, 2, 3)); // an invalid zlib stream
  const text = chunk("tEXt", Uint8Array.of(255, 255));
  const more = new Uint8Array(Buffer.concat([whole.subarray(0, header), profile, text, whole.subarray(header)]));
  expect(await decode(more, 1000)).toEqual(await decode(whole, 1000));
});

const pngSignature = Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10]);
const pngOf = (...chunks: readonly Uint8Array[]) => new Uint8Array(Buffer.concat([pngSignature, ...chunks]));
const pngHeader = (width: number, height: number, ...rest: readonly number[]) => {
  const data = Uint8Array.from({ length: 13 }, (_, i) => rest[i - 8] ?? 0);
  new DataView(data.buffer).setUint32(0, width);
  new DataView(data.buffer).setUint32(4, height);
  return chunk("IHDR", data);
};
const pngRows = (...bytes: readonly number[]) => chunk("IDAT", deflateSync(Uint8Array.from(bytes)));
const pngEnd = chunk("IEND", new Uint8Array(0));

describe("a PNG that the specification forbids throws", () => {
  const [rgb, gray, indexed] = [pngHeader(1, 1, 8, 2), pngHeader(1, 1, 8, 0), pngHeader(1, 1, 1, 3)];
  const [rgbRows, grayRows] = [pngRows(0, 1, 2, 3), pngRows(0, 1)];
  const palette = chunk("PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6));
  const clear = (...bytes: readonly number[]) => chunk("tRNS", Uint8Array.from(bytes));
  const text = chunk("tEXt", Uint8Array.of(1));
  const damaged = Uint8Array.from(palette);
  damaged[9]! ^= 1;
  const [half, rest] = [Buffer.from(rgbRows.subarray(8, 12)), Buffer.from(rgbRows.subarray(12, -4))];
  const cases: Readonly<Record<string, [Uint8Array, string]>> = {
    "a second header": [pngOf(rgb, pngHeader(30_000, 30_000, 1, 0), rgbRows, pngEnd), "it has a second IHDR"],
    "a second header after the rows": [pngOf(rgb, rgbRows, rgb, pngEnd), "it has a second IHDR"],
    "no header": [pngOf(rgbRows, pngEnd), "it has no header"],
    "a chunk before the header": [pngOf(text, rgb, rgbRows, pngEnd), "it has no header"],
    "a short header": [pngOf(chunk("IHDR", new Uint8Array(12)), rgbRows, pngEnd), "it has no header"],
    "no rows": [pngOf(rgb, pngEnd), "it has no pixels"],
    "no end": [pngOf(rgb, rgbRows, text), "it is truncated"],
    "an end with data": [pngOf(rgb, rgbRows, chunk("IEND", Uint8Array.of(1))), "its IEND has 1 bytes"],
    "another chunk between rows": [
      pngOf(rgb, chunk("IDAT", half), text, chunk("IDAT", rest), pngEnd),
      "it has tEXt between two IDAT",
    ],
    "an unknown critical chunk": [pngOf(rgb, chunk("ABCD", text), rgbRows, pngEnd), 'it has the chunk "ABCD"'],
    "a type with a digit": [pngOf(rgb, chunk("a1b2", text), rgbRows, pngEnd), 'it has the chunk "a1b2"'],
    "a second palette": [pngOf(indexed, palette, palette, grayRows, pngEnd), "it has a second PLTE"],
    "a palette after the rows": [pngOf(rgb, rgbRows, palette, pngEnd), "its PLTE is after its IDAT"],
    "a palette of a gray image": [pngOf(gray, palette, grayRows, pngEnd), "may not have"],
    "a palette of broken colors": [
      pngOf(rgb, chunk("PLTE", new Uint8Array(4)), rgbRows, pngEnd),
      "its PLTE has 4 bytes",
    ],
    "an empty palette": [pngOf(indexed, chunk("PLTE", new Uint8Array(0)), grayRows, pngEnd), "its PLTE has 0 bytes"],
    "a palette of more colors than the bits can name": [
      pngOf(indexed, chunk("PLTE", new Uint8Array(9)), grayRows, pngEnd),
      "its PLTE has 9 bytes",
    ],
    "a damaged palette": [pngOf(indexed, damaged, grayRows, pngEnd), "CRC mismatch in its PLTE"],
    "no palette": [pngOf(indexed, grayRows, pngEnd), "it has no palette"],
    "opacity before the palette": [pngOf(indexed, clear(1), palette, grayRows, pngEnd), "its tRNS is before its PLTE"],
    "a palette after the transparent color": [
      pngOf(rgb, clear(0, 1, 0, 2, 0, 3), palette, rgbRows, pngEnd),
      "its PLTE is after its tRNS",
    ],
    "opacity of more colors than the palette has": [
      pngOf(indexed, palette, clear(1, 2, 3), grayRows, pngEnd),
      "its tRNS has 3 bytes",
    ],
    "a transparent color of too few samples": [pngOf(rgb, clear(0, 1), rgbRows, pngEnd), "its tRNS has 2 bytes"],
    "a transparent color beside opacity": [
      pngOf(pngHeader(1, 1, 8, 4), clear(0, 1), pngRows(0, 1, 2), pngEnd),
      "may not have",
    ],
    "bits that the color type forbids": [pngOf(pngHeader(1, 1, 4, 2), rgbRows, pngEnd), "color type 2 with 4 bits"],
    "an unknown color type": [pngOf(pngHeader(1, 1, 8, 5), rgbRows, pngEnd), "color type 5 with 8 bits"],
    "an unknown compression": [pngOf(pngHeader(1, 1, 8, 2, 1), rgbRows, pngEnd), "compression 1"],
    "an unknown filter method": [pngOf(pngHeader(1, 1, 8, 2, 0, 1), rgbRows, pngEnd), "filter 1"],
    "an unknown interlacing": [pngOf(pngHeader(1, 1, 8, 2, 0, 0, 2), rgbRows, pngEnd), "interlace 2"],
    "an unknown filter of a row": [pngOf(rgb, pngRows(5, 1, 2, 3), pngEnd), "Unsupported filter: 5"],
    "a color that is not in the palette": [
      pngOf(indexed, chunk("PLTE", new Uint8Array(3)), pngRows(0, 128), pngEnd),
      "it has a color that is not in its palette",
    ],
  };
  for (const [name, [bytes, message]] of Object.entries(cases))
    it(name, async () => {
      await expect(decode(bytes, 2 ** 25)).rejects.toThrow(message);
    });
});

test("a PNG that the specification allows is read: parts of rows, empty parts, a palette for other uses, bytes after its end", async () => {
  const rows = pngRows(0, 1, 2, 3);
  const [half, rest] = [Buffer.from(rows.subarray(8, 12)), Buffer.from(rows.subarray(12, -4))];
  const empty = chunk("IDAT", new Uint8Array(0));
  const palette = chunk("PLTE", Uint8Array.of(1, 2, 3));
  const transparent = chunk("tRNS", Uint8Array.of(0, 1, 0, 2, 0, 3));
  const header = pngHeader(1, 1, 8, 2);
  const pixels = async (...chunks: readonly Uint8Array[]) => [...(await decode(pngOf(header, ...chunks), 1)).rgba];
  expect(await pixels(empty, chunk("IDAT", half), empty, chunk("IDAT", rest), pngEnd)).toEqual([1, 2, 3, 255]);
  expect(await pixels(palette, transparent, rows, pngEnd, rows)).toEqual([1, 2, 3, 0]);
  expect(await pixels(transparent, rows, pngEnd)).toEqual([1, 2, 3, 0]);
});

test("a PNG with millions of chunks takes no extra memory", { tags: "soak" }, async () => {
  const header = pngHeader(1, 1, 8, 2);
  const rows = pngRows(0, 1, 2, 3);
  const parts = Array.from(rows.subarray(8, -4), (byte) => chunk("IDAT", Uint8Array.of(byte)));
  const [empty, skipped] = ["IDAT", "teXt"].map((type) => {
    const one = chunk(type, new Uint8Array(0));
    return new Uint8Array(12e6).map((_, i) => one[i % 12]!);
  }) as [Uint8Array, Uint8Array];
  for (const bytes of [pngOf(header, skipped, rows, pngEnd), pngOf(header, empty, ...parts, empty, pngEnd)]) {
    const before = process.memoryUsage.rss();
    expect([...(await decode(bytes, 1)).rgba]).toEqual([1, 2, 3, 255]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 27); // half a gigabyte with an object for each chunk
  }
});

test("a JPEG without its end or without pixels is reported as truncated", async () => {
  const whole = fileNamed("444.jpg");
  const scan = Buffer.from(whole).indexOf("ffda", "hex");
  const none = new Uint8Array(Buffer.concat([whole.subarray(0, scan), Buffer.from("ffd9", "hex")]));
  await expect(decode(none, 1000)).rejects.toThrow("it is truncated before its first pixel");
  for (let size = 2; size < whole.length - 1; size += 7)
    await expect(decode(whole.slice(0, size), 1000)).rejects.toThrow();
});

/** Returns a PNG file with three bytes per pixel. */
function png(
  height: number,
  width: number,
  color: (y: number, x: number) => readonly number[],
): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from(
    Array.from({ length: height * width }, (_, i) => color(Math.floor(i / width), i % width)).flat(),
  );
  return new Uint8Array(encode({ width, height, channels: 3, data }));
}
const gray = (level: number) => [level, level, level];

test("crop takes the center, and crop: false stretches the image", async () => {
  // Each image of this test has three vertical bars of equal width. The center crop is the middle bar.
  const wide = new File([png(4, 12, (_, x) => (x < 4 ? gray(0) : x < 8 ? gray(51) : gray(255)))], "all/a/wide.png");
  const tall = new File([png(12, 4, (y) => (y < 4 ? gray(0) : y < 8 ? gray(51) : gray(255)))], "all/a/tall.png");
  const { images } = await readImages([wide, tall], { size: [2, 2], grayscale: true });
  for (const x of ravel(images.array!)) expect(x).toBeCloseTo(0.2, 6);
  const stretched = await readImages([wide, tall], { size: [3, 3], grayscale: true, crop: false, dtype: "float64" });
  const [down, across] = stretched.images.toNested<number[][][]>();
  expect(across!.map((row) => row.map((x) => Math.round(5 * x)))).toEqual([
    [0, 1, 5],
    [0, 1, 5],
    [0, 1, 5],
  ]);
  expect(down!.map((row) => row.map((x) => Math.round(5 * x)))).toEqual([
    [0, 0, 0],
    [1, 1, 1],
    [5, 5, 5],
  ]);
  expect([images.dtype, stretched.images.dtype]).toEqual(["float32", "float64"]);
});

test("interlaced images with samples of whole bytes are read", async () => {
  const [height, width] = [11, 13];
  const color = (y: number, x: number) => [20 * y, 15 * x, 7 * (x + y)];
  const file = interlaced(height, width, 8, (y, x) => color(y, x));
  const { rgba } = await decode(file, 1000);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      expect([...rgba.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)]).toEqual([...color(y, x), 255]);
  await expect(
    decode(
      interlaced(3, 3, 4, () => [0, 0]),
      1000,
    ),
  ).rejects.toThrow("it is interlaced with 4 bits");
});

test("a folder gives classes and files sorted by name, lists skipped files, and follows each link once", async () => {
  const [a, b] = [png(4, 4, () => gray(10)), png(4, 4, () => gray(20))];
  const whole = fileNamed("420.jpg");
  const flipped = Uint8Array.from(a);
  flipped[flipped.length - 20]! ^= 1;
  const top = made({
    "ben/10.png": b,
    "ben/2.png": a,
    "ben/deeper/1.jpg": whole,
    "Anna/1.png": a,
    "Anna/.hidden.png": a,
    ".git/1.png": a,
    "notes.txt": "a",
    "Anna/empty.png": "",
    "Anna/half.jpg": whole.slice(0, 0.8 * whole.length),
    "Anna/half.png": a.slice(0, -12),
    "Anna/flipped.png": flipped,
    "Anna/notes.txt": "hello",
    "Anna/web.png": "RIFF    WEBPVP8 ",
  });
  symlinkSync(top, join(top, "ben", "up"));
  symlinkSync(join(top, "nowhere"), join(top, "Anna", "gone.png"));
  symlinkSync(join(top, "ben", "2.png"), join(top, "Anna", "2.png"));
  execFileSync("mkfifo", [join(top, "Anna", "pipe.png")]);
  const calls: string[] = [];
  const progress = (done: number, of: number) => void calls.push(`${done}/${of}`);
  for (const source of [top, pathToFileURL(top)]) {
    const { images, labels, classes, files, skipped } = await readImages(source, {
      size: [2, 2],
      grayscale: true,
      progress,
    });
    expect(classes).toEqual(["Anna", "ben"]);
    expect(files).toEqual(["Anna/1.png", "Anna/2.png", "ben/10.png", "ben/2.png", "ben/deeper/1.jpg"]);
    expect([labels.dtype, labels.toNested()]).toEqual(["int32", [0, 0, 1, 1, 1]]);
    expect(images.shape).toEqual([5, 2, 2]);
    const firsts = images.toNested<number[][][]>().map((image) => Math.round(255 * image[0]![0]!));
    expect(firsts.slice(0, 4)).toEqual([10, 10, 20, 10]);
    const told = Object.fromEntries(skipped.map(({ file, reason }) => [file, reason]));
    expect(told).toMatchObject({
      "notes.txt": "it is not in a subfolder",
      "Anna/empty.png": "it is empty",
      "Anna/half.png": "it is truncated",
      "Anna/notes.txt": "it is not a PNG or JPEG",
      "Anna/web.png": "it is not a PNG or JPEG, but a WebP",
    });
    expect(told["Anna/flipped.png"]).toMatch(/^it is damaged: CRC mismatch|^it cannot be unpacked/);
    expect(told["Anna/half.jpg"]).toMatch(/^it is damaged: /);
    expect(told["Anna/gone.png"]).toMatch(/cannot be read: ENOENT/);
    expect(told["Anna/pipe.png"]).toMatch(/is not a regular file/);
    expect(skipped).toHaveLength(9);
  }
  expect(calls.slice(0, 2)).toEqual(["1/13", "2/13"]);
  expect(calls.slice(12, 14)).toEqual(["13/13", "1/13"]);
});

test("the Files of a folder selected in a page are read", async () => {
  const file = (path: string, level: number) =>
    Object.assign(new File([png(3, 3, () => gray(level))], path.split("/").at(-1)!), { webkitRelativePath: path });
  const { labels, classes, files, images } = await readImages(
    [file("faces/ben/1.png", 255), file("faces/anna/1.png", 0), file("faces/.DS_Store", 0)],
    { size: [3, 3] },
  );
  expect([classes, files, labels.toNested()]).toEqual([
    ["anna", "ben"],
    ["anna/1.png", "ben/1.png"],
    [0, 1],
  ]);
  expect([images.shape, [...new Set(ravel(images.array!))]]).toEqual([
    [2, 3, 3, 3],
    [0, 1],
  ]);
});

test("a class without images throws with the reason, and so does a folder without classes", async () => {
  const good = png(3, 3, () => gray(1));
  const top = made({
    "a/1.png": good,
    "b/1.png": "no",
    "b/2.png": good.slice(0, 40),
    "b/3.png": "no",
    "b/4.png": "no",
  });
  await expect(readImages(top, { size: [2, 2] })).rejects.toThrow(
    /each class needs an image, got none in "b"; b\/1.png: it is not a PNG or JPEG; b\/2.png: it .*; b\/3.png: .* \(and 1 more\)$/,
  );
  for (const files of [{ "1.png": good }, { ".hidden/1.png": good }])
    await expect(readImages(made(files), { size: [2, 2] })).rejects.toThrow("has no classes");
  await expect(readImages(join(folder, "none"), { size: [2, 2] })).rejects.toThrow("none cannot be read: ENOENT");
  await expect(readImages([], { size: [2, 2] })).rejects.toThrow("has no classes");
});

test("headers and streams that declare gigabytes are skipped without large allocations", {
  timeout: 20_000,
}, async () => {
  const header = (width: number, height: number) => {
    const data = new Uint8Array(13);
    const view = new DataView(data.buffer);
    view.setUint32(0, width);
    view.setUint32(4, height);
    data.set([8, 2, 0, 0, 0], 8);
    return chunk("IHDR", data);
  };
  const signature = Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const end = chunk("IEND", new Uint8Array(0));
  const zeros = deflateSync(new Uint8Array(2 ** 26));
  const [row, one] = [chunk("IDAT", deflateSync(new Uint8Array(4))), header(1, 1)];
  const file = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat([signature, ...parts, end]));
  const jpegOf = (width: number, height: number) => {
    const bytes = fileNamed("444.jpg");
    const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    new DataView(bytes.buffer).setUint32(frame + 5, height * 65536 + width);
    return bytes;
  };
  const profile = Buffer.concat([Buffer.from("a\0\0"), zeros]);
  const scans = new Uint8Array(Buffer.concat([Uint8Array.of(255, 216), Buffer.from("ffda".repeat(300), "hex")]));
  const cases: [Uint8Array, RegExp | undefined][] = [
    [file(header(60_000, 60_000), row), /it is 60000 × 60000 pixels, more than \{ maxPixels: 33554432 \}/],
    [file(header(5000, 5000), row), /its rows are shorter than its header declares/],
    [file(one, chunk("IDAT", zeros)), /its rows are longer than its header declares/],
    [file(header(0, 5), row), /it is 0 × 5 pixels/],
    [file(one, chunk("PLTE", new Uint8Array(3e6)), row), /its PLTE has 3000000 bytes, which is invalid/],
    [file(one, chunk("iCCP", profile), chunk("zTXt", profile), chunk("iTXt", profile), row), undefined],
    [jpegOf(65_000, 65_000), /its header declares more pixels than its \d+ bytes can hold/],
    [jpegOf(800, 800), /its header declares more pixels than its \d+ bytes can hold/],
    [jpegOf(500, 500), /./],
    [scans, /it has 300 scans, more than 200/],
  ];
  const held = () => process.memoryUsage().arrayBuffers;
  for (const [bytes, why] of cases) {
    const before = held();
    const decoded = decode(bytes, 2 ** 25).catch((error: Error) => error.message);
    if (why) expect(await decoded).toMatch(why);
    else expect(await decoded).toMatchObject({ width: 1, height: 1 });
    expect(held() - before).toBeLessThan(2 ** 25);
  }
  await expect(decode(jpegOf(24, 19), 24 * 18)).rejects.toThrow("more pixels than { maxPixels: 432 }");
  // The JPEG file of this test is the smallest file that the encoder can write for an image of this size.
  expect(await decode(bytesOf(white!.file), 2 ** 20)).toMatchObject({ width: 1000, height: 1000 });
  const small = made({ "a/1.png": png(9, 9, () => gray(1)), "a/2.png": png(3, 3, () => gray(1)) });
  const { files, skipped } = await readImages(small, { size: [2, 2], maxPixels: 80 });
  expect([files, skipped]).toEqual([
    ["a/2.png"],
    [{ file: "a/1.png", reason: "it is 9 × 9 pixels, more than { maxPixels: 80 }" }],
  ]);
  truncateSync(join(small, "a/1.png"), 2 ** 40 / 2 ** 10); // a sparse file with a size of 1 GB
  const { skipped: large } = await readImages(small, { size: [2, 2] });
  expect(large[0]!.reason).toMatch(/has 1,073,741,824 bytes; the limit is 67,108,864 bytes/);
});

test("mutated files give images, or a class without images", { timeout: fuzzTimeout }, async () => {
  const read = async (bytes: Uint8Array<ArrayBuffer>) => {
    const { images } = await readImages([new File([bytes], "all/a/1.png")], { size: [3, 2], maxPixels: 2 ** 16 });
    return images;
  };
  await fuzz(Object.keys(goldens).map(fileNamed), 500, read, (images) => {
    expect(images.shape).toEqual([1, 3, 2, 3]);
    expect(ravel(images.array!).every((x) => x >= 0 && x <= 1)).toBe(true);
  });
});

/** Returns a PNG chunk. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(Buffer.from(type), 4);
  bytes.set(data, 8);
  let crc = ~0;
  for (const byte of bytes.subarray(4, 8 + data.length)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  view.setUint32(8 + data.length, ~crc >>> 0);
  return bytes;
}

/**
 * Returns an interlaced PNG file in RGB, with three bytes for each pixel. The order of the pixels follows section 8.2
 * of the PNG specification.
 */
function interlaced(
  height: number,
  width: number,
  depth: number,
  color: (y: number, x: number) => readonly number[],
): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data.set([depth, depth === 8 ? 2 : 0, 0, 0, 1], 8);
  const odd = "7 7 7 7 7 7 7 7";
  const even = "5 6 5 6 5 6 5 6";
  const order = ["1 6 4 6 2 6 4 6", odd, even, odd, "3 6 4 6 3 6 4 6", odd, even, odd];
  const rowsOf: number[] = [];
  for (let pass = 1; pass <= 7; pass++)
    for (let y = 0; y < height; y++) {
      const xs = Array.from({ length: width }, (_, x) => x).filter(
        (x) => order[y % 8]!.split(" ")[x % 8] === String(pass),
      );
      if (xs.length > 0) rowsOf.push(0, ...xs.flatMap((x) => color(y, x)));
    }
  const parts = [
    chunk("IHDR", data),
    chunk("IDAT", deflateSync(Uint8Array.from(rowsOf))),
    chunk("IEND", new Uint8Array(0)),
  ];
  return new Uint8Array(Buffer.concat([Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts]));
}

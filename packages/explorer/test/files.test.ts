import { DataError } from "@wengert/core";
import { expect, test } from "vitest";
import { readTable } from "../src/rooms/fit/data/csv.ts";
import type { Dataset } from "../src/rooms/fit/data/dataset.ts";
import { readIdx } from "../src/rooms/fit/data/idx.ts";
import { fileOf, parametersIn } from "../src/rooms/fit/parameters.ts";
import { isSoak } from "./support.ts";

// Reads damaged files with the functions of the Fit page that read files. Each file must either be read completely or
// cause a DataError.

let state = 12345n;
/** Returns a pseudorandom integer below `end`, the same in each run (the upper half of D. Knuth's MMIX generator). */
function random(end: number): number {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number(state >> 32n) % end;
}

/** Returns a copy of a file with some bytes changed, removed or inserted. */
function damaged(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = Array.from(bytes);
  for (let i = random(4); i >= 0; i--) {
    const at = random(Math.min(all.length, random(2) === 0 ? 64 : all.length) || 1);
    const how = random(4);
    if (how === 0) all[at] = random(256);
    else if (how === 1) all.splice(at, 1 + random(9));
    else if (how === 2) all.splice(at, 0, ...Array.from({ length: 1 + random(9) }, () => random(256)));
    else all.length = Math.min(all.length, at + 1);
  }
  return Uint8Array.from(all);
}

/** Returns whether a file was read or rejected. Rethrows any error that is not a DataError. */
async function outcome(read: () => unknown): Promise<"taken" | "refused"> {
  try {
    await read();
    return "taken";
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    expect(error.message.length).toBeGreaterThan(20);
    return "refused";
  }
}

/** Calls `read` on `count` damaged files in `npm run soak`, and on a fifth of them in `npm test`. */
async function every(count: number, read: (i: number) => unknown): Promise<void> {
  const seen = { taken: 0, refused: 0 };
  for (let i = 0; i < (isSoak ? count : count / 5); i++) seen[await outcome(() => read(i))]++;
  expect(seen.taken).toBeGreaterThan(0); // some damaged files must be readable, or the test covers only the first check
  expect(seen.refused).toBeGreaterThan(0);
}

const fits = ({ rows, labels, classes, features }: Dataset): void => {
  const width = "width" in features ? features.width * features.height : features.length;
  expect(rows.length).toBe(labels.length * width);
  expect(rows.every(Number.isFinite)).toBe(true);
  expect(labels.every((label) => label >= 0 && label < classes.length)).toBe(true);
};

test("parameters", async () => {
  const layers = [
    { W: Float32Array.from({ length: 8 }, (_, i) => i / 7), b: new Float32Array(4) },
    { W: new Float32Array(12).fill(0.5), b: new Float32Array(3) },
  ];
  const data: Dataset = {
    title: "",
    rows: new Float32Array(),
    labels: new Int32Array(),
    classes: ["a", "b", "c"],
    features: ["x", "y"],
  };
  const file = fileOf({ ...data, layers, step: 7 });
  const read = (bytes: Uint8Array<ArrayBuffer>) => parametersIn(new File([bytes], "it"), data);
  expect(await read(file)).toEqual({ layers, step: 7, classes: data.classes });
  await every(3000, async () => {
    const found = await read(damaged(file));
    expect(found.layers.map(({ W, b }) => [W.length, b.length])).toEqual([[8, 4], [12, 3]]); // biome-ignore format: short
    expect(found.layers.every(({ W, b }) => [...W, ...b].every(Number.isFinite))).toBe(true);
  });
});

test("IDX", async () => {
  const header = (type: number, ...sizes: number[]) =>
    Uint8Array.of(0, 0, type, sizes.length, ...sizes.flatMap((size) => [0, 0, size >> 8, size & 255]));
  const images = Uint8Array.of(...header(8, 6, 2, 3), ...Array.from({ length: 36 }, (_, i) => 7 * i));
  const labels = Uint8Array.of(...header(8, 6), 0, 1, 2, 0, 1, 2);
  await every(2000, async (i) => {
    const both = i % 3 === 0 ? [images, damaged(labels)] : [damaged(images), labels];
    fits(await readIdx(both.map((bytes, k) => new File([Uint8Array.from(bytes)], `file ${k}`))));
  });
});

test("a number that float32 cannot hold is reported, and its row is skipped", async () => {
  const found = (await readTable(new File(["x,answer\n1,a\n2,b\n1e308,a\n3,b\n4,a"], "it.csv"))).toData(undefined);
  expect(found.leftOut).toEqual(["Line 4: “x” is “1e+308”, not a number up to 1e30"]);
  fits(found);
});

test("tables", async () => {
  const rows = Array.from({ length: 12 }, (_, i) => `${i},${(i * 7) % 5}.5,"${["so", "no"][i % 2]}"`);
  const text = new TextEncoder().encode(["a,b,answer", ...rows].join("\n"));
  await every(2000, async () => {
    const found = (await readTable(new File([damaged(text)], "it.csv"))).toData(undefined);
    fits(found);
    expect(found.labels.length + (found.leftOut?.length ?? 0)).toBeLessThanOrEqual(14);
  });
});

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";
import { afterAll, describe, expect, expectTypeOf, it, test } from "vitest";
import { type CsvOptions, column, matrix, readCsv, type Table } from "../src/index.ts";
import { fuzz, fuzzTimeout } from "./mutations.ts";

const file = (text: string | Uint8Array<ArrayBuffer>, name = "cars.csv"): File => new File([text], name);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const cars = `name,mpg,origin
chevrolet,18,USA
datsun,27.5,Japan
"citroen, ds",25e0,Europe
ford,-.5,USA
`;

/** Converts a table that `readCsv` returned to plain values, for comparisons. */
function plain({ columns, classes, ...rest }: Table): unknown {
  const values = Object.entries(columns).map(([name, t]) => [name, t.dtype, Array.from(ravel(t.array!))]);
  return { values, classes, ...rest };
}

test("columns of numbers become float64, and other columns become categories with sorted classes", async () => {
  const table = await readCsv(file(cars));
  expect(plain(table)).toEqual({
    values: [
      ["name", "int32", [0, 2, 1, 3]],
      ["mpg", "float64", [18, 27.5, 25, -0.5]],
      ["origin", "int32", [2, 1, 0, 2]],
    ],
    classes: { name: ["chevrolet", "citroen, ds", "datsun", "ford"], origin: ["Europe", "Japan", "USA"] },
    rows: 4,
    lines: [2, 3, 4, 5],
    missing: [],
  });
  expect(Object.entries(table.columns).map(([name, t]) => [name, t.label, t.shape])).toEqual([
    ["name", "name", [4]],
    ["mpg", "mpg", [4]],
    ["origin", "origin", [4]],
  ]);
});

test("line ends, delimiters, gzip and byte order marks do not change the table", async () => {
  const expected = plain(await readCsv(file(cars)));
  const simple = cars.replace(', ds"', ' ds"');
  const expectedSimple = JSON.parse(JSON.stringify(plain(await readCsv(file(simple)))));
  const utf16 = (order: "le" | "be") => {
    const bytes = new Uint8Array(Buffer.from(`\ufeff${cars}`, "utf16le"));
    if (order === "be") Buffer.from(bytes.buffer).swap16();
    return bytes;
  };
  const same: (string | Uint8Array<ArrayBuffer>)[] = [
    cars.replaceAll("\n", "\r\n"),
    cars.replaceAll("\n", "\r"),
    cars.replace("\n", "\r\n"),
    cars.trimEnd(),
    `\ufeff${cars}`,
    cars.replaceAll(/(?<!"citroen),(?! ds)/g, " , "),
    new Uint8Array(gzipSync(cars)),
    utf16("le"),
    utf16("be"),
  ];
  for (const content of same) expect(plain(await readCsv(file(content)))).toEqual(expected);
  expect(plain(await readCsv(file(`\n\n${cars.replaceAll("\n", "\n \n")}`)))).toEqual({
    ...(expected as object),
    lines: [5, 7, 9, 11], // the line numbers that an editor shows
  });
  for (const delimiter of [";", "\t", "|"]) {
    const text = simple.replaceAll(",", delimiter);
    expect(plain(await readCsv(file(text)))).toEqual(expectedSimple);
    expect(plain(await readCsv(file(text), { delimiter }))).toEqual(expectedSimple);
  }
  // The test reads a .tsv file with one column. The commas in its cells must not split the cells.
  expect(Object.keys((await readCsv(file("a,b\n1,2\n", "x.tsv"))).columns)).toEqual(["a,b"]);
  expect(Object.keys((await readCsv(file("a,b\n1,2\n", "x.tsv.gz"))).columns)).toEqual(["a,b"]);
});

test("declared columns are read, others are ignored, and classes may have any order", async () => {
  const table = await readCsv(file(cars), {
    columns: { origin: ["USA", "Europe", "Japan"], mpg: "category" },
  });
  expect(plain(table)).toMatchObject({
    values: [
      ["origin", "int32", [0, 2, 1, 0]],
      ["mpg", "int32", [1, 3, 2, 0]],
    ],
    classes: { origin: ["USA", "Europe", "Japan"], mpg: ["-.5", "18", "25e0", "27.5"] },
  });
  expectTypeOf(table.columns.mpg).toEqualTypeOf<Tensor>();
  expect(column(table, "mpg")).toBe(table.columns.mpg);
  // @ts-expect-error: the column was not read
  expect(() => column(table, "name")).toThrow('column: the column must be one of origin, mpg, got "name"');
  // @ts-expect-error: the column was not read
  expect(table.columns.name).toBeUndefined();
  const spoiled = await readCsv(file(cars.replace("chevrolet", "?").replace("datsun", "")), {
    columns: { mpg: "number" },
  });
  expect(spoiled.rows).toBe(4);
  await expect(readCsv(file(cars), { columns: { origin: ["USA", "Japan"] } })).rejects.toThrow(
    'cars.csv, line 4, column "origin": the class must be one of "USA", "Japan", got "Europe"',
  );
});

test("classes that are numbers are sorted by value, others by UTF-16 code units", async () => {
  const classes = async (cells: readonly string[]) =>
    (await readCsv(file(`x,y\n${cells.map((cell) => `${cell},0\n`).join("")}`), { columns: { x: "category" } })).classes
      .x;
  expect(await classes(["10", "9", "1e1", "-3", "9"])).toEqual(["-3", "9", "10", "1e1"]);
  expect(await classes(["10", "9", "b", "B", "ä", "a"])).toEqual(["10", "9", "B", "a", "b", "ä"]);
});

test("with a decimal comma, the comma is the delimiter only if all rows have equally many commas", async () => {
  const read = async (text: string, options: CsvOptions = {}) =>
    Object.entries((await readCsv(file(text), { decimal: ",", ...options })).columns).map(([name, t]) => [
      name,
      t.toNested(),
    ]);
  expect(await read("x\n1,5\n2,25\n")).toEqual([["x", [1.5, 2.25]]]);
  expect(await read("1,5\n2,25\n", { names: ["x"] })).toEqual([["x", [1.5, 2.25]]]);
  expect(await read("x\n1,5\n2\n", { columns: { x: "number" } })).toEqual([["x", [1.5, 2]]]);
  expect(await read("x\n1,5\n2\n1,5\n3,5\n", { missing: "drop" })).toEqual([["x", [1.5, 2, 1.5, 3.5]]]);
  for (const delimiter of [";", "\t", "|"])
    expect(await read(`x${delimiter}y\n1,5${delimiter}2,5\n3${delimiter}4\n`)).toEqual([
      ["x", [1.5, 3]],
      ["y", [2.5, 4]],
    ]);
  expect(await read('x,y\n"1,5","2,5"\n3,4\n')).toEqual([
    ["x", [1.5, 3]],
    ["y", [2.5, 4]],
  ]);
});

test("names gives the column names of a file without a header", async () => {
  const table = await readCsv(file("1,a\n2,b\n"), { names: ["x", "y"] });
  expect(plain(table)).toMatchObject({
    values: [
      ["x", "float64", [1, 2]],
      ["y", "int32", [0, 1]],
    ],
    lines: [1, 2],
  });
  await expect(readCsv(file("1,a\n2,b\n"), { names: ["x"] })).rejects.toThrow(
    "line 1: each row must have 1 cells, got 2",
  );
});

test("numbers are parsed exactly, and an invalid number throws with its line and column", async () => {
  const read = async (cells: readonly string[], options: CsvOptions<"x"> = {}) =>
    Array.from(
      ravel(
        (
          await readCsv(file(`x;y\n${cells.map((cell) => `${cell};0\n`).join("")}`), {
            columns: { x: "number" },
            delimiter: ";",
            ...options,
          })
        ).columns.x.array!,
      ),
    );
  expect(await read(["1", "-2", "+3", ".5", "5.", "1e3", "1E-3", " 7 ", "0.1", "-0"])).toEqual([
    1, -2, 3, 0.5, 5, 1000, 0.001, 7, 0.1, -0,
  ]);
  expect(await read(["1,5", "-0,25", "3"], { decimal: "," })).toEqual([1.5, -0.25, 3]);
  const none = [
    "1,5",
    "1 000",
    "0x10",
    "1e999",
    "Infinity",
    "inf",
    "--1",
    "1-2",
    "1e",
    "e1",
    ".",
    "+",
    "1n",
    "½",
    "True",
    "1_000",
    "٣",
  ];
  for (const cell of none) {
    const text = JSON.stringify(cell);
    await expect(read(["1", cell])).rejects.toThrow(`cars.csv, line 3, column "x": expected a number, got ${text}`);
  }
  await expect(read(["1", "1,5"])).rejects.toThrow('if it is a number, write { decimal: "," }');
  for (const cell of ["1.5", "1.000,5", "1,5,0"])
    await expect(read([cell], { decimal: "," })).rejects.toThrow(`expected a number, got "${cell}"`);
});

test("a typing error does not turn a numeric column into a category", async () => {
  const column = (cells: readonly string[]) => readCsv(file(`x,y\n${cells.map((cell) => `${cell},0\n`).join("")}`));
  await expect(column(["1", "2", "3", "4", "5O"])).rejects.toThrow('line 6, column "x": expected a number, got "5O"');
  expect((await column(["1", "2", "3", "four", "five"])).classes).toEqual({ x: ["1", "2", "3", "five", "four"] });
});

test("line numbers count the lines of multiline cells and empty lines", async () => {
  const text = 'x,note\r\n1,"two\r\nlines"\r\n\r\n2,"a ""quoted"" word, and\r\n\r\nmore"\r\nthree,last\r\n';
  const column = { columns: { x: "number" } } as const;
  await expect(readCsv(file(text), column)).rejects.toThrow(
    'cars.csv, line 8, column "x": expected a number, got "three"',
  );
  const fine = await readCsv(file(text.replace("three", "3")), { columns: { x: "number", note: "category" } });
  expect(fine.lines).toEqual([2, 5, 8]);
  expect(fine.classes.note).toEqual(['a "quoted" word, and\n\nmore', "last", "two\nlines"]);
  expect([...fine.columns.note.data.data]).toEqual([2, 0, 1]);
});

describe("with a missing cell", () => {
  const gaps = "mpg,hp,origin\n1,?,USA\nNA,2,Japan\n3,4,\n5,6,USA\n,8,Japan\n";
  const columns = { mpg: "number", hp: "number", origin: "category" } as const;
  const missing = [
    { line: 2, column: "hp", cell: "?" },
    { line: 3, column: "mpg", cell: "NA" },
    { line: 4, column: "origin", cell: "" },
    { line: 6, column: "mpg", cell: "" },
  ];

  it("readCsv throws and lists all missing cells", async () => {
    await expect(readCsv(file(gaps))).rejects.toThrow(
      'cars.csv, line 2, column "hp": the cell is "?", which counts as missing; line 3, column "mpg": the cell is "NA", which counts as missing; ' +
        'line 4, column "origin": the cell is empty; line 6, column "mpg": the cell is empty; { missing: "drop" }',
    );
    const many = `x,y\n${",1\n".repeat(9)}1,1\n`;
    await expect(readCsv(file(many))).rejects.toThrow(/line 6, column "x": the cell is empty; and 4 more cells;/);
  });

  it('missing: "drop" drops the row', async () => {
    expect(plain(await readCsv(file(gaps), { missing: "drop" }))).toEqual({
      values: [
        ["mpg", "float64", [5]],
        ["hp", "float64", [6]],
        ["origin", "int32", [0]],
      ],
      classes: { origin: ["USA"] },
      rows: 1,
      lines: [5],
      missing,
    });
  });

  it('missing: "mean" uses the mean of the present cells, and throws for a category', async () => {
    await expect(readCsv(file(gaps), { columns, missing: "mean" })).rejects.toThrow(
      'line 4, column "origin": the cell is empty; a category has no mean',
    );
    const table = await readCsv(file(gaps), { columns: { mpg: "number", hp: "number" }, missing: "mean" });
    expect(table.columns.mpg.toNested()).toEqual([1, 3, 3, 5, 3]);
    expect(table.columns.hp.toNested()).toEqual([5, 2, 4, 6, 8]);
    expect(table.missing).toEqual(missing.filter(({ column }) => column !== "origin"));
  });

  it("missingValues sets the cells that count as missing", async () => {
    const text = "x\n1\n-999\n2\n";
    expect((await readCsv(file(text), { missing: "drop", missingValues: ["-999"] })).columns.x!.toNested()).toEqual([
      1, 2,
    ]);
    await expect(readCsv(file("x,y\n1,1\n?,1\n"), { columns: { x: "number" }, missingValues: [] })).rejects.toThrow(
      'expected a number, got "?"',
    );
    const cells = ["", "NA", "na", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "  "];
    const all = await readCsv(file(`x,y\n1,1\n${cells.map((cell) => `${cell},1\n`).join("")}`), { missing: "mean" });
    expect(all.columns.x!.toNested()).toEqual(new Array(cells.length + 1).fill(1));
  });
});

test("names of Object.prototype are ordinary column names", async () => {
  const table = await readCsv(file("__proto__,constructor,toString\n1,2,a\n3,4,b\n"));
  expect(Object.keys(table.columns)).toEqual(["__proto__", "constructor", "toString"]);
  expect(matrix(table, ["__proto__", "constructor"]).toNested()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(() => matrix(table as Table<string>, ["valueOf"])).toThrow('got "valueOf"');
  await expect(readCsv(file("a\n1\n"), { columns: { constructor: "number" } as never })).rejects.toThrow(
    "has no column",
  );
});

test("matrix stacks columns in the given order", async () => {
  const table = await readCsv(file("a,b,c,d\n1,2,x,3\n4,5,y,6\n"));
  const X = matrix(table, ["d", "a"]);
  expect([X.label, X.dtype, X.toNested()]).toEqual([
    "X",
    "float64",
    [
      [3, 1],
      [6, 4],
    ],
  ]);
});

test("an unnamed first column, as pandas writes it, is named by its position; lines may end with a delimiter", async () => {
  const table = await readCsv(file(",a,\n0,5,\n1,6,\n"));
  expect(Object.keys(table.columns)).toEqual(["column 1", "a"]);
});

test("the time for a table depends on its size, not on its shape", { tags: "soak", timeout: 20_000 }, async () => {
  const names = Array.from({ length: 200_000 }, (_, j) => `x${j}`);
  const wide = await readCsv(file(`${names.join(",")}\n${names.map(() => "1").join(",")}\n`)); // comparing all pairs of names would take 40 s
  expect(Object.keys(wide.columns)).toHaveLength(200_000);
  for (const text of ['"'.repeat(1e5), `a,b\n${'"a'.repeat(1e5)}`, `a,b\n${'1,"x\n'.repeat(1e5)}`, "\n".repeat(1e6)])
    await expect(readCsv(file(text))).rejects.toThrow(/^readCsv: cars.csv/);
});

test("looking up a class or a column takes the same time for any number of them", async () => {
  const count = 20_000;
  let reads = 0;
  const names = Array.from({ length: count }, (_, k) => `c${k}`);
  const classes = new Proxy(names, {
    get: (list, key, receiver) => {
      reads++;
      return Reflect.get(list, key, receiver);
    },
  });
  const table = await readCsv(file(`x,y\n${names.map((name) => `${name},0\n`).join("")}`), { columns: { x: classes } });
  expect(table.columns.x.toNested()).toEqual(Array.from(names.keys()));
  expect(reads).toBeLessThan(10 * count); // 2e8 if each cell is compared with each class
  const columns = Object.fromEntries(names.map((name) => [name, "number"] as const));
  const wide = await readCsv(file(`${names.join()}\n${names.map(() => "1").join()}\n`), { columns });
  expect(Object.keys(wide.columns)).toEqual(names);
});

test("an error lists a few of many classes or columns", async () => {
  const names = Array.from({ length: 30_000 }, (_, k) => `c${k}`);
  const text = `x,y\n${names.map((name) => `?${name},0\n`).join("")}`;
  const wrong = await readCsv(file(text), { columns: { x: names } }).catch((error: Error) => error.message);
  expect(wrong).toMatch(/, "c19", … \(30,000 in all\), got "\?c0"; line 3, .* and 29995 more cells$/);
  const wide = `${names.join()}\n${names.map(() => "1").join()}\n`;
  await expect(readCsv(file(wide), { columns: { none: "number" } })).rejects.toThrow(/"c19", … \(30,000 in all\)$/);
});

describe("a table takes at most 60 bytes of memory per byte of its text, and throws before the heap is full", () => {
  const bytes = 4e6;
  const repeat = (text: string) => text.repeat(bytes / text.length);
  const lines = (cellOf: (k: number) => string) => {
    let text = "x\n";
    for (let k = 0; text.length < bytes; k++) text += `${cellOf(k)}\n`;
    return text;
  };
  const cases: Readonly<Record<string, [text: string, outcome: RegExp, options?: CsvOptions]>> = {
    "many rows": [`x\n${repeat("1\n")}`, /^2000000 rows/],
    "many columns": [`${repeat(",").slice(bytes / 2)}\n${repeat("1,")}1\n`, /memory: 2,000,001 columns would take/],
    "many short cells": [`${",".repeat(999)}\n${repeat(`1${",1".repeat(999)}\n`)}`, /^2000 rows/],
    "many classes": [lines((k) => `c${k.toString(36)}`), /^DataError: .* the classes of column "x" would take/],
    "many missing cells": [
      `a,b,c,d\n1,1,1,1\n${repeat(",,,\n")}`,
      /a list of 4,000,000 missing cells would/,
      { missing: "drop" },
    ],
    "many missing cells, which throw": [`a,b,c,d\n1,1,1,1\n${repeat(",,,\n")}`, /and 3999995 more cells/],
    "many invalid cells": [`x\n${repeat("1\n1\n1\n1\n1\n1\n1\n1\nz\n")}`, /and 222217 more cells/],
    "many blank lines": [`x\n1\n${repeat("\n")}`, /^1 rows/],
    "one long line": [repeat(","), /only the header/],
    "rows of different length": [`x,y\n${repeat("1\n")}`, /2000000 rows have a wrong number of cells/],
    "a long text": ["x".repeat(12 * bytes), /its text would take 96,000,000 bytes/],
  };
  const folder = mkdtempSync(join(tmpdir(), "wengert-csv-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const reader = fileURLToPath(new URL("reader.mjs", import.meta.url));
  for (const [name, [text, outcome, options]] of Object.entries(cases))
    it(name, () => {
      const path = join(folder, "packed.csv.gz");
      writeFileSync(path, gzipSync(text));
      const args = ["--max-old-space-size=48", "--max-semi-space-size=8", reader, path, JSON.stringify(options ?? {})];
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(stderr).toBe("");
      const found: { outcome: string; grown: number } = JSON.parse(stdout);
      expect(found.outcome).toMatch(outcome);
      expect(found.grown / text.length).toBeLessThan(60);
    });
});

test("invalid text throws", async () => {
  await expect(readCsv(file("a,b\n1,\0\n"))).rejects.toThrow("is not a text file");
  await expect(readCsv(file(Uint8Array.of(...utf8("a,b\n1,2\n3,"), 0xe9, 10)))).rejects.toThrow(
    "cars.csv, line 3: the text is not valid UTF-8",
  );
  await expect(readCsv(file(Uint8Array.of(0xff, 0xfe, 0, 0xd8)))).rejects.toThrow("is not valid utf-16le");
  await expect(readCsv(gzipSync("x".repeat(1000)), { maxBytes: 500 })).rejects.toThrow("unpacks to too many bytes");
  await expect(readCsv(utf8("a\n1\n"), { maxBytes: 3 })).rejects.toThrow("has 4 bytes; the limit is 3 bytes");
});

test("mutated files give a table with columns of equal length, or a WengertError", {
  timeout: fuzzTimeout,
}, async () => {
  const texts = [cars, cars.replaceAll(",", "\t"), 'x,"y\n2"\n1,"""a"\n2,b\n', "a;b\n1,5;2\n;?\n"];
  const files = texts.flatMap((text) => [utf8(text), utf8(text), new Uint8Array(gzipSync(text))]);
  const read = (bytes: Uint8Array<ArrayBuffer>) => readCsv(bytes, { missing: bytes.length % 2 ? "drop" : "error" });
  await fuzz(files, 3000, read, (table) => {
    for (const [name, column] of Object.entries(table.columns)) {
      expect(column.shape).toEqual([table.rows]);
      const values = ravel(column.array!);
      const classes = table.classes[name];
      expect(values.every((x) => (classes ? classes[x] !== undefined : Number.isFinite(x)))).toBe(true);
    }
    expect(table.lines).toHaveLength(table.rows);
  });
});

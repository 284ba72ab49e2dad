import { readFileSync } from "node:fs";
import { ShapeError, Tensor, tensor, zeros } from "@wengert/core";
import { ndarray, ravel } from "@wengert/core/extend";
import { transpose } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { readNpy, toNpy } from "../src/index.ts";
import { fuzz, fuzzTimeout } from "./mutations.ts";

interface Golden {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly numbers: readonly (number | string)[] | null;
  readonly file: string;
}
const goldens: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL("./goldens/npy.json", import.meta.url), "utf8"),
);
const fileOf = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(goldens[name]!.file, "base64"));

const dtypes: Readonly<Record<string, string>> = {
  ...{ float64: "float64", float32: "float32", float16: "float32", int32: "int32", bool: "bool" },
  ...{ int8: "int32", uint8: "int32", int16: "int32", uint16: "int32" },
};

describe("files of NumPy are read with exact numbers", () => {
  for (const [name, { dtype, shape, numbers }] of Object.entries(goldens)) {
    if (numbers === null) continue;
    const expected = numbers.map(Number);
    if (dtypes[dtype] !== undefined)
      it(`${name}: ${dtype} as ${dtypes[dtype]}`, async () => {
        const t = await readNpy(fileOf(name));
        expect([t.dtype, t.shape]).toEqual([dtypes[dtype], shape]);
        expect(Array.from(ravel(t.array!))).toEqual(expected);
      });
    else if (expected.every((x) => x === (x | 0)))
      it(`${name}: ${dtype} as int32 on request`, async () => {
        await expect(readNpy(fileOf(name))).rejects.toThrow(`holds ${dtype}, which no dtype represents exactly`);
        for (const wanted of ["int32", "float64"] as const) {
          const t = await readNpy(fileOf(name), { dtype: wanted });
          expect([t.dtype, Array.from(ravel(t.array!))]).toEqual([wanted, expected]);
        }
      });
  }
});

test("64-bit integers that do not fit throw with their index", async () => {
  const large = fileOf("large-int64");
  await expect(readNpy(large, { dtype: "int32" })).rejects.toThrow(
    "holds 2147483648 at [1, 1], which int32 cannot represent",
  );
  expect((await readNpy(large, { dtype: "float64" })).toNested()).toEqual([
    [0, 1],
    [2, 2 ** 31],
  ]);
  for (const dtype of ["int32", "float32", "float64"] as const)
    await expect(readNpy(fileOf("huge-int64"), { dtype })).rejects.toThrow("holds an integer beyond 2^53 at [1]");
});

test("indices are those of the array, also in Fortran order", async () => {
  await expect(readNpy(fileOf("fortran-int64"), { dtype: "int32" })).rejects.toThrow("holds 1099511627776 at [2, 0]");
  // In Fortran order, the array [[0, 1], [2, 3], [4, 5]] is stored as 0 2 4 1 3 5.
  await expect(readNpy(fileOf("fortran-big"), { dtype: "bool" })).rejects.toThrow(
    "holds 2 at [1, 0], which bool cannot",
  );
});

test("types that are not numbers throw with their name and the fix in Python", async () => {
  const told = {
    complex: "complex numbers; save a.real and a.imag",
    strings: "strings; save numbers",
    bytes: "strings; save numbers",
    objects: "Python objects, which are pickled code and are not read",
    records: "records with several fields",
    dates: "dates; write a.astype(numpy.float64)",
    "long-double": "long doubles; write a.astype(numpy.float64)",
  };
  for (const [name, text] of Object.entries(told)) await expect(readNpy(fileOf(name))).rejects.toThrow(text);
  const rest = Object.entries(goldens).filter(([name, { numbers }]) => numbers === null && !(name in told));
  expect(rest).toEqual([]);
});

/** Returns a .npy file with the given header, followed by `count` bytes. */
function made(header: string, count = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(10 + header.length + count);
  bytes.set(Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(header.length & 255, header.length >> 8)}`, "latin1"));
  bytes.set(Buffer.from(header, "latin1"), 10);
  return bytes;
}

test("headers are read as Python reads them, and other syntax throws", async () => {
  const fine = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
    "{'shape': (2,), 'fortran_order': False, 'descr': '<f4'}",
    "{ 'shape' :( 2 , ) ,'fortran_order':True,'descr':'=f4' }   ",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,)}",
  ];
  for (const header of fine) expect((await readNpy(made(header, 8))).shape).toEqual([2]);
  expect((await readNpy(made("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4))).shape).toEqual([]);
  const wrong = [
    "",
    "{",
    "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': (2,), 'shape': (2,)}",
    "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + x",
  ];
  for (const header of wrong) await expect(readNpy(made(header, 8))).rejects.toThrow("has an invalid header");
  await expect(readNpy(made("{'descr': '<q4', 'fortran_order': False, 'shape': (2,)}", 8))).rejects.toThrow(
    '"<q4": an unknown type',
  );
});

test("a header takes time proportional to its length, and declared sizes allocate no memory", {
  timeout: 5000,
}, async () => {
  const shaped = (shape: string) => made(`{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}}`, 8);
  const ones = "1".repeat(9000);
  for (const shape of [`(${ones})`, `(${ones}`, `(${"1,".repeat(4000)}x)`, `(${" ".repeat(9000)}`])
    await expect(readNpy(shaped(shape))).rejects.toThrow("has an invalid header");
  for (const shape of ["(4294967296, 4294967296)", "(9999999999999999,)", "(1000000, 1000000)"])
    await expect(readNpy(shaped(shape))).rejects.toThrow("bytes), got 8 bytes");
  for (const shape of ["(0, 9999999999999999)", "(9007199254740991, 2, 0)", `(${"4294967296, ".repeat(40)}0)`])
    await expect(readNpy(shaped(shape))).rejects.toThrow("(more than 2^53 bytes), got 8 bytes");
  await expect(readNpy(shaped(`(${"1,".repeat(65)})`))).rejects.toThrow("has 65 axes");
  expect((await readNpy(shaped(`(${"1,".repeat(64)})`))).shape).toHaveLength(64);
  const long = new Uint8Array(20);
  long.set([0x93, ...Buffer.from("NUMPY"), 2, 0, 255, 255, 255, 255]);
  await expect(readNpy(long)).rejects.toThrow("declares a header of 4,294,967,295 bytes");
});

test("a file that is truncated at any byte or too long throws", async () => {
  const whole = fileOf("version-1");
  for (let size = 0; size < whole.length; size++)
    await expect(readNpy(whole.slice(0, size))).rejects.toThrow(/^readNpy: the data /);
  const longer = new Uint8Array(whole.length + 1);
  longer.set(whole);
  await expect(readNpy(longer)).rejects.toThrow("got 97 bytes");
});

test("toNpy writes the shapes that readNpy reads, and throws for others", async () => {
  for (const shape of [[2 ** 50, 0], [0, 2 ** 53 - 1], [2 ** 26, 0, 2 ** 26], new Array<number>(64).fill(1)])
    expect((await readNpy(toNpy(zeros(shape)))).shape).toEqual(shape);
  for (const shape of [new Array<number>(65).fill(1), [0, 2 ** 53 - 1, 2], [2 ** 30, 2 ** 30, 0]]) {
    const numbers = new Float64Array(shape.includes(0) ? 0 : 1);
    expect(() => toNpy(new Tensor(shape, "float64", ndarray(numbers, shape)))).toThrow(ShapeError);
  }
});

test("toNpy writes files that readNpy restores and that equal NumPy's", async () => {
  const cases = [
    tensor(2.5),
    tensor([1, -0, Number.NaN]),
    tensor([[1, 2, 3]], { dtype: "float32" }),
    tensor([2 ** 31 - 1, -5], { dtype: "int32" }),
    tensor([true, false]),
    zeros([3, 0, 2]),
    transpose(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ),
  ];
  for (const t of cases) {
    const bytes = toNpy(t);
    const back = await readNpy(bytes);
    expect([back.dtype, back.shape, back.toNested()]).toEqual([t.dtype, t.shape, t.toNested()]);
  }
  for (let axes = 0; axes < 64; axes++) {
    const shape = new Array<number>(axes).fill(1); // each number of axes gives a header of another length
    const bytes = toNpy(zeros(shape));
    expect([bytes.length % 64, bytes.at(-9)]).toEqual([8, 10]);
    expect((await readNpy(bytes)).shape).toEqual(shape);
  }
  const golden = fileOf("version-1");
  expect(Buffer.from(toNpy(await readNpy(golden))).equals(Buffer.from(golden))).toBe(true);
});

test("mutated files give a tensor or a WengertError", { timeout: fuzzTimeout }, async () => {
  const files = Object.keys(goldens).map(fileOf);
  await fuzz(
    files,
    3000,
    (bytes) => readNpy(bytes),
    (t) => expect(t.array!.data).toHaveLength(t.size),
  );
});

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, type DType, type Tensor, tensor, zeros } from "@wengert/core";
import { transpose } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { fromSafetensors, save, toSafetensors } from "../../src/index.ts";

// Compares Wengert with the reference implementation of safetensors, a Python package. Wengert must load the files in
// goldens/, which the Python package wrote. If the Python package is installed, it must load the files that Wengert
// writes. The environment variable WENGERT_PYTHON names the Python interpreter.

interface Goldens {
  readonly version: string;
  readonly written: Readonly<Record<string, string>>;
  readonly "without structure": string;
  readonly refused: Readonly<Record<string, string>>;
}
const goldens = JSON.parse(readFileSync(new URL("../goldens/safetensors.json", import.meta.url), "utf8")) as Goldens;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const write = toSafetensors as (tree: unknown) => Uint8Array;

const W = tensor(
  Float32Array.from({ length: 6 }, (_, i) => i / 7),
  { dtype: "float32" },
);
const matrix = tensor(
  [0, 1].map((i) => [...W.data.data].slice(3 * i, 3 * i + 3)),
  { dtype: "float32" },
);
const names = ['é"\\/\n\u0001\u007f', "😀", "\uffee", "\u2028", "a b", "a", ""];
const int32 = (value: number | number[]): Tensor => tensor(value, { dtype: "int32" });

/** The trees that safetensors.generate.py saves with the Python package. */
const trees: Readonly<Record<string, unknown>> = {
  "every dtype": {
    float64: tensor([0, -0, 0.1, Number.POSITIVE_INFINITY, 5e-324, 1.7976931348623157e308]),
    float32: tensor([0.1, -0, Number.NEGATIVE_INFINITY, 1e-45], { dtype: "float32" }),
    int32: int32([-(2 ** 31), 2 ** 31 - 1, 0]),
    bool: tensor([true, false, true]),
  } satisfies Record<DType, Tensor>,
  layers: {
    layers: [
      { W: matrix, b: tensor([...matrix.data.data].slice(0, 3), { dtype: "float32" }) },
      { W: transpose(matrix) },
    ],
    step: int32(7),
  },
  "a tensor": tensor(2.5),
  "a list": Array.from({ length: 11 }, (_, i) => int32([i])),
  "no elements": { a: zeros([3, 0, 2], { dtype: "bool" }), b: zeros([0]), c: tensor(1, { dtype: "float32" }) },
  nothing: {},
  names: Object.fromEntries(names.map((name, i) => [name, tensor([i])])),
};

describe("the reference implementation", () => {
  test.each(Object.keys(goldens.written))("writes the same bytes: %s", (name) => {
    const bytes = bytesOf(goldens.written[name]!);
    expect(Buffer.from(write(trees[name])).toString()).toBe(Buffer.from(bytes).toString()); // compared as text, because a failed test then shows the difference
    expect(write(trees[name])).toEqual(bytes);
    const found = fromSafetensors(bytes);
    expect(found.metadata).toEqual({});
    expect(write(found.tree)).toEqual(bytes);
  });

  test("every golden has its tree", () => expect(Object.keys(trees)).toEqual(Object.keys(goldens.written)));

  test("writes files that load as records", () => {
    const { tree, metadata } = fromSafetensors<Record<string, Tensor>>(bytesOf(goldens["without structure"]));
    expect(metadata).toEqual({ notes: 'é😀 "quoted"\n' });
    expect(Object.keys(tree).sort()).toEqual(["bias", "mask", "weight"]);
    expect(tree.bias!.toNested()).toEqual([0.5, Number.NaN]);
    expect(tree.mask!.toNested()).toEqual([[true], [false]]);
    expect(tree.weight!.toNested()).toEqual(matrix.toNested());
  });

  test.each(Object.entries(goldens.refused))("has dtypes that throw an error with their name: %s", (dtype, text) => {
    const read = () => fromSafetensors(bytesOf(text));
    expect(read).toThrow(DataError);
    expect(read).toThrow(`supported dtypes are F64, F32, I32, BOOL, got ${dtype} for the tensor "x"; save `);
  });
});

const python = process.env.WENGERT_PYTHON ?? "python3";
const isThere = spawnSync(python, ["-c", "import safetensors.numpy"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "wengert-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!isThere)("the reference implementation, if installed", () => {
  test("reads every number of a saved file, and writes the same file", async () => {
    const program = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
for path in sys.argv[1:]:
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, metadata)
`;
    const paths = Object.keys(trees).map((name) => join(folder, `${name}.safetensors`));
    for (const [i, tree] of Object.values(trees).entries()) await save(paths[i]!, tree as Tensor);
    const before = paths.map((path) => readFileSync(path));
    const { status, stderr } = spawnSync(python, ["-c", program, ...paths], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    for (const [i, path] of paths.entries()) expect(readFileSync(path).equals(before[i]!)).toBe(true);
  });
});

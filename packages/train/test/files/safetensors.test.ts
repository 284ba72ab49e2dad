import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { ArgumentError, DataError, type DType, ShapeError, Tensor, tensor, trace, treeMap, zeros } from "@wengert/core";
import { ndarray } from "@wengert/core/extend";
import { slice, transpose } from "@wengert/ops";
import { afterAll, describe, expect, expectTypeOf, test } from "vitest";
import { fromSafetensors, load, save, toSafetensors, writeFileAtomic } from "../../src/index.ts";
import { onSystem } from "./system.ts";

const folder = mkdtempSync(join(tmpdir(), "wengert-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Converts a tree to plain values: structure, shapes, dtypes and elements. */
const whole = (tree: unknown): unknown => {
  if (tree instanceof Tensor) return { shape: tree.shape, dtype: tree.dtype, numbers: [...tree.data.data] };
  if (Array.isArray(tree)) return tree.map(whole);
  return Object.entries(tree as object).map(([key, entry]) => [key, whole(entry)]);
};

const numbers: Record<DType, Tensor> = {
  float64: tensor([0, -0, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 1.7976931348623157e308]),
  float32: tensor([0.1, -0, Number.NEGATIVE_INFINITY, 1e-45], { dtype: "float32" }),
  int32: tensor([-(2 ** 31), 2 ** 31 - 1, 0], { dtype: "int32" }),
  bool: tensor([true, false, true]),
};

const trees: Record<string, unknown> = {
  "a tensor": tensor(3),
  "every dtype": numbers,
  "lists and records": {
    layers: [{ W: zeros([2, 3]), b: tensor([1, 2]) }, { W: zeros([3, 1]) }],
    step: tensor(7, { dtype: "int32" }),
  },
  "a list": [tensor(1), [tensor(2), [tensor([3])]]],
  nothing: {},
  "empty nodes": { a: {}, b: [], c: [[], {}], d: tensor(1) },
  "no elements": { a: zeros([0]), b: zeros([3, 0, 2], { dtype: "bool" }), c: tensor(1, { dtype: "int32" }) },
  "keys with dots": { "a.b": tensor(1), a: { b: tensor(2), "b~2": tensor(3) }, "a.b~2": tensor(4) },
  "keys of all kinds": {
    "": tensor(1),
    " ": tensor(2),
    10: tensor(3),
    9: tensor(4),
    'é"\\/\n\u0001😀': tensor(5),
    "\uffee": tensor(6),
    "\u2028": tensor(7),
  },
  "keys with a special meaning in JavaScript": JSON.parse(
    '{"__proto__": {"x": 1}, "__metadata__": 2, "constructor": 3, "toString": 4, "wengert.tree": 5}',
    (_, value) => (typeof value === "number" ? tensor(value) : value),
  ),
  "a record without a prototype": Object.assign(Object.create(null), { W: tensor([1, 2]) }),
};

describe("a saved tree is restored", () => {
  for (const [name, tree] of Object.entries(trees)) {
    const metadata = { classes: '["a","b"]', "": "é😀\n" };
    const write = toSafetensors as (tree: unknown, options?: object) => Uint8Array<ArrayBuffer>;
    const bytes = write(tree, { metadata });
    const expected = [whole(tree), { classes: '["a","b"]', "": "é😀\n" }];

    test(`${name}: bytes`, () => {
      const found = fromSafetensors(bytes);
      expect([whole(found.tree), found.metadata]).toEqual(expected);
      expect(write(found.tree, { metadata: found.metadata })).toEqual(bytes);
    });

    test(`${name}: a file, a Blob and a stream`, async () => {
      const path = join(folder, "tree.safetensors");
      await (save as (...args: unknown[]) => Promise<void>)(path, tree, { metadata });
      const parts: Uint8Array<ArrayBuffer>[] = [];
      const stream = new WritableStream({ write: (part) => void parts.push(part) });
      await (save as (...args: unknown[]) => Promise<void>)(stream, tree, { metadata });
      for (const source of [path, new Blob(parts), bytes, bytes.buffer, Buffer.from(bytes)]) {
        const found = await load(source);
        expect([whole(found.tree), found.metadata]).toEqual(expected);
      }
      expect(readdirSync(folder)).toEqual(["tree.safetensors"]);
    });
  }
});

test("tensors that are not row-major are written in row-major order", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: a matrix
  const tree = { transposed: transpose(x), part: slice(x, { start: [0, 1], stop: [2, 3] }) };
  expect(whole(fromSafetensors(toSafetensors(tree)).tree)).toEqual(whole(treeMap((t) => tensor(t.toNested()), tree)));
});

test("loaded tensors have their own memory", () => {
  const bytes = toSafetensors({ W: tensor([1, 2]) });
  const { tree } = fromSafetensors(bytes);
  bytes.fill(0);
  expect(whole(tree)).toEqual([["W", { shape: [2], dtype: "float64", numbers: [1, 2] }]]);
});

describe("like", () => {
  const model = {
    layers: [{ weight: tensor([[1, 2]], { dtype: "float32" }), bias: tensor([3], { dtype: "float32" }) }],
  };
  const flat = { "layers.0.weight": model.layers[0]!.weight, "layers.0.bias": model.layers[0]!.bias };

  test("gives the structure and type of the expected tree, by names alone", () => {
    const { tree } = fromSafetensors(toSafetensors(flat), { like: model });
    expectTypeOf(tree).toEqualTypeOf(model);
    expect(whole(tree)).toEqual(whole(model));
  });

  test.each([
    [{ layers: [] }, /also has "layers\.0\.(weight|bias)", "layers\.0\.(weight|bias)"; load/],
    [{ layers: [{ ...model.layers[0], extra: tensor(1) }] }, /lacks "layers\.0\.extra"/],
    [
      { layers: [{ ...model.layers[0], bias: tensor([3, 4], { dtype: "float32" }) }] },
      /"layers\.0\.bias" must be float32 \[2\].*got float32 \[1\]/,
    ],
    [
      { layers: [{ ...model.layers[0], bias: tensor([3]) }] },
      /"layers\.0\.bias" must be float64 \[1\].*got float32 \[1\]/,
    ],
  ])("throws DataError for tensors that do not match", (like, message) => {
    const read = () => fromSafetensors<unknown>(toSafetensors(flat), { like });
    expect(read).toThrow(DataError);
    expect(read).toThrow(message);
  });
});

test("a stream may transfer its chunks without detaching the memory of the tensors", async () => {
  const tree = { W: tensor([1, 2]), b: tensor(new Float64Array(300_000).fill(0.5)) };
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const write = (part: Uint8Array<ArrayBuffer>) => void parts.push(structuredClone(part, { transfer: [part.buffer] }));
  await save(new WritableStream({ write }), tree);
  expect(parts.length).toBeGreaterThan(3);
  expect(whole((await load(new Blob(parts))).tree)).toEqual(whole(tree));
  expect(tree.W.toNested()).toEqual([1, 2]);
});

test("partial reads and writes of the system are continued", async () => {
  const path = join(folder, "tree.safetensors");
  const tree = trees["lists and records"] as Tensor;
  await onSystem({ maxTransfer: 7 }, () => save(path, tree));
  expect([...readFileSync(path)]).toEqual([...toSafetensors(tree)]);
  expect(whole((await onSystem({ maxTransfer: 5 }, () => load(path))).tree)).toEqual(whole(tree));
});

test("the order of tensors in a file may differ from the header, and tensors may be empty", () => {
  const header = Buffer.from(
    '{"b":{"dtype":"BOOL","shape":[2],"data_offsets":[1,3]},"none":{"dtype":"F64","shape":[0],"data_offsets":[1,1]},"a":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}  ',
  );
  const bytes = Uint8Array.of(header.length, 0, 0, 0, 0, 0, 0, 0, ...header, 1, 0, 1);
  const { tree } = fromSafetensors<Record<string, Tensor>>(bytes);
  expect(Object.entries(tree).map(([name, { shape }]) => [name, shape])).toEqual([
    ["b", [2]],
    ["none", [0]],
    ["a", []],
  ]);
  expect([tree.a!.toNested(), tree.b!.toNested()]).toEqual([true, [false, true]]);
});

test("flat gives a record of the tensors by name for any tree", async () => {
  const bytes = toSafetensors({ layers: [{ W: tensor([1]) }], "a.b": tensor(1), a: { b: tensor([2, 3]) } });
  for (const { tree } of [
    fromSafetensors<Record<string, Tensor>>(bytes, { flat: true }),
    await load<Record<string, Tensor>>(bytes, { flat: true }),
  ]) {
    expect(Object.keys(tree).sort()).toEqual(["a.b", "a.b~2", "layers.0.W"]);
    expect(tree["a.b~2"]!.toNested()).toEqual([2, 3]);
  }
});

describe("sources of another realm", () => {
  const bytes = toSafetensors({ W: tensor([1, 2]) });
  const list = JSON.stringify([...bytes]);
  const expected = whole({ W: tensor([1, 2]) });
  test.each([
    `new Uint8Array(${list})`,
    `new Uint8Array(${list}).buffer`,
    `new Uint8Array([1, 2, 3, ...${list}, 4]).subarray(3, -1)`,
  ])("%.24s… is read and written", async (code) => {
    const source: Uint8Array = runInNewContext(code);
    expect(whole(fromSafetensors(source).tree)).toEqual(expected);
    expect(whole((await load(source)).tree)).toEqual(expected);
    const path = join(folder, "realm.safetensors");
    await writeFileAtomic(path, source);
    expect(whole((await load(path)).tree)).toEqual(expected);
  });
});

test("bytes whose memory was transferred throw an ArgumentError; after the call, a transfer does no harm", async () => {
  const bytes = toSafetensors({ W: tensor([1, 2]) });
  const transferred = bytes.slice();
  const loading = load(transferred);
  structuredClone(transferred, { transfer: [transferred.buffer] });
  expect(whole((await loading).tree)).toEqual(whole({ W: tensor([1, 2]) }));
  for (const source of [transferred, transferred.buffer]) {
    expect(() => fromSafetensors(source)).toThrow(ArgumentError);
    await expect(load(source)).rejects.toThrow(ArgumentError);
  }
  await expect(writeFileAtomic(join(folder, "none"), transferred)).rejects.toThrow(ArgumentError);
});

test("values that only claim to be sources, and URLs of other machines, throw an ArgumentError", async () => {
  for (const tag of ["Uint8Array", "ArrayBuffer", "Blob", "File", "URL"]) {
    const impostor = { [Symbol.toStringTag]: tag } as never;
    await expect(load(impostor)).rejects.toThrow(ArgumentError);
    await expect(save(impostor, tensor(1))).rejects.toThrow(ArgumentError);
    await expect(writeFileAtomic(join(folder, "none"), impostor)).rejects.toThrow(ArgumentError);
    expect(() => fromSafetensors(impostor)).toThrow(ArgumentError);
  }
  const otherMachine = process.platform === "win32" ? [] : ["file://host/model"]; // Windows reads shares of other machines
  for (const url of [...otherMachine, "file:///a%2Fb"]) {
    await expect(load(new URL(url))).rejects.toThrow(ArgumentError);
    await expect(save(new URL(url), tensor(1))).rejects.toThrow(ArgumentError);
    await expect(writeFileAtomic(new URL(url), "")).rejects.toThrow(ArgumentError);
  }
});

test("shapes that are saved can be loaded, and others throw", () => {
  for (const shape of [[2 ** 50, 0], [0, 2 ** 50], [2 ** 25, 0, 2 ** 25], new Array<number>(64).fill(1)])
    for (const dtype of ["float64", "bool"] as const)
      expect(fromSafetensors<Tensor>(toSafetensors(zeros(shape, { dtype }))).tree.shape).toEqual(shape);
  for (const shape of [new Array<number>(65).fill(1), [0, 2 ** 53 - 1, 2], [2 ** 30, 2 ** 30, 0]]) {
    const numbers = new Float64Array(shape.includes(0) ? 0 : 1);
    expect(() => toSafetensors(new Tensor(shape, "float64", ndarray(numbers, shape)))).toThrow(ShapeError);
  }
});

test("saving a traced tensor throws", () => {
  const saving = (x: Tensor) => {
    toSafetensors({ x });
    return x;
  };
  expect(() => trace(saving, { shape: [2], dtype: "float64" })).toThrow(/^toSafetensors: x \[2\] has no value/);
});

import { evaluate, grad, type Tensor, tensor, trace, vjp, zeros } from "@wengert/core";
import {
  addAt,
  arange,
  at,
  diag,
  eye,
  linspace,
  mul,
  roll,
  segmentSum,
  setAt,
  split,
  sum,
  take,
  tril,
} from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { int32, numbers, random } from "./support.ts";

const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

describe("setAt", () => {
  it("gives the cotangent only to the last value of a repeated index, and 0 to the entries that were replaced", () => {
    const values = tensor([10, 20, 30]);
    const [gx, gv] = vjp((y: Tensor, v: Tensor) => setAt(y, int32([1, 0, -2]), v, { axis: 1 }), x, values).pullback(
      tensor([
        [1, 2, 4],
        [8, 16, 32],
      ]),
    );
    expect(gx.toNested()).toEqual([
      [0, 0, 4],
      [0, 0, 32],
    ]);
    expect(gv.toNested()).toEqual([0, 9, 18]);
  });
  it("leaves x unchanged, and other entries keep NaN and the sign of 0", () => {
    const y = tensor([Number.NaN, -0, 3]);
    expect(numbers(setAt(y, 2, 7))).toEqual([Number.NaN, -0, 7]);
    expect(numbers(addAt(y, 2, 7))).toEqual([Number.NaN, -0, 10]);
    expect(numbers(y)).toEqual([Number.NaN, -0, 3]);
  });
  it("works with bools, integers and indices that are inputs of a program", () => {
    expect(setAt(tensor([true, false]), 0, 0).toNested()).toEqual([false, false]);
    const program = trace((i: Tensor, v: Tensor) => setAt(v, i, 1), { shape: [2], dtype: "int32" }, { shape: [3] });
    expect(evaluate(program, int32([0, -1]), tensor([5, 6, 7])).toNested()).toEqual([1, 6, 1]);
  });
  it("undoes itself with take", () => {
    const indices = int32([2, 0]);
    const values = random([2, 2]);
    expect(take(setAt(x, indices, values, { axis: 1 }), indices, { axis: 1 }).toNested()).toEqual(values.toNested());
  });
});

test("addAt adds all values of a repeated index, with one rounding in float32", () => {
  const y = tensor(Float32Array.of(1));
  const many = tensor(Float32Array.of(2e-8, 2e-8, 5e-8));
  const wanted = Math.fround(1 + Math.fround(2e-8) + Math.fround(2e-8) + Math.fround(5e-8));
  expect(numbers(addAt(y, int32([0, 0, 0]), many))).toEqual([wanted]);
  expect(wanted).not.toBe(1);
});

test("segmentSum adds in float64, and throws for a negative id instead of counting from the end", () => {
  expect(segmentSum(tensor([1, 2, 4]), int32([1, 0, 1]), { count: 3 }).toNested()).toEqual([2, 5, 0]);
  expect(segmentSum(tensor([true, true]), int32([0, 0]), { count: 1 }).dtype).toBe("int32");
  expect(() => segmentSum(x, int32([0, -1]), { count: 3 })).toThrow(/id -1 of entry 1 is outside 0 … 2/);
});

test("at and split return views, which share the memory of x", () => {
  const memory = x.array!.data;
  expect(at(x, -1).toNested()).toEqual([4, 5, 6]);
  expect(at(x, 1).array!.data).toBe(memory);
  for (const part of split(x, { sections: [1], axis: 1 })) expect(part.array!.data).toBe(memory);
  expect(numbers(grad((y: Tensor) => sum(mul(at(y, 1), at(y, 1))))(x))).toEqual([0, 0, 0, 8, 10, 12]);
});

test("linspace ends exactly at stop, and does not overflow", () => {
  expect(numbers(linspace(0, 0.7, { num: 8 })).at(-1)).toBe(0.7);
  expect(numbers(linspace(-1.5e308, 1.5e308, { num: 3 }))).toEqual([-1.5e308, 0, 1.5e308]);
});

test("creation functions accept a dtype and a label, and make constants in a program", () => {
  const made = arange(0, 3, { dtype: "float32", label: "t" });
  expect([made.dtype, made.label]).toEqual(["float32", "t"]);
  expect([eye(2, { label: "I" }).label, linspace(0, 1, { label: "grid" }).label]).toEqual(["I", "grid"]);
  const program = trace((v: Tensor) => mul(v, arange(0, 3)), { shape: [3] });
  expect(evaluate(program, tensor([1, 2, 3])).toNested()).toEqual([0, 2, 6]);
});

test("tril gives the cotangent 0 to a NaN above the diagonal", () => {
  const y = tensor([
    [1, Number.NaN],
    [2, 3],
  ]);
  expect(numbers(tril(y))).toEqual([1, 0, 2, 3]);
  const infinite = tensor([
    [1, Infinity],
    [Infinity, 1],
  ]);
  expect(numbers(vjp((a: Tensor) => tril(a), y).pullback(infinite)[0])).toEqual([1, 0, Infinity, 1]);
});

test("roll and diag accept arrays without elements", () => {
  expect(roll(zeros([0, 2]), { shift: 1, axis: 0 }).shape).toEqual([0, 2]);
  expect(roll(zeros([0]), { shift: 3 }).shape).toEqual([0]);
  expect(diag(zeros([0, 2])).shape).toEqual([0]);
  expect(diag(zeros([0]), { k: 2 }).toNested()).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

import { fromNdarray, tensor } from "@wengert/core";
import { assign, isRowMajor, isSameShape, ndarray, ravel, sizeOf } from "@wengert/core/extend";
import { describe, expect, it } from "vitest";

const counting = (n: number) => Float64Array.from({ length: n }, (_, i) => i);

describe("ravel", () => {
  it("returns the array's own memory if it is row-major", () => {
    const data = counting(6);
    expect(ravel(ndarray(data, [2, 3]))).toBe(data);
    const part = ravel(ndarray(data, [2, 2], undefined, 1));
    expect([part.buffer, [...part]]).toEqual([data.buffer, [1, 2, 3, 4]]);
  });
  it.each<[string, number[], number[], number, number[]]>([
    ["transposed", [3, 2], [1, 3], 0, [0, 3, 1, 4, 2, 5]],
    ["reversed", [2, 3], [-3, -1], 5, [5, 4, 3, 2, 1, 0]],
    ["stepped", [3], [2], 1, [1, 3, 5]],
    ["repeated", [2, 2], [0, 1], 3, [3, 4, 3, 4]],
    ["empty", [0, 3], [3, 1], 0, []],
    ["scalar", [], [], 4, [4]],
  ])("copies a %s array in order", (_, shape, stride, offset, expected) => {
    expect([...ravel(ndarray(counting(6), shape, stride, offset))]).toEqual(expected);
  });
  it("keeps the type of the array", () => {
    for (const data of [new Float32Array(4), new Int32Array(4), new Uint8Array(4)])
      expect(ravel(ndarray(data, [2, 2], [1, 2]))).toBeInstanceOf(data.constructor);
  });
});

describe("isSameShape", () => {
  it.each<[number[], number[], boolean]>([
    [[], [], true],
    [[2, 3], [2, 3], true],
    [[2, 3], [2, 4], false],
    [[2, 3], [1, 3], false],
    [[2, 3], [2], false],
    [[2], [2, 3], false],
    [[], [1], false],
  ])("compares %j with %j: %j", (a, b, same) => expect(isSameShape(a, b)).toBe(same));
});

describe("isRowMajor", () => {
  it.each<[boolean, number[], number[]]>([
    [true, [2, 3], [3, 1]],
    [true, [2, 1, 3], [3, 99, 1]],
    [true, [1, 1], [7, 7]],
    [true, [], []],
    [false, [3, 2], [1, 3]],
    [false, [2, 3], [6, 2]],
    [false, [2, 3], [0, 1]],
    [false, [3], [-1]],
  ])("is %s for shape %j with strides %j", (answer, shape, stride) =>
    expect(isRowMajor(ndarray(counting(12), shape, stride, 3))).toBe(answer),
  );
});

it("assign copies between arrays of any strides, including scalars and empty arrays", () => {
  const out = new Float64Array(6);
  assign(ndarray(out, [2, 3], [1, 2]), ndarray(counting(6), [2, 3]));
  expect([...out]).toEqual([0, 3, 1, 4, 2, 5]);
  assign(ndarray(out, [], [], 2), ndarray(Float64Array.of(9), []));
  expect(out[2]).toBe(9);
  assign(ndarray(out, [0, 2]), ndarray(out, [0, 2]));
  expect([...out]).toEqual([0, 3, 9, 4, 2, 5]);
});

it("sizeOf multiplies the sizes, and is 1 for a scalar", () => {
  expect([sizeOf([]), sizeOf([2, 3]), sizeOf([2, 0, 3])]).toEqual([1, 6, 0]);
});

it("the data of a tensor is a real ndarray with all view methods", () => {
  const { data } = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect([data.get(1, 2), data.shape, data.dimension, data.size]).toEqual([6, [2, 3], 2, 6]);
  expect(fromNdarray(data.transpose(1, 0).hi(2, 2).step(1, -1)).toNested()).toEqual([
    [4, 1],
    [5, 2],
  ]);
  expect(fromNdarray(data.pick(null, 1).lo(1)).toNested()).toEqual([5]);
});

import { grad, OutOfRangeError, type Tensor, tensor, vjp } from "@wengert/core";
import { argmax, max, mul, sum } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { errorOf, int32, numbers, product, random } from "./support.ts";

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

describe("max", () => {
  it("is the maximum over any axes", () => {
    const x = random([2, 3, 4]);
    const entries = product([0, 1], [0, 1, 2], [0, 1, 2, 3]) as [number, number, number][];
    for (const axes of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      const most = new Map<string, number>();
      for (const index of entries) {
        const place = String(index.filter((_, axis) => !axes.includes(axis)));
        most.set(place, Math.max(most.get(place) ?? -infinity, x.data.get(...index)));
      }
      expect(numbers(max(x, { axis: axes }))).toEqual([...most.values()]);
      expect(max(x, { axis: axes, keepDims: true }).shape).toEqual(
        [2, 3, 4].map((n, axis) => (axes.includes(axis) ? 1 : n)),
      );
      expect(numbers(max(x, { axis: axes.map((axis) => axis - 3), keepDims: true }))).toEqual([...most.values()]);
    }
    expect(max(x).item()).toBe(Math.max(...numbers(x)));
  });
  it("splits the cotangent evenly among ties, within each slice", () => {
    const x = tensor([
      [1, 2, 2],
      [3, 0, 1],
      [5, 5, 5],
    ]);
    const [g] = vjp((a: Tensor) => max(a, { axis: 1 }), x).pullback(tensor([4, 5, 6]));
    expect(g.toNested()).toEqual([
      [0, 2, 2],
      [5, 0, 0],
      [2, 2, 2],
    ]);
    expect(
      grad((a: Tensor) => max(a))(
        tensor([
          [1, 7],
          [7, 7],
        ]),
      ).toNested(),
    ).toEqual([
      [0, 1 / 3],
      [1 / 3, 1 / 3],
    ]);
    expect(grad((a: Tensor) => max(a))(tensor([-infinity, -infinity])).toNested()).toEqual([0.5, 0.5]);
    expect(grad((a: Tensor) => max(a))(tensor([0, -0])).toNested()).toEqual([0.5, 0.5]);
  });
  it.each<[number[], number]>([
    [[1, nan, 3], nan],
    [[nan, 1], nan],
    [[infinity, nan], nan],
    [[-infinity, -infinity], -infinity],
    [[-infinity, infinity], infinity],
  ])("of %j is %d", (x, y) => {
    expect(max(tensor(x)).item()).toBe(y);
    expect(max(tensor([[0, 0, 0].slice(0, x.length), x]), { axis: 1 }).toNested()).toEqual([0, y]);
  });
  it("keeps integers and accepts float32", () => {
    const y = max(
      int32([
        [-5, 2 ** 31 - 1],
        [-(2 ** 31), -7],
      ]),
      { axis: 1 },
    );
    expect([y.dtype, y.toNested()]).toEqual(["int32", [2 ** 31 - 1, -7]]);
    expect(max(tensor([0.1], { dtype: "float32" })).item()).toBe(Math.fround(0.1));
  });
  it("has second derivatives away from ties", () => {
    const f = (x: Tensor) => sum(mul(max(x), max(x)));
    expect(grad((x: Tensor) => sum(grad(f)(x)))(tensor([1, 3, 2])).toNested()).toEqual([0, 2, 0]);
  });
  it.each([[[0]], [[2, 0]]] as const)("over an empty axis throws: shape %j", (shape) => {
    for (const f of [() => max(random(shape), { axis: -1 }), () => max(random(shape)), () => argmax(random(shape))]) {
      const error = errorOf(f);
      expect(error).toBeInstanceOf(OutOfRangeError);
      expect(error.message).toMatch(/^(max|argmax): tensor \[.*\] has size 0 along the axes to reduce/);
    }
  });
  it("over an empty axis is allowed when the output is empty", () => {
    expect(max(random([0, 3]), { axis: 1 }).shape).toEqual([0]);
    expect(argmax(random([0, 3]), { axis: 1 }).shape).toEqual([0]);
  });
});

describe("argmax", () => {
  it.each<[number[], number]>([
    [[1, 3, 2], 1],
    [[3, 1, 3], 0],
    [[1, nan, nan], 1],
    [[nan, 5], 0],
    [[infinity, nan], 1],
    [[-infinity, -infinity], 0],
    [[0, -0], 0],
  ])("of %j is %d: the first maximum, or the first NaN", (x, i) => expect(argmax(tensor(x)).item()).toBe(i));
  it("counts along its axis, or in row-major order without an axis", () => {
    const x = tensor([
      [1, 9, 2],
      [8, 3, 7],
    ]);
    expect([argmax(x, { axis: 0 }).toNested(), argmax(x, { axis: 1 }).toNested(), argmax(x).item()]).toEqual([
      [1, 0, 1],
      [1, 0],
      1,
    ]);
    expect(argmax(x, { axis: -1, keepDims: true }).toNested()).toEqual([[1], [0]]);
    expect([argmax(x).dtype, argmax(int32([3, 5])).item(), argmax(tensor([false, true])).item()]).toEqual([
      "int32",
      1,
      1,
    ]);
  });
  it("has no derivative", () => {
    const { value, pullback } = vjp((x: Tensor) => [argmax(x), x] as const, tensor([1, 2]));
    expect(pullback([value[0], tensor([3, 4])])[0].toNested()).toEqual([3, 4]);
  });
});

import { fromNdarray, grad, Tensor, tensor, vjp } from "@wengert/core";
import {
  accumulate,
  alias,
  insertAxes,
  moveAxis,
  ndarray,
  removeAxes,
  repeatAlong,
  sumAxis,
} from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { describe, expect, it } from "vitest";
import { pack, part, place, unpack } from "../src/autodiff/fanout.ts"; // the package does not export unpack
import { adjointPair, mul, random, sum } from "./support.ts";

it("alias shares memory and has a new identity, for any dtype", () => {
  for (const x of [tensor([1, 2]), tensor(true), tensor([1], { dtype: "int32" })]) {
    const y = alias(x);
    expect([y === x, y.array === x.array, y.dtype]).toEqual([false, true, x.dtype]);
  }
});

describe.each(["float64", "float32"] as const)("in %s", (dtype) => {
  const list = [tensor([[1, 2]], { dtype }), tensor(3, { dtype }), tensor([], { dtype }), tensor([4, 5], { dtype })];
  it("unpack is the inverse of pack", () => {
    const whole = pack(list);
    expect([whole.dtype, whole.toNested()]).toEqual([dtype, [1, 2, 3, 4, 5]]);
    expect(unpack(whole, list)).toEqual(list.map((t) => expect.objectContaining({ dtype, shape: t.shape })));
    expect(unpack(whole, list).map((t) => t.toNested())).toEqual(list.map((t) => t.toNested()));
  });
  it("accumulate adds arrays of any strides", () => {
    const a = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype },
    );
    expect(accumulate(a, a).toNested()).toEqual([
      [2, 4],
      [6, 8],
    ]);
  });
});

it.each(
  [alias, accumulate, pack, part, place, insertAxes, removeAxes, moveAxis, repeatAlong, sumAxis].map(
    (op) => [op.spec.name, op] as const,
  ),
)("%s has the right derivatives at its samples", (_, op) => {
  for (const sample of op.spec.samples() as readonly (readonly unknown[])[]) {
    const inputs = sample.flat().filter((x): x is Tensor => x instanceof Tensor);
    const call = op as unknown as (...args: readonly unknown[]) => Tensor;
    const rest = sample.filter((x) => !(x instanceof Tensor || Array.isArray(x)));
    const f = (...given: Tensor[]) => call(...(Array.isArray(sample[0]) ? [given] : given), ...rest);
    gradcheck(f, inputs, { order: 3 });
  }
});

it("part accepts a vector of any stride", () => {
  const g = vjp((x: Tensor) => part(x, { shape: [2], offset: 1 }), random([4])).pullback(tensor([5, 6]));
  expect(g[0].toNested()).toEqual([0, 5, 6, 0]);
  const reversed = fromNdarray(ndarray(Float64Array.of(1, 2, 3, 4, 5), [5], [-1], 4));
  expect(part(reversed, { shape: [1, 2], offset: 1 }).toNested()).toEqual([[4, 3]]);
  expect(place(tensor([5, 6]), { size: 4, offset: 2 }).toNested()).toEqual([0, 0, 5, 6]);
});

describe.each([
  ["accumulate", (a: Tensor, b: Tensor) => accumulate(a, b)],
  ["pack", (a: Tensor, b: Tensor) => pack([a, mul(b, b)])],
  ["pack of the same tensor twice", (a: Tensor) => pack([a, a])],
  ["part", (a: Tensor) => part(mul(a, a), { shape: [1, 2], offset: 1 })],
  ["place", (a: Tensor, b: Tensor) => place(mul(a, b), { size: 9, offset: 4 })],
] as const)("%s", (_, f) => {
  it("has the right derivatives, to order 3", () => gradcheck(f, [random([3], 1), random([3], 2)], { order: 3 }));
  it("has a VJP that is adjoint to its JVP", () => {
    const [a, b] = adjointPair(f, random([3], 1), random([3], 2));
    expect(a).toBeCloseTo(b, 13);
  });
});

it("a tensor used n times receives the sum of n cotangents", () => {
  const f = (x: Tensor) => {
    let y = x;
    for (let i = 1; i < 100; i++) y = accumulate(y, x);
    return sum(y);
  };
  expect(grad(f)(tensor([1, 2])).toNested()).toEqual([100, 100]);
});

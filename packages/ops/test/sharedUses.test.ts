import { grad, hvp, type Program, type Tensor, tensor, trace } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { add, mul, slice, square, sum, take } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { unsliceAll } from "../src/shapes/slice.ts"; // only the rule of several slices uses it
import { int32, numbers, random } from "./support.ts";

const row: Record<string, (x: Tensor, i: number) => Tensor> = {
  slice: (x, i) => slice(x, { start: [i], stop: [i + 1] }),
  take: (x, i) => take(x, i, { axis: 0 }),
};

describe.each(Object.keys(row))("many uses of one tensor by %s", (name) => {
  const f = (x: Tensor): Tensor => {
    const rows = Array.from({ length: x.shape[0]! }, (_, i) => sum(mul(square(row[name]!(x, i)), i + 1)));
    return rows.reduce((total, each) => add(total, each));
  };
  it("compute a number of elements proportional to the number of uses, also in a Hessian-vector product", () => {
    const elementCount = ({ steps }: Program) => steps.reduce((sum, { output }) => sum + output.size, 0);
    const ofGradient = (n: number) => elementCount(trace(grad(f), random([n, 4])));
    expect(ofGradient(200) / ofGradient(100)).toBeLessThan(2.1);
    const ofProduct = (n: number) => elementCount(trace(hvp(f), random([n, 4]), random([n, 4])));
    expect(ofProduct(200) / ofProduct(100)).toBeLessThan(2.1);
  });
  it("have the gradient of the whole", () => {
    const x = random([50, 4]);
    const weights = tensor(Array.from({ length: 50 }, (_, i) => [i + 1]));
    expect(numbers(grad(f)(x))).toEqual(numbers(grad((y: Tensor) => sum(mul(square(y), weights)))(x)));
  });
});

it("overlapping slices, takes along both axes and other uses have derivatives up to third order", () => {
  const f = (x: Tensor): Tensor => {
    const parts = [
      slice(x, { start: [1], step: [2] }),
      slice(x, { step: [-1, -2] }),
      slice(x, { start: [0, 1], stop: [2, 3] }),
      take(
        x,
        int32([
          [1, -1],
          [1, 0],
        ]),
        { axis: 0 },
      ),
      take(x, 2, { axis: 1 }),
      take(x, int32([0, 0, 2]), { axis: 1 }),
      x,
    ];
    const sums = parts.map((part, k) => sum(mul(square(part), mul(part, k + 1))));
    return sums.reduce((total, each) => mul(0.5, mul(add(total, 1), add(each, 1))));
  };
  gradcheck(f, [random([4, 3])], { order: 3 });
});

it("a scalar can be sliced several times", () => {
  const f = (x: Tensor) => add(slice(x, {}), mul(2, slice(x, {})));
  expect(grad(f)(tensor(3)).item()).toBe(3);
});

it("unsliceAll has derivatives that agree with finite differences", () => {
  for (const [tensors, options] of unsliceAll.spec.samples())
    gradcheck((...xs: Tensor[]) => unsliceAll(xs, options!), tensors as Tensor[], { order: 2 });
});

import { grad, type Tensor, tensor, zeros } from "@wengert/core";
import { binaryCrossEntropy, crossEntropy, mse, stack, sum } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { expectNear, int32, numbers } from "./support.ts";

describe("binaryCrossEntropy", () => {
  const none = { reduction: "none" } as const;
  it("is the cross-entropy of the logits [0, x]", () => {
    const x = tensor([-30, -1, 0, 0.5, 12]);
    const labels = int32([0, 1, 1, 0, 1]);
    const rows = stack([zeros([5]), x], { axis: 1 });
    const binary = binaryCrossEntropy(x, tensor([0, 1, 1, 0, 1]), none);
    expectNear(binary, numbers(crossEntropy(rows, labels, none)), 1e-15);
  });
  it("is accurate, with its derivative, for confident logits", () => {
    const [x, t] = [tensor([40, -40, 800, -800]), tensor([1, 0, 1, 0])];
    expect(numbers(binaryCrossEntropy(x, t, none))).toEqual([Math.exp(-40), Math.exp(-40), 0, 0]);
    const slope = grad((y: Tensor) => sum(binaryCrossEntropy(y, t, none)))(x);
    expect(numbers(slope).map(Math.abs)).toEqual([Math.exp(-40), Math.exp(-40), 0, 0]);
  });
  it("adds 0 for a class with target 0, even for an infinite logit", () => {
    expect(numbers(binaryCrossEntropy(tensor([Infinity, -Infinity]), tensor([1, 0]), none))).toEqual([0, 0]);
    expect(numbers(binaryCrossEntropy(tensor([Infinity, -Infinity]), tensor([0, 1]), none))).toEqual([
      Infinity,
      Infinity,
    ]);
  });
  it("has the derivative −x with respect to the target", () => {
    const x = tensor([2, -3]);
    const slope = grad((t: Tensor) => sum(binaryCrossEntropy(x, t, none)))(tensor([0.25, 0.5]));
    expect(numbers(slope)).toEqual([-2, 3]);
  });
});

test("mse is the mean square difference, without a factor ½", () => {
  const [a, b] = [tensor([1, 2, 5]), tensor([1, 4, 1])];
  expect(mse(a, b).item()).toBe(20 / 3);
  expect(mse(a, b, { reduction: "sum" }).item()).toBe(20);
  expect(numbers(mse(a, b, { reduction: "none" }))).toEqual([0, 4, 16]);
  expect(() => mse(a, b, { reduction: "median" as "mean" })).toThrow(/mse: reduction must be "mean", "sum" or "none"/);
});

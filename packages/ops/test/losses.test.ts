import { evaluate, grad, OutOfRangeError, ShapeError, type Tensor, tensor, trace, zeros } from "@wengert/core";
import { binaryCrossEntropy, crossEntropy, mse, stack, sum } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { errorOf, expectNear, int32, numbers, product } from "./support.ts";

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
  it("takes the same int32 labels as crossEntropy", () => {
    for (const dtype of ["float64", "float32"] as const) {
      const [x, labels] = [tensor([-30, -1, 0.5], { dtype }), int32([0, 1, 1])];
      const target = tensor([0, 1, 1], { dtype });
      expect(numbers(binaryCrossEntropy(x, labels, none))).toEqual(numbers(binaryCrossEntropy(x, target, none)));
      const slope = (t: Tensor) => numbers(grad((y: Tensor) => binaryCrossEntropy(y, t))(x));
      expect(slope(labels)).toEqual(slope(target));
    }
  });
  it("throws for an int32 label other than 0 and 1, in a traced gradient too", () => {
    const x = tensor([1, 2]);
    for (const label of [-1, 2]) {
      const labels = int32([0, label]);
      expect(errorOf(() => binaryCrossEntropy(x, labels))).toBeInstanceOf(OutOfRangeError);
      const slope = trace((y: Tensor, t: Tensor) => grad((z: Tensor) => binaryCrossEntropy(z, t))(y), x, labels);
      const { message } = errorOf(() => evaluate(slope, x, labels));
      expect(message).toBe(
        `binaryCrossEntropy: label ${label} of row 1 is not a class: classes are 0 and 1; crossEntropy takes more`,
      );
    }
  });
});

describe.each([
  ["mse", mse],
  ["binaryCrossEntropy", binaryCrossEntropy],
] as const)("%s", (name, loss) => {
  const shapes = [[], [1], [4], [4, 1], [1, 4], [1, 1], [4, 4], [4, 4, 1]];
  const isScalar = (shape: readonly number[]) => shape.length === 0;
  it("throws a ShapeError unless the shapes are equal or one is a scalar", () => {
    for (const [p, t] of product(shapes, shapes)) {
      const run = () => loss(zeros(p!), zeros(t!), { reduction: "none" });
      if (isScalar(p!) || isScalar(t!)) expect(run().shape).toEqual(isScalar(p!) ? t : p);
      else if (String(p) === String(t)) expect(run().shape).toEqual(p);
      else expect(errorOf(run), `${p} and ${t}`).toBeInstanceOf(ShapeError);
    }
    expect(loss(zeros([4, 1]), 0.5).shape).toEqual([]);
  });
  it("names the squeeze to write", () => {
    const first = name === "mse" ? "prediction" : "logits";
    const hint = (p: number[], t: number[]) =>
      errorOf(() => loss(zeros(p), zeros(t)))
        .message.split("; ")
        .at(-1);
    expect(hint([4, 1], [4])).toBe(`write squeeze(${first}, { axis: 1 })`);
    expect(hint([4], [4, 1])).toBe("write squeeze(target, { axis: 1 })");
    expect(hint([1, 4, 1], [4])).toBe(`write squeeze(${first}, { axis: [0, 2] })`);
    expect(hint([4], [1])).toBe("write squeeze(target, { axis: 0 })");
    expect(hint([4, 3], [3])).toBe("write broadcastTo(target, { shape: [4, 3] })");
    expect(hint([4, 3], [3, 4])).toBe(`got ${first} [4, 3] and target [3, 4]`);
  });
});

test("mse is the mean square difference, without a factor ½", () => {
  const [a, b] = [tensor([1, 2, 5]), tensor([1, 4, 1])];
  expect(mse(a, b).item()).toBe(20 / 3);
  expect(mse(a, b, { reduction: "sum" }).item()).toBe(20);
  expect(numbers(mse(a, b, { reduction: "none" }))).toEqual([0, 4, 16]);
  expect(() => mse(a, b, { reduction: "median" as "mean" })).toThrow(/mse: reduction must be "mean", "sum" or "none"/);
});

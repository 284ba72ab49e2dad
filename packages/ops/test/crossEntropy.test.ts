import {
  ArgumentError,
  DTypeError,
  evaluate,
  grad,
  hvp,
  OutOfRangeError,
  ShapeError,
  type Tensor,
  tensor,
  trace,
  valueAndGrad,
  vjp,
  type WengertError,
  zeros,
} from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { crossEntropy, logSoftmax, mean, mul, softmax, sum, transpose } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import * as exact from "./precise.ts";
import { errorOf, expectNear, int32, numbers, random } from "./support.ts";

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;
const ulp = 2 ** -53;
const logits = mul(random([4, 3]), 3);
const labels = int32([2, 0, 1, 0]);

describe("crossEntropy", () => {
  it("is −logSoftmax at the label of each row", () => {
    const logs = logSoftmax(logits).toNested<number[][]>();
    const wanted = logs.map((row, i) => -row[numbers(labels)[i]!]!);
    expectNear(crossEntropy(logits, labels, { reduction: "none" }), wanted, 4 * ulp);
    expectNear(crossEntropy(logits, labels, { reduction: "sum" }), [wanted.reduce((a, b) => a + b)], 8 * ulp);
    expectNear(crossEntropy(logits, labels), [wanted.reduce((a, b) => a + b) / 4], 8 * ulp);
    expect(crossEntropy(logits, labels, { reduction: "mean" }).item()).toBe(crossEntropy(logits, labels).item());
  });
  it("takes any axis for the classes, and any number of others", () => {
    const plain = crossEntropy(logits, labels, { reduction: "none" }).toNested();
    expect(crossEntropy(transpose(logits), labels, { axis: 0, reduction: "none" }).toNested()).toEqual(plain);
    expect(crossEntropy(transpose(logits), labels, { axis: -2, reduction: "none" }).toNested()).toEqual(plain);
    const images = random([2, 3, 2]);
    const grid = int32([
      [0, 2],
      [1, 1],
    ]);
    const losses = crossEntropy(images, grid, { axis: 1, reduction: "none" });
    expect(losses.shape).toEqual([2, 2]);
    const column = tensor(images.data.pick(1, null, 0));
    expect(losses.data.get(1, 0)).toBe(crossEntropy(column, int32(1)).item());
    expect(crossEntropy(column, int32(1)).shape).toEqual([]);
  });
  it("has the gradient softmax − one-hot, divided by the number of rows", () => {
    const s = softmax(logits).toNested<number[][]>();
    const wanted = s.map((row, i) => row.map((p, k) => (p - Number(k === numbers(labels)[i])) / 4));
    const g = numbers(grad((x: Tensor) => crossEntropy(x, labels))(logits));
    for (const [i, x] of g.entries()) expect(x).toBeCloseTo(wanted.flat()[i]!, 15);
  });
  it("has the right derivatives, to order 3, for every reduction and axis", () => {
    for (const reduction of ["mean", "sum", "none"] as const) {
      gradcheck((x: Tensor) => crossEntropy(x, labels, { reduction }), [random([4, 3])], { order: 3, directions: 1 });
      gradcheck((x: Tensor) => crossEntropy(x, int32([0, 2]), { reduction, axis: 0 }), [random([3, 2])], { order: 2 });
    }
  });
  it("is exact for confident rows, where 1 − p and log p would round to 0", () => {
    for (const gap of [1, 8, 17, 28, 40]) {
      const row = [0.25, 0.25 - gap, -0.5 - gap];
      const norm = exact.logSumExp(row);
      const s = exact.softmax(row);
      for (const label of [0, 1, 2]) {
        const { value, grad: g } = valueAndGrad((x: Tensor) => crossEntropy(x, int32(label)))(tensor(row));
        const bound = (16 + gap) * ulp;
        expectNear(value, [exact.toNumber(norm - exact.precise(row[label]!))], bound);
        expectNear(
          g,
          s.map((p, k) => exact.toNumber(k === label ? p - exact.one : p)),
          bound,
        );
      }
    }
  });
  it("of [1e8, 1e8] is log 2", () => {
    expect(crossEntropy(tensor([1e8, 1e8]), int32(0)).item()).toBe(Math.LN2);
    expect(crossEntropy(tensor([1e8, 1e8], { dtype: "float32" }), int32(1)).item()).toBe(Math.fround(Math.LN2));
    expect(crossEntropy(tensor([1e308, -1e308]), int32(0)).item()).toBe(0);
  });
  it.each<[string, readonly number[]]>([
    ["a NaN", [1, nan, 0]],
    ["+Infinity", [infinity, 0, 1]],
    ["nothing but −Infinity", [-infinity, -infinity, -infinity]],
  ])("of a row with %s is NaN, in that row only", (_, row) => {
    const good = [0.5, 1, 2];
    const x = tensor([good, row, good]);
    const three = int32([2, 1, 2]);
    const alone = crossEntropy(tensor(good), int32(2)).item();
    expect(crossEntropy(x, three, { reduction: "none" }).toNested()).toEqual([alone, nan, alone]);
    const g = grad((a: Tensor) => crossEntropy(a, three, { reduction: "sum" }))(x).toNested<number[][]>();
    const wanted = grad((a: Tensor) => crossEntropy(a, int32(2)))(tensor(good)).toNested();
    expect([g[0], g[2]]).toEqual([wanted, wanted]);
  });
  it("leaves out classes at −Infinity: their gradient is 0", () => {
    const g = grad((a: Tensor) => crossEntropy(a, int32(0)))(tensor([0, -infinity, 1]));
    const [p, q] = numbers(grad((a: Tensor) => crossEntropy(a, int32(0)))(tensor([0, 1])));
    expect(g.toNested()).toEqual([p, 0, q]);
  });
  it("of a label at −Infinity is Infinity, a constant: its derivatives are 0", () => {
    const x = tensor([
      [0, -infinity, 1],
      [0, 1, 2],
    ]);
    const f = (a: Tensor) => crossEntropy(a, int32([1, 0]), { reduction: "sum" });
    expect(f(x).item()).toBe(infinity);
    expect(grad(f)(x).toNested<number[][]>()[0]).toEqual([0, 0, 0]);
    const h = hvp(f)(
      x,
      tensor([
        [1, 2, 4],
        [1, 0, 0],
      ]),
    ).toNested<number[][]>();
    expect([h[0]!.map(Math.abs), h[1]!.every(Number.isFinite)]).toEqual([[0, 0, 0], true]);
  });
  it("of no rows is 0 as a sum, NaN as a mean, and has a gradient without elements", () => {
    const none = zeros([0, 3]);
    const noLabels = zeros([0], { dtype: "int32" });
    expect(crossEntropy(none, noLabels, { reduction: "sum" }).item()).toBe(0);
    expect(crossEntropy(none, noLabels).item()).toBeNaN();
    expect(vjp((a: Tensor) => crossEntropy(a, noLabels), none).pullback(1)[0].shape).toEqual([0, 3]);
  });

  const L = (t: Tensor, label: string) => tensor(t, { label });
  const refused: [string, () => unknown, typeof WengertError, RegExp][] = [
    [
      "a label that is K",
      () => crossEntropy(logits, int32([0, 1, 3, 0])),
      OutOfRangeError,
      /^crossEntropy: label 3 of row 2 is no class.*0 … 2 \(K = 3/,
    ],
    ["a negative label", () => crossEntropy(logits, int32([-1, 1, 2, 0])), OutOfRangeError, /label -1 of row 0/],
    [
      "a label of a row further in",
      () =>
        crossEntropy(
          random([2, 3, 2]),
          int32([
            [0, 1],
            [7, 0],
          ]),
          { axis: 1 },
        ),
      OutOfRangeError,
      /label 7 of row 2/,
    ],
    [
      "a label that is K, in a traced gradient, which leaves out the losses",
      () => {
        const gradient = trace((x: Tensor, t: Tensor) => grad((z: Tensor) => crossEntropy(z, t))(x), logits, labels);
        expect(gradient.steps.map(({ op }) => op.name)).not.toContain("crossEntropy");
        return evaluate(gradient, logits, int32([0, 1, 3, 0]));
      },
      OutOfRangeError,
      /^crossEntropy: label 3 of row 2 is no class/,
    ],
    [
      "float labels",
      () => crossEntropy(logits, L(tensor([0, 1, 2, 0]), "t")),
      DTypeError,
      /t \[4\] is float64; write cast\(t, \{ dtype: "int32" \}\)/,
    ],
    [
      "integer logits",
      () => crossEntropy(L(zeros([4, 3], { dtype: "int32" }), "z"), labels),
      DTypeError,
      /z \[4, 3\] is int32; write cast\(z, \{ dtype: "float64" \}\)/,
    ],
    [
      "one-hot labels",
      () => crossEntropy(L(logits, "z"), L(zeros([4, 3], { dtype: "int32" }), "t")),
      ShapeError,
      /labels must have the shape \[4\].*z \[4, 3\] without axis 1; got t \[4, 3\]; are they one-hot\? write argmax/,
    ],
    [
      "too few labels",
      () => crossEntropy(logits, int32([1, 2])),
      ShapeError,
      /labels must have the shape \[4\].*got labels \[2\]/,
    ],
    [
      "an axis that is not there",
      () => crossEntropy(logits, labels, { axis: 2 }),
      OutOfRangeError,
      /logits? ?\[?.*has no axis 2|no axis 2/,
    ],
    [
      "another reduction",
      () => crossEntropy(logits, labels, { reduction: "average" as "mean" }),
      ArgumentError,
      /reduction must be "mean", "sum" or "none", got the string "average"/,
    ],
    ["logits without an axis", () => crossEntropy(tensor(1), int32(0)), OutOfRangeError, /a scalar has no axes/],
  ];
  test.each(refused)("refuses %s", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toMatch(message);
  });
  it("is the mean of its rows in every derivative", () => {
    const a = hvp((x: Tensor) => crossEntropy(x, labels))(logits, random([4, 3], 2));
    const b = hvp((x: Tensor) => mean(crossEntropy(x, labels, { reduction: "none" })))(logits, random([4, 3], 2));
    expect(a.toNested()).toEqual(b.toNested());
    expect(sum(a).item()).toBeCloseTo(0, 15);
  });
});

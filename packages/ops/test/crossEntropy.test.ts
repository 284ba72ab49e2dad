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
import { crossEntropy, logSoftmax, mean, mul, neg, oneHot, softmax, sum, transpose } from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import * as exact from "./precise.ts";
import { errorOf, expectNear, int32, numbers, product, random } from "./support.ts";

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
  it("accepts one weight per class", () => {
    for (const shape of [[3, 1], [3, 2], [2], []])
      expect(errorOf(() => crossEntropy(logits, labels, { weight: zeros(shape) }))).toBeInstanceOf(ShapeError);
  });
  it("is constant in a row with a label at −Infinity, for any memory layout", () => {
    const columns = tensor([
      [1, 2],
      [-infinity, 3],
      [0.5, 4],
    ]);
    const g = grad((x: Tensor) => crossEntropy(x, int32([1, 0]), { axis: 0, reduction: "sum" }))(columns);
    expect(g.toNested<number[][]>().map(([first]) => first)).toEqual([0, 0, 0]);
  });
  it("accepts any class axis and any number of other axes", () => {
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
    expect(crossEntropy(column, 1).item()).toBe(crossEntropy(column, int32(1)).item());
  });
  it("has the gradient softmax − one-hot, divided by the number of rows", () => {
    const s = softmax(logits).toNested<number[][]>();
    const wanted = s.map((row, i) => row.map((p, k) => (p - Number(k === numbers(labels)[i])) / 4));
    const g = numbers(grad((x: Tensor) => crossEntropy(x, labels))(logits));
    for (const [i, x] of g.entries()) expect(x).toBeCloseTo(wanted.flat()[i]!, 15);
  });
  it("has correct derivatives to order 3 for every reduction and axis", () => {
    for (const reduction of ["mean", "sum", "none"] as const) {
      gradcheck((x: Tensor) => crossEntropy(x, labels, { reduction }), [random([4, 3])], { order: 3, directions: 1 });
      gradcheck((x: Tensor) => crossEntropy(x, int32([0, 2]), { reduction, axis: 0 }), [random([3, 2])], { order: 2 });
    }
  });
  it("is exact for confident rows, for which 1 − p and log p would round to 0", () => {
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
  it("excludes classes at −Infinity, with gradient 0", () => {
    const g = grad((a: Tensor) => crossEntropy(a, int32(0)))(tensor([0, -infinity, 1]));
    const [p, q] = numbers(grad((a: Tensor) => crossEntropy(a, int32(0)))(tensor([0, 1])));
    expect(g.toNested()).toEqual([p, 0, q]);
  });
  it("of a label at −Infinity is the constant Infinity with derivatives 0", () => {
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

  it("is the mean of its rows in every derivative", () => {
    const a = hvp((x: Tensor) => crossEntropy(x, labels))(logits, random([4, 3], 2));
    const b = hvp((x: Tensor) => mean(crossEntropy(x, labels, { reduction: "none" })))(logits, random([4, 3], 2));
    expect(a.toNested()).toEqual(b.toNested());
    expect(sum(a).item()).toBeCloseTo(0, 15);
  });
});

// The softmax of [ln 2, 0, 0] is [1/2, 1/4, 1/4]. So the losses −log s of the three classes are a, 2a and 2a, with a =
// ln 2.
const a = Math.LN2;
const halves = tensor([
  [a, 0, 0],
  [1 + a, 1, 1],
]);

describe("weight, ignoreIndex and labelSmoothing", () => {
  const weight = tensor([1, 2, 5]);
  const near = (loss: Tensor, ...wanted: number[]) => expectNear(loss, wanted, 8 * ulp);
  const none = { reduction: "none" } as const;
  const both = int32([0, 2]);
  const chances = tensor([
    [1, 0, 0],
    [0.5, 0, 0.5],
  ]);
  it("weight each row by its class, and divide the mean by the total weight", () => {
    near(crossEntropy(halves, both, { ...none, weight }), a, 5 * 2 * a);
    near(crossEntropy(halves, both, { reduction: "sum", weight }), 11 * a);
    near(crossEntropy(halves, both, { weight }), (11 * a) / 6);
    expect(crossEntropy(halves, both, { weight: tensor([1, 1, 1]) }).item()).toBe(crossEntropy(halves, both).item());
  });
  it("weight the classes of probabilities, with a mean over the rows", () => {
    near(crossEntropy(halves, chances, { ...none, weight }), a, (a + 5 * 2 * a) / 2);
    near(crossEntropy(halves, chances, { weight }), (a + 5.5 * a) / 2);
  });
  it("ignoreIndex excludes rows with any given label, and by default none", () => {
    near(crossEntropy(halves, both, { ...none, ignoreIndex: 2 }), a, 0);
    near(crossEntropy(halves, both, { ignoreIndex: 2 }), a);
    near(crossEntropy(halves, int32([-100, 2]), { ignoreIndex: -100 }), 2 * a);
    near(crossEntropy(halves, int32([-1, 2]), { ignoreIndex: -1, weight }), 2 * a);
    near(crossEntropy(halves, both, { ignoreIndex: 7 }), 1.5 * a);
    expect(errorOf(() => crossEntropy(halves, int32([-100, 2])))).toBeInstanceOf(OutOfRangeError);
  });
  it("smooth one-hot rows and probabilities alike: t (1 − e) + e / K", () => {
    const labelSmoothing = 0.3; // [1, 0, 0] becomes [0.8, 0.1, 0.1], [0.5, 0, 0.5] becomes [0.45, 0.1, 0.45]
    near(crossEntropy(halves, both, { ...none, labelSmoothing }), 1.2 * a, 1.9 * a);
    near(crossEntropy(halves, chances, { ...none, labelSmoothing }), 1.2 * a, 1.55 * a);
    near(crossEntropy(halves, both, { labelSmoothing, weight }), (0.8 + 0.4 + 1 + 0.1 + 0.4 + 8) * (a / 6));
    near(crossEntropy(halves, both, { labelSmoothing, ignoreIndex: 0 }), 1.9 * a);
    expect(crossEntropy(halves, both, { labelSmoothing: 1 }).item()).toBe(
      crossEntropy(halves, int32([1, 1]), { labelSmoothing: 1 }).item(), // the labels no longer matter
    );
  });
  it("agree for labels and one-hot probabilities in every derivative", () => {
    const [v, oneHots] = [random([4, 3], 2), oneHot(labels, { numClasses: 3 })];
    for (const [smoothing, weights, reduction] of product<object>(
      [{}, { labelSmoothing: 0.1 }, { labelSmoothing: 1 }],
      [{}, { weight }],
      [none, { reduction: "sum" }],
    )) {
      const options = { ...smoothing, ...weights, ...reduction };
      const of = (t: Tensor) => (x: Tensor) => crossEntropy(x, t, options);
      expectNear(of(oneHots)(logits), numbers(of(labels)(logits)), 8 * ulp);
      const summed = (t: Tensor) => (x: Tensor) => sum(of(t)(x));
      const [g, h] = [grad(summed(labels))(logits), hvp(summed(labels))(logits, v)];
      for (const [i, x] of numbers(grad(summed(oneHots))(logits)).entries()) expect(x).toBeCloseTo(numbers(g)[i]!, 14);
      for (const [i, x] of numbers(hvp(summed(oneHots))(logits, v)).entries())
        expect(x).toBeCloseTo(numbers(h)[i]!, 14);
    }
  });
  it("have correct derivatives in all inputs, to order 3, for every combination and axis", { tags: "soak" }, () => {
    const grid = int32([
      [1, -1],
      [2, 0],
    ]);
    const [flat, image] = [random([2, 3]), random([2, 3, 2])];
    for (const [where, smoothing, weighs, reduction] of product<unknown>(
      [
        { x: flat, t: int32([2, -1]), axis: -1, ignoreIndex: -1 },
        { x: flat, t: int32([2, 1]), axis: -1 },
        { x: image, t: grid, axis: 1, ignoreIndex: -1 },
        { x: flat, t: random([2, 3], 4), axis: -1 },
        { x: image, t: random([2, 3, 2], 4), axis: 1 },
      ],
      [0, 0.25],
      [false, true],
      ["mean", "sum", "none"],
    ) as [{ x: Tensor; t: Tensor; axis: number; ignoreIndex?: number }, number, boolean, "mean" | "sum" | "none"][]) {
      const { x, t, axis, ignoreIndex } = where;
      const isLabels = t.dtype === "int32";
      const f = (z: Tensor, ...others: Tensor[]) =>
        crossEntropy(z, isLabels ? t : others[0]!, {
          axis,
          ignoreIndex,
          labelSmoothing: smoothing,
          reduction,
          weight: weighs ? others.at(-1) : undefined,
        });
      const inputs = [x, ...(isLabels ? [] : [t]), ...(weighs ? [weight] : [])];
      gradcheck(f as (...xs: Tensor[]) => Tensor, inputs, { order: 3, directions: 1 });
    }
  });
});

describe("probabilities", () => {
  it("may be any numbers t: the loss is −Σ t log s, with gradients s Σt − t and −log s", () => {
    const t = mul(random([4, 3], 5), 3);
    const plain = (x: Tensor, p: Tensor) => neg(sum(mul(p, logSoftmax(x))));
    const loss = (x: Tensor, p: Tensor) => crossEntropy(x, p, { reduction: "sum" });
    expect(loss(logits, t).item()).toBeCloseTo(plain(logits, t).item(), 13);
    for (const argnums of [0, 1]) {
      const [got, wanted] = [grad(loss, { argnums })(logits, t), grad(plain, { argnums })(logits, t)];
      for (const [i, x] of numbers(got).entries()) expect(x).toBeCloseTo(numbers(wanted)[i]!, 13);
    }
  });
  it("give the gradient 0 at t = s", () => {
    const g = grad((x: Tensor) => crossEntropy(x, softmax(logits), { reduction: "sum" }))(logits);
    for (const x of numbers(g)) expect(Math.abs(x)).toBeLessThan(4 * ulp);
  });
  it("without classes have the loss 0, and without rows the mean NaN", () => {
    expect(crossEntropy(zeros([2, 0]), zeros([2, 0]), { reduction: "none" }).toNested()).toEqual([0, 0]);
    expect(crossEntropy(zeros([0, 3]), zeros([0, 3])).item()).toBeNaN();
  });
});

describe("throws for", () => {
  const L = (t: Tensor, label: string) => tensor(t, { label });
  const [z, t] = [L(logits, "z"), L(labels, "t")];
  const chances = L(softmax(logits), "p");
  const image = L(random([2, 3, 2]), "image");
  const unlike = { weight: L(tensor([1, 2]), "w") };
  const bad = <T>(value: unknown) => value as T;
  const refused: [string, () => unknown, typeof WengertError, string][] = [
    [
      "a label that is K",
      () => crossEntropy(z, L(int32([0, 1, 3, 0]), "t")),
      OutOfRangeError,
      "crossEntropy: label 3 of row 2 of t [4] is not a class: classes are 0 … 2 (K = 3, from z [4, 3]); are they counted from 1? write sub(t, 1)",
    ],
    [
      "a negative label",
      () => crossEntropy(logits, int32([-100, 1, 2, 0])),
      OutOfRangeError,
      "crossEntropy: label -100 of row 0 of labels [4] is not a class: classes are 0 … 2 (K = 3, from logits [4, 3]); to ignore such rows, write { ignoreIndex: -100 }",
    ],
    [
      "a label of a row further in",
      () =>
        crossEntropy(
          image,
          L(
            int32([
              [0, 1],
              [7, 0],
            ]),
            "grid",
          ),
          { axis: 1 },
        ),
      OutOfRangeError,
      "crossEntropy: label 7 of row 2 of grid [2, 2] is not a class: classes are 0 … 2 (K = 3, from image [2, 3, 2]); to ignore such rows, write { ignoreIndex: 7 }",
    ],
    ...product<object>(
      [{}, { labelSmoothing: 0.1 }],
      [{}, { weight: tensor([1, 1, 1]) }],
      [{}, { ignoreIndex: 0 }],
    ).map((list): [string, () => unknown, typeof WengertError, string] => [
      `a label outside the classes, with the options ${list.flatMap(Object.keys)}`,
      () => crossEntropy(z, L(int32([0, -2, 1, 0]), "t"), Object.assign({}, ...list)),
      OutOfRangeError,
      "crossEntropy: label -2 of row 1 of t [4] is not a class: classes are 0 … 2 (K = 3, from z [4, 3]); to ignore such rows, write { ignoreIndex: -2 }",
    ]),
    [
      "a label that is K, in a traced gradient, which leaves out the losses",
      () => {
        const gradient = trace((x: Tensor, y: Tensor) => grad((w: Tensor) => crossEntropy(w, y))(x), logits, labels);
        expect(gradient.steps.map(({ op }) => op.name)).not.toContain("crossEntropy");
        return evaluate(gradient, logits, int32([0, 1, 3, 0]));
      },
      OutOfRangeError,
      "crossEntropy: label 3 of row 2 of labels [4] is not a class: classes are 0 … 2 (K = 3, from x [4, 3]); are they counted from 1? write sub(labels, 1)",
    ],
    [
      "float labels",
      () => crossEntropy(z, L(tensor([0, 1, 2, 0]), "t")),
      DTypeError,
      'crossEntropy: class indices must be int32, got t [4] with dtype float64; write cast(t, { dtype: "int32" })',
    ],
    [
      "integer logits",
      () => crossEntropy(L(zeros([4, 3], { dtype: "int32" }), "z"), t),
      DTypeError,
      'crossEntropy: a float is needed, z [4, 3] is int32; write cast(z, { dtype: "float64" })',
    ],
    [
      "one-hot rows of int32",
      () => crossEntropy(z, L(zeros([4, 3], { dtype: "int32" }), "t")),
      DTypeError,
      'crossEntropy: t [4, 3] is int32 and has the shape of z [4, 3]; are they one-hot? write cast(t, { dtype: "float64" }) for probabilities, or argmax(t, { axis: 1 }) for labels',
    ],
    [
      "one-hot rows of bool",
      () => crossEntropy(L(tensor(z, { dtype: "float32" }), "z"), L(zeros([4, 3], { dtype: "bool" }), "t")),
      DTypeError,
      'crossEntropy: t [4, 3] is bool and has the shape of z [4, 3]; are they one-hot? write cast(t, { dtype: "float32" }) for probabilities, or argmax(t, { axis: 1 }) for labels',
    ],
    [
      "probabilities of another dtype",
      () => crossEntropy(z, L(tensor(chances, { dtype: "float32" }), "p")),
      DTypeError,
      'crossEntropy: one dtype is needed, z [4, 3] is float64, p [4, 3] is float32; write cast(p, { dtype: "float64" })',
    ],
    [
      "too few labels",
      () => crossEntropy(z, L(int32([1, 2]), "t")),
      ShapeError,
      "crossEntropy: for z [4, 3] along axis 1 the target must be class indices, int32 [4], or probabilities, float64 [4, 3]; got int32 t [2]",
    ],
    [
      "probabilities of other classes",
      () => crossEntropy(z, L(zeros([4, 5]), "p")),
      ShapeError,
      "crossEntropy: for z [4, 3] along axis 1 the target must be class indices, int32 [4], or probabilities, float64 [4, 3]; got float64 p [4, 5]",
    ],
    [
      "labels for classes along another axis",
      () =>
        crossEntropy(
          image,
          L(
            int32([
              [0, 1],
              [2, 0],
            ]),
            "grid",
          ),
        ),
      ShapeError,
      "crossEntropy: for image [2, 3, 2] along axis 2 the target must be class indices, int32 [2, 3], or probabilities, float64 [2, 3, 2]; got int32 grid [2, 2]; are the classes along axis 1? write { axis: 1 }",
    ],
    [
      "the labels before the logits",
      () => crossEntropy(L(tensor(labels, { dtype: "float64" }), "t"), z),
      ShapeError,
      "crossEntropy: for t [4] along axis 0 the target must be class indices, int32 [], or probabilities, float64 [4]; got float64 z [4, 3]; are the arguments swapped? the logits come first",
    ],
    [
      "a list",
      () => crossEntropy(z, bad([2, 0, 1, 0])),
      ArgumentError,
      "crossEntropy: logits and target must be tensors, got an array of 4; write tensor(...)",
    ],
    [
      "an axis that is not there",
      () => crossEntropy(z, t, { axis: 2 }),
      OutOfRangeError,
      "crossEntropy: z [4, 3] has no axis 2; it must be from -2 to 1",
    ],
    [
      "logits without an axis",
      () => crossEntropy(L(tensor(1), "z"), int32(0)),
      OutOfRangeError,
      "crossEntropy: z [] has no axis -1; a scalar has no axes",
    ],
    [
      "another reduction",
      () => crossEntropy(z, t, { reduction: bad("average") }),
      ArgumentError,
      'crossEntropy: reduction must be "mean", "sum" or "none", got the string "average"',
    ],
    [
      "an option of other libraries",
      () => crossEntropy(z, t, bad({ dim: 1 })),
      ArgumentError,
      "crossEntropy: there is no option dim; did you mean axis? Options are axis, reduction, ignoreIndex, labelSmoothing, weight",
    ],
    [
      "more smoothing than all",
      () => crossEntropy(z, t, { labelSmoothing: 1.5 }),
      OutOfRangeError,
      "crossEntropy: labelSmoothing must be a number from 0 to 1, got 1.5",
    ],
    [
      "less smoothing than none",
      () => crossEntropy(z, t, { labelSmoothing: -0.1 }),
      OutOfRangeError,
      "crossEntropy: labelSmoothing must be a number from 0 to 1, got -0.1",
    ],
    [
      "a NaN for smoothing",
      () => crossEntropy(z, t, { labelSmoothing: nan }),
      OutOfRangeError,
      "crossEntropy: labelSmoothing must be a number from 0 to 1, got NaN",
    ],
    [
      "smoothing in words",
      () => crossEntropy(z, t, { labelSmoothing: bad("0.1") }),
      OutOfRangeError,
      'crossEntropy: labelSmoothing must be a number from 0 to 1, got the string "0.1"',
    ],
    [
      "half a label to ignore",
      () => crossEntropy(z, t, { ignoreIndex: 0.5 }),
      ArgumentError,
      "crossEntropy: ignoreIndex must be a whole number, a label, got 0.5",
    ],
    [
      "a label to ignore among probabilities",
      () => crossEntropy(z, chances, { ignoreIndex: 0 }),
      ArgumentError,
      "crossEntropy: ignoreIndex requires class indices, got probabilities p [4, 3]; a row of zeros adds nothing to the sum",
    ],
    [
      "weights that are not a tensor",
      () => crossEntropy(z, t, { weight: bad([1, 2, 3]) }),
      ArgumentError,
      "crossEntropy: weight must be a tensor [3], one number for each class of z [4, 3]; got an array of 3; write tensor(...)",
    ],
    [
      "weights of other classes",
      () => crossEntropy(z, t, unlike),
      ShapeError,
      'crossEntropy: weight must be a tensor [3], one number for each class of z [4, 3]; got w [2]; to weigh rows, multiply the losses of { reduction: "none" }',
    ],
    [
      "weights of another dtype",
      () => crossEntropy(z, t, { weight: L(zeros([3], { dtype: "float32" }), "w") }),
      DTypeError,
      'crossEntropy: one dtype is needed, z [4, 3] is float64, w [3] is float32; write cast(w, { dtype: "float64" })',
    ],
  ];
  test.each(refused)("%s", (_, run, Class, message) => {
    const error = errorOf(run);
    expect(error).toBeInstanceOf(Class);
    expect(error.message).toBe(message);
  });
});

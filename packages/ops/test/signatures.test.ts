import {
  ArgumentError,
  DTypeError,
  grad,
  hessian,
  jacobian,
  OutOfRangeError,
  ShapeError,
  Tensor,
  tensor,
  vjp,
  WengertError,
  zeros,
} from "@wengert/core";
import { describe, expect, it, test } from "vitest";
import * as ops from "./all/ops.ts";
import { allSamples, errorOf, int32, numbers } from "./support.ts";

type Options = Readonly<Record<string, unknown>>;
const isOptions = (x: unknown): x is Options =>
  typeof x === "object" && x !== null && !(x instanceof Tensor) && !Array.isArray(x);

/** Returns every sample of any op that has an option named `option`. */
const withOption = (option: string) =>
  allSamples.flatMap(({ title, name, call, sample }) => {
    const options = sample.at(-1);
    if (!isOptions(options) || !(option in options)) return [];
    const put = (bad: unknown) => () => call(...sample.slice(0, -1), { ...options, [option]: bad });
    return [{ title, name, put, given: options[option] }];
  });

function expectRefused(run: () => unknown, name: string, what: string): void {
  const error = errorOf(run);
  expect(error, `${name} ${what}`).toBeInstanceOf(WengertError);
  expect(error.message, what).toMatch(new RegExp(`^${name}: `));
}

// Invalid values for each option, tested for every op with an option of that name.
describe("every op throws for a wrong value of its options", () => {
  const sparse = new Array(2);
  const wrong: Record<string, readonly unknown[]> = {
    axis: [0.5, Number.NaN, "0", true, 9, -9, {}, [[0]], [0.5], [null], sparse, [0, 0], [0, 9], tensor(0)],
    keepDims: [null, 1, "yes"],
    shape: [null, 6, "23", [2.5], [-2, -3], [Number.NaN], sparse, [null, 6], new Int32Array([6])],
    axes: [null, 0, "10", [0], [0, 0, 0], [0.5, 0, 1], sparse],
    widths: [null, 1, [1, 1], [[1, 1, 1]], [[0, -1]], [[0, 0.5]], sparse, "11"],
    start: [1, "1", [0.5], sparse],
    stop: [1, "1", [Number.NaN]],
    step: [1, [0], [0.5]],
    size: [null, 0.5, -1, "3"],
    stride: [null, 0, 0.5, "1", [1, 1, 1, 1], sparse],
    dilation: [null, 0, 0.5, "1", [1, 1, 1, 1], sparse],
    groups: [null, 0, 0.5, 3, "1"],
    padding: [
      null,
      1,
      "full",
      [1, 1],
      [[1, 1, 1]],
      [
        [0, -1],
        [0, 0],
      ],
      sparse,
    ],
    numClasses: [null, 0.5, -1, "3"],
    dtype: [null, "float16", 3],
    min: ["1", null, tensor(1), Number.NaN],
    max: ["1", null, tensor(1), Number.NaN],
    epsilon: ["1", null, -1, Number.NaN, Infinity, tensor(1)],
    rate: ["1", null, -0.1, 1.5, Number.NaN],
    causal: [null, 1, "yes"],
    mask: [null, true, [true], tensor(1), tensor([true, false, true, true])],
    scale: [null, "1", [1], tensor([true]), tensor([1, 2, 3, 4, 5])],
    bias: [null, "1", [1], tensor([true]), tensor([1, 2, 3, 4, 5])],
    ddof: ["1", null, Number.NaN],
    value: ["1", null, true],
    reverse: [null, 1],
  };
  const isOther = (option: string, name: string) => option === "step" && name === "arange"; // a number, not a list
  for (const [option, values] of Object.entries(wrong))
    for (const { title, name, put, given } of withOption(option).filter(({ name }) => !isOther(option, name)))
      it(`${option} of ${title}`, () => {
        expect(put(given)).not.toThrow();
        for (const bad of values) expectRefused(put(bad), name, `${option}: ${String(bad)}`);
      });
});

test("options are copied at the call, so later changes have no effect", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  const changed = <T extends number[] | number[][]>(list: T, run: (list: T) => Tensor): void => {
    const wanted = numbers(run(structuredClone(list)));
    const f = (a: Tensor) => ops.sum(ops.mul(a, run(list)));
    const { value, pullback } = vjp(f, x);
    const y = run(list);
    list.forEach((each, i) => {
      if (Array.isArray(each)) each.fill(0);
      else list[i] = 0;
    });
    expect(y.size).toBe(wanted.length);
    expect(numbers(y)).toEqual(wanted);
    expect(pullback(tensor(1))[0].shape).toEqual(value.shape.length === 0 ? x.shape : []);
  };
  changed([2, 2], (shape) => ops.reshape(x, { shape }));
  changed([2, 2], (shape) => ops.broadcastTo(x, { shape }));
  changed([1, 0], (axes) => ops.transpose(x, { axes }));
  changed([1], (axis) => ops.sum(x, { axis, keepDims: true }));
  changed([1], (axis) => ops.flip(x, { axis }));
  changed(
    [
      [0, 0],
      [0, 0],
    ],
    (widths) => ops.pad(x, { widths: widths as [number, number][] }),
  );
});

describe("a wrong cotangent or argument throws", () => {
  const x = zeros([2, 3], { label: "x" });
  const { pullback } = vjp((a: Tensor) => ops.sum(a, { axis: 0 }), x);
  const wanted = "the cotangent must have the dtype and shape of the value of f, float64 \\[3\\]";
  const cast = 'write cast\\(\\.\\.\\., \\{ dtype: "float64" \\}\\)';
  it.each([
    ["shape", zeros([2]), "float64 \\[2\\]"],
    ["rank", zeros([1, 3]), "float64 \\[1, 3\\]"],
    ["float dtype", zeros([3], { dtype: "float32" }), `float32 \\[3\\]; ${cast}`],
    ["dtype", int32([0, 0, 0]), `int32 \\[3\\]; ${cast}`],
  ])("a cotangent with another %s", (_, g, came) => {
    const error = errorOf(() => pullback(g));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(new RegExp(`^pullback: ${wanted}; got ${came}$`));
  });
  it.each(["int32", "bool"] as const)("a derivative with respect to %s", (dtype) => {
    const n = tensor([1, 0], { dtype, label: "n" });
    const f = (a: Tensor) => ops.sum(ops.cast(a, { dtype: "float64" }));
    for (const run of [() => grad(f)(n), () => vjp(f, n), () => jacobian(f)(n), () => hessian(f)(n)]) {
      const error = errorOf(run);
      expect(error).toBeInstanceOf(DTypeError);
      expect(error.message).toMatch(new RegExp(`is ${dtype}, and only floats have derivatives; write cast\\(`));
    }
  });
});

describe("lists of incompatible tensors throw", () => {
  const X = zeros([2, 3], { label: "X" });
  it.each([ops.concat, ops.stack])("%o", (join) => {
    const { name } = join.spec;
    const cases: [Tensor, typeof WengertError, RegExp][] = [
      [zeros([2, 4], { label: "Y" }), ShapeError, /Y \[2, 4\]/],
      [zeros([2], { label: "v" }), ShapeError, /v \[2\]/],
      [
        zeros([2, 3], { dtype: "float32", label: "S" }),
        DTypeError,
        /X \[2, 3\] is float64, S \[2, 3\] is float32; write cast\(S, \{ dtype: "float64" \}\)/,
      ],
      [zeros([2, 3], { dtype: "int32", label: "n" }), DTypeError, /n \[2, 3\] is int32; write cast\(n, /],
      [zeros([2, 3], { dtype: "bool", label: "m" }), DTypeError, /m \[2, 3\] is bool; write cast\(m, /],
    ];
    for (const [other, Class, message] of cases) {
      const error = errorOf(() => join([X, other]));
      expect(error).toBeInstanceOf(Class);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(new RegExp(`^${name}: `));
    }
    expect(errorOf(() => join([]))).toBeInstanceOf(ArgumentError);
  });
});

describe("indices are int32", () => {
  const x = zeros([4, 3]);
  const calls: [string, (indices: Tensor | number) => Tensor][] = [
    ["take", (indices) => ops.take(x, indices, { axis: 0 })],
    ["takeAlong", (indices) => ops.takeAlong(x, indices, { axis: 0 })],
    ["oneHot", (indices) => ops.oneHot(indices, { numClasses: 4 })],
  ];
  it.each(calls)("%s throws for floats and bools, with the cast to write", (name, call) => {
    for (const dtype of ["float64", "float32", "bool"] as const) {
      const error = errorOf(() => call(tensor([[1, 0, 0]], { dtype, label: "labels" })));
      expect(error).toBeInstanceOf(DTypeError);
      const isMask = dtype === "bool" && name !== "oneHot";
      expect(error.message).toBe(
        `${name}: indices must be int32, got labels [1, 3] with dtype ${dtype}; write cast(labels, { dtype: "int32" })` +
          (isMask ? "; to select by a mask, write where(labels, x, 0)" : ""),
      );
    }
    expect(() => call(int32([[1, 0, 0]]))).not.toThrow();
  });
  it("a whole number is accepted as an index, and a fraction throws", () => {
    expect(ops.take(x, 1, { axis: 0 }).shape).toEqual([3]);
    expect(ops.oneHot(2, { numClasses: 3 }).toNested()).toEqual([0, 0, 1]);
    for (const [name, call] of calls.filter(([name]) => name !== "takeAlong")) {
      const error = errorOf(() => call(0.5));
      expect(error).toBeInstanceOf(OutOfRangeError);
      expect(error.message).toBe(`${name}: an index must be a whole number in int32, got 0.5; round it`);
    }
  });
});

describe("defaults are those of NumPy", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 7],
  ]);
  it.each<[string, Tensor, unknown]>([
    ["sum, all", ops.sum(x), 22],
    ["mean, all", ops.mean(x), 22 / 6],
    ["prod, all", ops.prod(x), 840],
    ["max, all", ops.max(x), 7],
    ["min, all", ops.min(x), 1],
    ["argmax, in row-major order", ops.argmax(x), 5],
    ["variance, divided by n", ops.variance(tensor([1, 3])), 1],
    ["variance with ddof", ops.variance(tensor([1, 3]), { ddof: 1 }), 2],
    ["variance with too few elements", ops.variance(tensor([1, 3]), { ddof: 3 }), Infinity],
    [
      "transpose, reversed",
      ops.transpose(x),
      [
        [1, 4],
        [2, 5],
        [3, 7],
      ],
    ],
    ["squeeze, every axis of size 1", ops.squeeze(zeros([1, 2, 1])), [0, 0]],
    [
      "flip, all",
      ops.flip(x),
      [
        [7, 5, 4],
        [3, 2, 1],
      ],
    ],
    ["slice, whole", ops.slice(x), x.toNested()],
    ["concat, the first axis", ops.concat([x, x]), [...(x.toNested() as number[][]), ...(x.toNested() as number[][])]],
    ["stack, a new first axis", ops.stack([tensor(1), tensor(2)]), [1, 2]],
    ["pad, zeros", ops.pad(tensor([1]), { widths: [[1, 1]] }), [0, 1, 0]],
    ["take, in row-major order", ops.take(x, int32([5, 0])), [7, 1]],
    ["takeAlong, in row-major order", ops.takeAlong(x, int32([5, 0])), [7, 1]],
    ["oneHot, float64", ops.oneHot(int32([1]), { numClasses: 2 }), [[0, 1]]],
    ["clip, without bounds", ops.clip(x), x.toNested()],
    ["mse, the mean", ops.mse(tensor([1, 2]), tensor([3, 2])), 2],
  ])("%s", (_, y, wanted) => expect(y.toNested()).toEqual(wanted));
  it("an undefined option uses the default", () => {
    const options = { axis: undefined, keepDims: undefined };
    expect(ops.sum(x, options).item()).toBe(22);
    expect(ops.transpose(x, { axes: undefined }).shape).toEqual([3, 2]);
    expect(ops.oneHot(int32([1]), { numClasses: 2, dtype: undefined }).dtype).toBe("float64");
  });
});

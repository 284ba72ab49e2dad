import { DTypeError, OutOfRangeError, type Tensor, tensor } from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import { describe, expect, it } from "vitest";
import * as ops from "./all/ops.ts";
import { allSamples, errorOf, int32, numbers, product, tensorsIn, withTensors } from "./support.ts";

const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
const wrapped = (n: bigint): number => Number(BigInt.asIntN(32, n));

describe("int32 wraps around modulo 2³², as in NumPy", () => {
  const values = [least, least + 1, -65537, -46341, -3, -1, 0, 1, 2, 3, 46341, 65537, most - 1, most];
  const all = values.map(BigInt);
  const abs = (n: bigint) => (n < 0n ? -n : n);
  const min = (a: bigint, b: bigint) => (b > a ? a : b);
  const sign = (n: bigint) => (n < 0n ? -1n : n > 0n ? 1n : 0n);

  it.each<[string, (x: Tensor) => Tensor, (n: bigint) => bigint]>([
    ["abs", ops.abs, abs],
    ["neg", ops.neg, (n) => -n],
    ["square", ops.square, (n) => n * n],
    ["sign", ops.sign, sign],
    ["relu", ops.relu, (n) => (n > 0n ? n : 0n)],
    ["clip", (x) => ops.clip(x, { min: -3, max: 65537 }), (n) => (n < -3n ? -3n : n > 65537n ? 65537n : n)],
    ["clip without bounds", (x) => ops.clip(x, { min: -Infinity }), (n) => n],
  ])("%s", (_, op, exact) => {
    const y = op(int32(values));
    expect([y.dtype, numbers(y)]).toEqual(["int32", all.map((n) => wrapped(exact(n)))]);
  });

  it.each<[string, (a: Tensor, b: Tensor) => Tensor, (a: bigint, b: bigint) => bigint]>([
    ["add", ops.add, (a, b) => a + b],
    ["sub", ops.sub, (a, b) => a - b],
    ["mul", ops.mul, (a, b) => a * b],
    ["minimum", ops.minimum, (a, b) => min(a, b)],
    ["maximum", ops.maximum, (a, b) => -min(-a, -b)],
    ["where", (a, b) => ops.where(ops.less(a, b), a, b), min],
  ])("%s", (_, op, exact) => {
    const [a, b] = [int32(values.map((n) => [n])), int32(values)];
    const y = op(a, b);
    expect([y.dtype, numbers(y)]).toEqual(["int32", product(all, all).map(([m, n]) => wrapped(exact(m!, n!)))]);
  });

  it("pow, by exact multiplication, with 0⁰ = 1", () => {
    const exponents = [0, 1, 2, 3, 31, 32, 40, 65537];
    const y = ops.pow(int32(values.map((n) => [n])), int32(exponents));
    const exact = product(all, exponents.map(BigInt)).map(([m, n]) => {
      let power = 1n;
      for (let i = 0n; i < n!; i++) power = BigInt.asIntN(32, power * m!);
      return Number(power);
    });
    expect([y.dtype, numbers(y)]).toEqual(["int32", exact]);
    expect(ops.pow(int32([-1, 1]), most).toNested()).toEqual([-1, 1]);
    expect(ops.pow(2, int32([3])).toNested()).toEqual([8]);
  });
  it("pow throws for negative exponents and fractions", () => {
    const n = tensor(int32([1, 2]), { label: "n" });
    const cases: [() => unknown, exponent: number, hint: string][] = [
      [() => ops.pow(n, -1), -1, "-1"],
      [() => ops.pow(n, int32([1, -2])), -2, 'cast(b, { dtype: "float64" })'],
    ];
    for (const [run, exponent, hint] of cases) {
      const error = errorOf(run);
      expect(error).toBeInstanceOf(OutOfRangeError);
      expect(error.message).toBe(
        `pow: n [2] to the power of ${exponent} is not an int32; write pow(cast(n, { dtype: "float64" }), ${hint})`,
      );
    }
    expect(errorOf(() => ops.pow(n, 0.5)).message).toMatch(
      /^pow: 0.5 is not an int32, the dtype of n \[2\]; write cast\(n, /,
    );
  });

  const slice = [most, most, 3, least, -5, 65537, most];
  const exact = slice.map(BigInt);
  it("sum, prod and cumsum", () => {
    const x = int32([slice, slice.toReversed()]);
    const [sum, prod] = [exact.reduce((a, b) => a + b), exact.reduce((a, b) => a * b)].map(wrapped);
    expect(ops.sum(x, { axis: 1 }).toNested()).toEqual([sum, sum]);
    expect(ops.prod(x, { axis: 1 }).toNested()).toEqual([prod, prod]);
    const running = slice.map((_, i) => wrapped(exact.slice(0, i + 1).reduce((a, b) => a + b)));
    expect(ops.cumsum(x, { axis: 1 }).toNested<number[][]>()[0]).toEqual(running);
    for (const y of [ops.sum(x), ops.prod(x), ops.cumsum(x, { axis: 0 })]) expect(y.dtype).toBe("int32");
  });
  it("sums beyond the exact range of float64", () => {
    const n = 2 ** 22 + 3; // n × most is above 2⁵³, and odd
    const many = ops.broadcastTo(int32(most), { shape: [n] });
    const total = wrapped(BigInt(n) * BigInt(most));
    expect(ops.sum(many).item()).toBe(total);
    expect(numbers(ops.cumsum(many, { axis: 0 })).at(-1)).toBe(total);
    expect(ops.einsum("i->", many).item()).toBe(total);
  });
  it("matmul, dot, outer and einsum", () => {
    const inner = wrapped(exact.reduce((total, n) => total + n * n, 0n));
    const [row, x] = [int32([slice]), int32(slice)];
    const column = ops.transpose(row);
    expect(ops.matmul(row, column).toNested()).toEqual([[inner]]);
    expect(ops.dot(x, x).toNested()).toEqual(inner);
    expect(ops.einsum("ij,kj->ik", row, row).toNested()).toEqual([[inner]]);
    const table = exact.map((m) => exact.map((n) => wrapped(m * n)));
    for (const y of [ops.outer(x, x), ops.matmul(column, row), ops.dot(column, row), ops.einsum("i,j", x, x)])
      expect([y.dtype, y.toNested()]).toEqual(["int32", table]);
  });
  it("max, min, argmax and argmin", () => {
    const x = int32([slice]);
    expect([ops.max(x), ops.min(x), ops.argmax(x), ops.argmin(x)].map((y) => [y.dtype, y.item()])).toEqual([
      ["int32", most],
      ["int32", least],
      ["int32", 0],
      ["int32", 3],
    ]);
  });
  it("bounds that are not int32 throw", () => {
    const n = tensor(int32([1]), { label: "n" });
    for (const bounds of [
      { min: 2 ** 40 },
      { max: -(2 ** 31) - 1 },
      { min: 0.5 },
      { min: Infinity },
      { max: -Infinity },
    ])
      expect(errorOf(() => ops.clip(n, bounds)).message).toMatch(
        /^clip: the bound .* does not fit in int32, the dtype of n \[1\]; write cast\(n, \{ dtype: "float64" \}\)$/,
      );
  });
});

describe("bools", () => {
  const x = tensor([
    [true, false, true],
    [false, false, false],
    [true, true, true],
  ]);
  it("are counted by sum and cumsum, as int32", () => {
    expect([ops.sum(x, { axis: 1 }).dtype, ops.sum(x, { axis: 1 }).toNested()]).toEqual(["int32", [2, 0, 3]]);
    const running = ops.cumsum(x, { axis: 1 });
    expect([running.dtype, running.toNested()]).toEqual([
      "int32",
      [
        [1, 1, 2],
        [0, 0, 0],
        [1, 2, 3],
      ],
    ]);
  });
  it("max and min are any and all", () => {
    expect([ops.max(x, { axis: 1 }).dtype, ops.max(x, { axis: 1 }).toNested()]).toEqual(["bool", [true, false, true]]);
    expect([ops.min(x, { axis: 1 }).dtype, ops.min(x, { axis: 1 }).toNested()]).toEqual(["bool", [false, false, true]]);
  });
  it("stay bools in ops that move entries", () => {
    const y = ops.pad(ops.flip(ops.take(ops.concat([x, x]), int32([0, 4]), { axis: 0 }), { axis: 1 }), {
      widths: [
        [0, 0],
        [1, 0],
      ],
      value: 1,
    });
    expect([y.dtype, y.toNested()]).toEqual([
      "bool",
      [
        [true, true, false, true],
        [true, false, false, false],
      ],
    ]);
    expect(ops.where(x, x, ops.logicalNot(x)).toNested()).toEqual(
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ].map((row) => row.map(Boolean)),
    );
  });
});

/**
 * Returns the result dtypes of each export for its samples, with each float tensor replaced by a tensor of `dtype`.
 * Marks exports that throw.
 */
function outcomes(dtype: "int32" | "bool"): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { name, call, sample } of allSamples) {
    if (!tensorsIn(sample).some((t) => isFloat(t.dtype))) continue;
    const args = withTensors(sample, (t) => (isFloat(t.dtype) ? ops.cast(ops.greater(t, 0), { dtype }) : t));
    let outcome = "refused";
    try {
      outcome = String(new Set(tensorsIn(call(...args)).map((y) => y.dtype)).values().next().value);
    } catch (error) {
      expect(error, name).toBeInstanceOf(DTypeError);
      expect((error as Error).message, name).toMatch(/^\w+: .*[;?] write cast\(/);
    }
    found[outcome] = [...(found[outcome] ?? []).filter((other) => other !== name), name];
  }
  return found;
}

const views = ["expandDims", "flip", "reshape", "squeeze", "transpose", "slice", "broadcastTo", "windows"];
const copies = [
  "at",
  "split",
  "unstack",
  "repeat",
  "tile",
  "roll",
  "moveAxis",
  "swapAxes",
  "flatten",
  "setAt",
  "choice",
];
const layouts = ["diag", "tril", "triu", "meshgrid", "sort", "topK"];
const moves = ["concat", "stack", "pad", "take", "takeAlong", "unslice", "where", ...views, ...copies, ...layouts];
const indices = ["argmax", "argmin", "argsort", "searchsorted", "countNonzero"];

it("every op with integer results maps int32 to int32, and the others throw with the cast to write", () => {
  const arithmetic = ["abs", "neg", "square", "sign", "relu", "add", "sub", "mul", "axpy", "minimum", "maximum", "pow"];
  const rounding = ["floor", "ceil", "round", "trunc", "mod", "floorDivide"];
  const reductions = ["max", "min", "sum", "prod", "cumsum", "cumprod", "diff", "matrixTrace", ...indices];
  const products = ["matmul", "expr", "dot", "outer", "einsum", "conv1d", "conv2d", "convTranspose2d"];
  const pullbacks = ["convInputPullback", "convKernelPullback", "overlapAdd"];
  const pools = ["maxPool1d", "maxPool2d"];
  const { int32: found } = outcomes("int32");
  const sums = ["scatterAdd", "scatterAddAlong", "addAt", "segmentSum", "mse"]; // mse with reduction "none" is a square
  expect(found!.sort()).toEqual(
    [...arithmetic, ...rounding, ...reductions, ...products, ...pullbacks, ...pools, ...moves, ...sums].sort(),
  );
});
it("every op moves bools, counts them, or throws with the cast to write", () => {
  const { int32: counts, bool: found } = outcomes("bool");
  const sums = ["cumsum", "cumprod", "matrixTrace", "prod", "scatterAdd", "scatterAddAlong", "segmentSum", "sum"];
  expect(counts!.sort()).toEqual([...indices, ...sums].sort());
  const compared = allSamples.filter(
    ({ call, sample }) => tensorsIn(sample).length > 0 && tensorsIn(call(...sample))[0]!.dtype === "bool",
  );
  const ofBools = /^logical|^any$|^all$|^randomBernoulli$/; // their samples have no floats
  const predicates = new Set(compared.map(({ name }) => name).filter((name) => !ofBools.test(name)));
  expect(found!.sort()).toEqual([...moves, "max", "min", "maxPool1d", "maxPool2d", ...predicates].sort());
});

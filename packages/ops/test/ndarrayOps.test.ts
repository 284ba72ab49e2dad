import { type DType, Tensor, tensor } from "@wengert/core";
import { type Binary, defineOp, type NdArray, ndarray, type Op, sizeOf, type Unary } from "@wengert/core/extend";
import { gradcheck } from "@wengert/core/gradcheck";
import { describe, expect, test } from "vitest";
import {
  add,
  broadcastTo,
  cos,
  div,
  exp,
  greater,
  log,
  mul,
  neg,
  pow,
  sign,
  sin,
  sqrt,
  square,
  sub,
  where,
} from "../src/index.ts";
import { sampled } from "./soak.ts";
import { numbers, relayouts, repeatedAlong } from "./support.ts";

// docs/adding-an-op.md shows kernels written with ndarray-ops. These tests use every function of ndarray-ops as the
// kernel of an op, with any strides. ndarray-ops generates code from strings, which the test project ops-csp forbids.

const isForbidden = process.execArgv.includes("--disallow-code-generation-from-strings");

test.runIf(isForbidden)("importing ndarray-ops throws an EvalError where code generation is forbidden", async () => {
  await expect(import("ndarray-ops")).rejects.toThrow(EvalError);
  await expect(import("ndarray-ops")).rejects.toThrow("Code generation from strings disallowed");
});

type Rule = (g: Tensor, inputs: readonly [Tensor, Tensor], output: Tensor) => Tensor;
interface Elementwise {
  /** The reference function, which takes one element of each input. */
  readonly f: (a: number, b: number) => number;
  /** The VJP rule of each input; `undefined` for an input whose derivative is 0. */
  readonly rules: readonly (Rule | undefined)[];
}

const squares: Rule = (g, [a, b]) => div(g, add(square(a), square(b)));
const powToBase: Rule = (g, [a, b]) => mul(g, mul(b, pow(a, sub(b, 1))));
const powToExponent: Rule = (g, [a], y) => mul(g, mul(y, log(a)));
const swapped =
  (rule: Rule): Rule =>
  (g, [a, b], y) =>
    rule(g, [b, a], y);
const atan2ToA: Rule = (g, inputs, y) => mul(squares(g, inputs, y), inputs[1]);
const atan2ToB: Rule = (g, inputs, y) => neg(mul(squares(g, inputs, y), inputs[0]));

const unary: Readonly<Record<string, Elementwise>> = {
  abs: { f: Math.abs, rules: [(g, [x]) => mul(g, sign(x))] },
  acos: { f: Math.acos, rules: [(g, [x]) => neg(div(g, sqrt(sub(1, square(x)))))] },
  asin: { f: Math.asin, rules: [(g, [x]) => div(g, sqrt(sub(1, square(x))))] },
  atan: { f: Math.atan, rules: [(g, [x]) => div(g, add(1, square(x)))] },
  ceil: { f: Math.ceil, rules: [undefined] },
  cos: { f: Math.cos, rules: [(g, [x]) => neg(mul(g, sin(x)))] },
  exp: { f: Math.exp, rules: [(g, _, y) => mul(g, y)] },
  floor: { f: Math.floor, rules: [undefined] },
  log: { f: Math.log, rules: [(g, [x]) => div(g, x)] },
  neg: { f: (x) => -x, rules: [(g) => neg(g)] },
  recip: { f: (x) => 1 / x, rules: [(g, _, y) => neg(mul(g, square(y)))] },
  round: { f: Math.round, rules: [undefined] },
  sin: { f: Math.sin, rules: [(g, [x]) => mul(g, cos(x))] },
  sqrt: { f: Math.sqrt, rules: [(g, _, y) => div(g, mul(2, y))] },
  tan: { f: Math.tan, rules: [(g, _, y) => mul(g, add(1, square(y)))] },
};

const binary: Readonly<Record<string, Elementwise>> = {
  add: { f: (a, b) => a + b, rules: [(g) => g, (g) => g] },
  sub: { f: (a, b) => a - b, rules: [(g) => g, (g) => neg(g)] },
  mul: { f: (a, b) => a * b, rules: [(g, [, b]) => mul(g, b), (g, [a]) => mul(g, a)] },
  div: { f: (a, b) => a / b, rules: [(g, [, b]) => div(g, b), (g, [, b], y) => neg(div(mul(g, y), b))] },
  mod: { f: (a, b) => a % b, rules: [(g) => g, (g, [a, b], y) => mul(g, div(sub(y, a), b))] },
  max: { f: Math.max, rules: [(g, [a, b]) => where(greater(a, b), g, 0), (g, [a, b]) => where(greater(a, b), 0, g)] },
  min: { f: Math.min, rules: [(g, [a, b]) => where(greater(a, b), 0, g), (g, [a, b]) => where(greater(a, b), g, 0)] },
  atan2: { f: Math.atan2, rules: [atan2ToA, atan2ToB] },
  atan2op: { f: (a, b) => Math.atan2(b, a), rules: [swapped(atan2ToB), swapped(atan2ToA)] },
  pow: { f: (a, b) => a ** b, rules: [powToBase, powToExponent] },
  powop: { f: (a, b) => b ** a, rules: [swapped(powToExponent), swapped(powToBase)] },
};

/** Of bools: comparisons and logic. */
const logical: Readonly<Record<string, (a: number, b: number) => boolean | number>> = {
  and: (a, b) => a && b,
  or: (a, b) => a || b,
  eq: (a, b) => a === b,
  neq: (a, b) => a !== b,
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  leq: (a, b) => a <= b,
  geq: (a, b) => a >= b,
};

/** Of int32. */
const bitwise: Readonly<Record<string, (a: number, b: number) => number>> = {
  band: (a, b) => a & b,
  bor: (a, b) => a | b,
  bxor: (a, b) => a ^ b,
  lshift: (a, b) => a << b,
  rshift: (a, b) => a >> b,
  rrshift: (a, b) => a >>> b,
};

const signless = { not: (x: number) => Number(!x), bnot: (x: number) => ~x };

/** Reductions of an array to one number, and the result of each for an empty array. */
const reductions: Readonly<Record<string, (x: readonly number[]) => number | boolean>> = {
  any: (x) => x.some((each) => each !== 0),
  all: (x) => x.every((each) => each !== 0),
  sum: (x) => x.reduce((sum, each) => sum + each, 0),
  prod: (x) => x.reduce((product, each) => product * each, 1),
  norm1: (x) => x.reduce((sum, each) => sum + Math.abs(each), 0),
  norm2: (x) => Math.hypot(...x),
  norm2squared: (x) => x.reduce((sum, each) => sum + each * each, 0),
  norminf: (x) => x.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
  sup: (x) => Math.max(...x),
  inf: (x) => Math.min(...x),
};

const others = ["argmin", "argmax", "assign", "assigns", "equals", "random"];

const shapes = [[], [5], [2, 3], [2, 3, 2], [2, 1, 3, 2], [1, 2, 2, 1, 2, 2], [70, 65], [0], [2, 0, 3]] as const;

/**
 * Returns distinct numbers from 0.1 to 0.9, where every function is defined and smooth. For int32 and bool, returns
 * integers and bools.
 */
function sample(shape: readonly number[], dtype: DType, seed = 1): Tensor {
  const at = (i: number) => (((i + seed) * 0.61803398875 * seed) % 1) * 0.8 + 0.1;
  const value = { bool: (i: number) => Number(at(i) > 0.5), int32: (i: number) => Math.floor(at(i) * 20) };
  const make = dtype === "bool" || dtype === "int32" ? value[dtype] : at;
  const of = tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => make(i)),
    { dtype },
  );
  return new Tensor(shape, dtype, ndarray(of.array!.data, shape));
}

/** Returns tensors with the elements of `t` in several memory layouts, and views in which elements are repeated. */
function layouts(x: Tensor): Tensor[] {
  const repeats = [...x.shape.keys()].map((axis) => repeatedAlong(x, axis)[0]);
  return [x, ...relayouts(x).map(([, twin]) => twin), ...(x.size > 0 ? repeats : [])];
}

const rounded = (dtype: DType, values: readonly number[]): number[] =>
  numbers(tensor([...values], { dtype: dtype === "bool" ? "int32" : dtype }));

type Loop = (...args: unknown[]) => unknown;
const scalar = 0.7;

describe.skipIf(isForbidden)("a kernel written with ndarray-ops", async () => {
  const ndops = (isForbidden ? {} : (await import("ndarray-ops")).default) as unknown as Record<string, Loop>;
  const covered = new Set(others);
  const loop = (name: string): Loop => {
    covered.add(name);
    return ndops[name]!;
  };

  const assigned = (out: NdArray, x: NdArray) => ndops.assign!(out, x); // returns out

  /** Defines a unary op that computes its output by `kernel`. */
  function unaryOp(name: string, kernel: (out: NdArray, x: NdArray) => unknown, rule?: Rule): Op<Unary> {
    return defineOp<Unary>({
      name,
      shape: ([x]) => x.shape,
      dtype: ([x]) => x.dtype,
      kernel: (out, [x]) => void kernel(out, x),
      vjp: [rule ? (g, { inputs: [x], output }) => rule(g, [x, tensor(scalar)], output) : null],
      samples: () => [[tensor([0.5])]],
    });
  }
  function binaryOp(
    name: string,
    kernel: (out: NdArray, a: NdArray, b: NdArray) => unknown,
    rules: Elementwise["rules"],
  ) {
    const [toA, toB] = rules;
    return defineOp<Binary>({
      name,
      shape: ([a]) => a.shape,
      dtype: ([a]) => a.dtype,
      kernel: (out, [a, b]) => void kernel(out, a, b),
      vjp: [
        toA ? (g, { inputs, output }) => toA(g, inputs, output) : null,
        toB ? (g, { inputs, output }) => toB(g, inputs, output) : null,
      ],
      samples: () => [[tensor([0.5]), tensor([0.25])]],
    });
  }

  /**
   * Returns two ops for a unary function of ndarray-ops. The kernel of the first op writes to an output. The kernel of
   * the second op works in place.
   */
  const unaryOps = (name: string, rule?: Rule) => {
    const [into, inPlace] = [loop(name), loop(`${name}eq`)];
    return [
      [name, unaryOp(name, (out, x) => into(out, x), rule)],
      [`${name}eq`, unaryOp(`${name}eq`, (out, x) => inPlace(assigned(out, x)), rule)],
    ] as const;
  };
  /**
   * Returns two ops for a binary function of ndarray-ops. The kernel of the first op writes to an output. The kernel of
   * the second op works in place.
   */
  const binaryOps = (name: string, rules: Elementwise["rules"] = []) => {
    const [into, inPlace] = [loop(name), loop(`${name}eq`)];
    return [
      [name, binaryOp(name, (out, a, b) => into(out, a, b), rules)],
      [`${name}eq`, binaryOp(`${name}eq`, (out, a, b) => inPlace(assigned(out, a), b), rules)],
    ] as const;
  };
  const scalarOps = (name: string, s: number, rule?: Rule) => {
    const [into, inPlace] = [loop(`${name}s`), loop(`${name}seq`)];
    return [
      [`${name}s`, unaryOp(`${name}s`, (out, x) => into(out, x, s), rule)],
      [`${name}seq`, unaryOp(`${name}seq`, (out, x) => inPlace(assigned(out, x), s), rule)],
    ] as const;
  };

  function expectValues(op: Op<Unary>, f: (x: number) => number, dtype: DType): void {
    for (const shape of shapes)
      for (const x of layouts(sample(shape, dtype)))
        expect(numbers(op(x))).toEqual(
          rounded(
            dtype,
            numbers(x).map((each) => f(each)),
          ),
        );
  }
  function expectValuesOfTwo(op: Op<Binary>, f: (a: number, b: number) => number, dtype: DType): void {
    for (const shape of shapes) {
      const bs = layouts(sample(shape, dtype, 3));
      for (const [k, a] of layouts(sample(shape, dtype)).entries()) {
        for (const b of [bs[0]!, bs[(k + 2) % bs.length]!]) {
          const [x, y] = [numbers(a), numbers(b)];
          expect(numbers(op(a, b))).toEqual(
            rounded(
              dtype,
              x.map((each, i) => f(each, y[i]!)),
            ),
          );
        }
      }
    }
  }

  for (const [name, { f, rules }] of Object.entries(unary)) {
    test.each(sampled(unaryOps(name, rules[0]), 2))("%s has the values and derivatives of its formula", (_, op) => {
      for (const dtype of ["float64", "float32"] as const) expectValues(op, (x) => f(x, 0), dtype);
      for (const x of layouts(sample([2, 3], "float64"))) gradcheck(op, [x]);
    });
  }

  for (const [name, { f, rules }] of Object.entries(binary)) {
    test.each(sampled(binaryOps(name, rules), 2))("%s has the values and derivatives of its formula", (_, op) => {
      for (const dtype of ["float64", "float32"] as const) expectValuesOfTwo(op, f, dtype);
      const bs = layouts(sample([2, 3], "float64", 3));
      for (const [i, a] of layouts(sample([2, 3], "float64")).entries()) gradcheck(op, [a, bs.at(-i)!]);
    });
    test.each(scalarOps(name, scalar, rules[0]))(
      "%s has the values and derivatives of its formula",
      { tags: "soak" },
      (_, op) => {
        for (const dtype of ["float64", "float32"] as const) expectValues(op, (x) => f(x, scalar), dtype);
        for (const x of layouts(sample([2, 3], "float64"))) gradcheck(op, [x]);
      },
    );
  }

  for (const [dtype, functions, s] of [["bool", logical, 1] as const, ["int32", bitwise, 3] as const]) {
    for (const [name, f] of Object.entries(functions)) {
      test.each(binaryOps(name))("%s has the values of its formula", (_, op) =>
        expectValuesOfTwo(op, (a, b) => Number(f(a, b)), dtype),
      );
      test.each(scalarOps(name, s))("%s has the values of its formula", { tags: "soak" }, (_, op) =>
        expectValues(op, (x) => Number(f(x, s)), dtype),
      );
    }
  }
  test.each(unaryOps("not"))("%s has the values of its formula", (_, op) => expectValues(op, signless.not, "bool"));
  test.each(unaryOps("bnot"))("%s has the values of its formula", (_, op) => expectValues(op, signless.bnot, "int32"));

  const reduction = (name: string, kernel: (out: NdArray, x: NdArray) => void): Op<Unary> =>
    defineOp<Unary>({
      name,
      shape: () => [],
      kernel: (out, [x]) => kernel(out, x),
      vjp: [
        (g, { inputs: [x] }) =>
          mul(broadcastTo(g, { shape: x.shape }), name === "norm2squared" ? mul(2, x) : tensor(1)),
      ],
      samples: () => [[tensor([0.5])]],
    });

  for (const [name, f] of Object.entries(reductions)) {
    const reduce = loop(name);
    test(`${name} has the value of its formula`, () => {
      const op = reduction(name, (out, x) => out.set(Number(reduce(x))));
      for (const shape of shapes)
        for (const x of layouts(sample(shape, "float64"))) expect(op(x).item()).toBeCloseTo(Number(f(numbers(x))), 10);
    });
  }
  test.each(["sum", "norm2squared"])("%s has the derivatives of its formula", (name) => {
    for (const x of layouts(sample([2, 3], "float64")))
      gradcheck(
        reduction(name, (out, x) => out.set(ndops[name]!(x) as number)),
        [x],
      );
  });

  test("the other functions accept arrays of any strides", () => {
    for (const shape of shapes) {
      for (const x of layouts(sample(shape, "float64"))) {
        const [out, given] = [ndarray(new Float64Array(x.size), shape), x.array!];
        ndops.assign!(out, given);
        expect([...out.data]).toEqual(numbers(x));
        expect(ndops.equals!(out, given)).toBe(true);
        if (x.size > 0 && shape.length > 0) {
          const [lowest, highest] = [ndops.argmin!(given), ndops.argmax!(given)] as number[][];
          expect(given.get(...lowest!)).toBe(Math.min(...numbers(x)));
          expect(given.get(...highest!)).toBe(Math.max(...numbers(x)));
        }
        ndops.assigns!(out, 3);
        expect([...out.data]).toEqual(numbers(x).map(() => 3));
        ndops.random!(out);
        for (const each of out.data) expect(each >= 0 && each < 1).toBe(true);
      }
    }
  });

  test("every function of the library is tested", () => {
    expect(Object.keys(ndops).filter((name) => !covered.has(name))).toEqual([]);
    expect(covered.size).toBe(150);
  });

  test("NaN, infinities and −0 agree with Math", () => {
    const special = tensor([Number.NaN, Infinity, -Infinity, -0, 0, -2]);
    for (const [name, { f }] of Object.entries(unary))
      expect(numbers(unaryOps(name)[0][1](special)), name).toEqual(numbers(special).map((x) => f(x, 0)));
    // Only these reductions skip NaN.
    for (const name of ["norminf", "sup", "inf"]) expect(ndops[name]!(tensor([1, Number.NaN]).array)).toBe(1);
    for (const name of ["sum", "prod", "norm1", "norm2"]) expect(ndops[name]!(tensor([1, Number.NaN]).array)).toBeNaN();
  });

  test("a product of int32 is rounded to float64 before it wraps", () => {
    const big = tensor([2 ** 31 - 1], { dtype: "int32" });
    const product = binaryOp("mul", (out, a, b) => ndops.mul!(out, a, b), [])(big, big);
    expect([product, mul(big, big)].flatMap(numbers)).toEqual([0, 1]);
  });

  test("shapes must be equal; broadcastTo makes them equal without a copy, and its rule sums", () => {
    const [add2] = binaryOps("add", binary.add!.rules)[0].slice(1) as [Op<Binary>];
    const [x, row] = [sample([2, 3], "float64"), sample([3], "float64", 3)];
    expect(() => add2(x, row)).toThrow("cwise: Arrays do not all have the same dimensionality!");
    expect(() => add2(x, sample([2, 2], "float64"))).toThrow("cwise: Arrays do not all have the same shape!");
    const repeats = broadcastTo(row, { shape: x.shape });
    expect(repeats.array!.data).toBe(row.array!.data);
    expect(add2(x, repeats).toNested()).toEqual(add(x, row).toNested());
    gradcheck((a: Tensor, b: Tensor) => exp(add2(a, broadcastTo(b, { shape: a.shape }))), [x, row]);
  });
});

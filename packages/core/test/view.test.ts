import { fromNdarray, tensor } from "@wengert/core";
import { assign, ndarray } from "@wengert/core/extend";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import { viewOf } from "../src/values/view.ts";

// Compares View with ndarray and ndarray-ops. Both libraries generate code, which the test project core-csp forbids.

const isForbidden = process.execArgv.includes("--disallow-code-generation-from-strings");

test("the projects that end in -csp forbid code generation", () => {
  const generate = () => new Function("return 1")();
  if (isForbidden) expect(generate).toThrow(EvalError);
  else expect(generate()).toBe(1);
  expect(tensor([1, 2]).data.constructor.name).toBe(isForbidden ? "View" : "View1dfloat64");
});

/** Returns a generator of pseudorandom integers in 0 … n − 1, which depend only on the seed. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const kinds = [Float64Array, Float32Array, Int32Array, Uint8Array] as const;

type Layout = readonly [data: InstanceType<(typeof kinds)[number]>, shape: number[], stride: number[], offset: number];

/** Returns a random memory layout: axes in any order, strides of both signs, zero strides and gaps. */
function layout(roll: (n: number) => number, shape: number[], mayRepeat: boolean): Layout {
  const stride: number[] = shape.map(() => 0);
  let [span, offset] = [1, roll(3)];
  const order = shape.map((_, axis) => axis).sort(() => roll(3) - 1);
  for (const axis of order) {
    if (mayRepeat && roll(5) === 0) continue;
    const step = span * (1 + roll(2));
    stride[axis] = roll(3) === 0 ? -step : step;
    if (stride[axis]! < 0) offset += step * Math.max(0, shape[axis]! - 1);
    span = step * Math.max(1, shape[axis]!);
  }
  const data = new kinds[roll(4)]!(offset + span);
  for (let i = 0; i < data.length; i++) data[i] = (i * 7) % 251;
  return [data, shape, stride, offset];
}

const someShape = (roll: (n: number) => number): number[] =>
  Array.from({ length: roll(6) }, () => [0, 1, 2, 3, 4, 9, 40][roll(roll(8) === 0 ? 7 : 5)]!);

interface AnyNdArray {
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
  readonly dtype: string;
  readonly size: number;
  readonly order: number[];
  readonly dimension: number;
  readonly data: ArrayLike<number>;
  get(...at: number[]): number;
  set(...atAndValue: number[]): number;
  index(...at: number[]): number;
  lo(...from: (number | null | undefined)[]): AnyNdArray;
  hi(...size: (number | null | undefined)[]): AnyNdArray;
  step(...step: (number | null | undefined)[]): AnyNdArray;
  transpose(...axes: (number | undefined)[]): AnyNdArray;
  pick(...at: (number | null | undefined)[]): AnyNdArray;
}

function told({ shape, stride, offset, dtype, size, dimension, order }: AnyNdArray): unknown {
  const distances = order.map((axis) => Math.abs(stride[axis]!)); // axes with equal strides may be in any order
  return { shape: [...shape], stride: [...stride], offset, dtype, size, dimension, distances };
}

describe.skipIf(isForbidden)("View", async () => {
  const { default: nd } = isForbidden ? { default: undefined } : await import("ndarray");
  const ours = viewOf as unknown as (...given: unknown[]) => AnyNdArray;
  const theirs = nd as unknown as (...given: unknown[]) => AnyNdArray;

  it("has the properties of ndarray, with or without strides and an offset", () => {
    const roll = dice(1);
    for (let k = 0; k < 500; k++) {
      const [data, shape, stride, offset] = layout(roll, someShape(roll), true);
      for (const given of [
        [data, shape, stride, offset],
        [data, shape, stride],
        [data, shape],
      ])
        expect(told(ours(...given))).toEqual(told(theirs(...given)));
    }
  });

  it("has the methods of ndarray, in any sequence", () => {
    const roll = dice(2);
    for (let k = 0; k < 500; k++) {
      const given = layout(roll, someShape(roll), true);
      let [a, b] = [ours(...given), theirs(...given)];
      for (let depth = 0; depth < 5; depth++) {
        const method = (["lo", "hi", "step", "transpose", "pick"] as const)[roll(b.dimension === 0 ? 4 : 5)]!;
        const args = argumentsOf(method, b.shape, roll);
        [a, b] = [a[method](...args), b[method](...args)];
        expect(told(a), `${method}(${args.join(", ")})`).toEqual(told(b));
        const at = b.shape.map((n) => roll(n + 1));
        expect([a.index(...at), a.get(...at)]).toEqual([b.index(...at), b.get(...at)]);
      }
      if (b.size === 0) continue;
      const at = b.shape.map((n) => roll(n));
      expect([a.set(...at, 9), a.get(...at)]).toEqual([9, b.get(...at)]);
    }
  });

  it("converts to its number in arithmetic if it is a scalar", () => {
    const [a, b] = [viewOf, theirs].map((make) => make(Float64Array.of(1, 2), [], [], 1));
    expect([Number(a), Number(b)]).toEqual([2, 2]);
    expect(Number.isNaN(Number(viewOf(Float64Array.of(1, 2), [2])))).toBe(true);
  });

  it("works with scijs modules, like the data of a tensor", async () => {
    const { default: scijs } = await import("ndarray-ops");
    const values = Float64Array.of(1, 2, 3, 4, 5, 6);
    const x = fromNdarray(ndarray(values, [3, 2], [1, 3]));
    const sumOf = scijs.sum as unknown as (a: unknown) => number;
    expect(sumOf(x.data)).toBe(21);
    expect(sumOf(viewOf(values, [3, 2], [1, 3]))).toBe(21);
    const muls = scijs.muls as unknown as (out: unknown, a: unknown, s: number) => void;
    const out = viewOf(new Float64Array(6), [3, 2]);
    muls(out, x.data, 2);
    expect([...out.data]).toEqual([2, 8, 4, 10, 6, 12]);
  });

  it("assign copies it like ndarray-ops", async () => {
    const { default: scijs } = await import("ndarray-ops");
    const theirAssign = scijs.assign as unknown as typeof assign;
    const roll = dice(3);
    for (let k = 0; k < 250; k++) {
      const shape = someShape(roll);
      const out = layout(roll, shape, false);
      const a = layout(roll, shape, true);
      const expected = [out[0].slice(), ...out.slice(1)] as unknown as Layout;
      assign(ndarray(...out), ndarray(...a));
      theirAssign(ndarray(...expected), ndarray(...a));
      expect(out[0]).toEqual(expected[0]);
    }
  });
});

function argumentsOf(method: string, shape: number[], roll: (n: number) => number): (number | undefined)[] {
  if (method === "transpose") {
    const axes = shape.map((_, axis) => axis).sort(() => roll(3) - 1);
    return roll(4) === 0 ? [] : axes;
  }
  return shape
    .map((n) => {
      if (roll(4) === 0) return [undefined, null as never, -1 - roll(2)][roll(3)];
      return method === "step" ? [-2, -1, 1, 2, 3][roll(5)] : roll(method === "pick" ? Math.max(1, n) : n + 1);
    })
    .slice(0, shape.length - roll(2));
}

describe("if code generation is forbidden", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });
  it("core tries it once, at the first access of data", async () => {
    vi.resetModules();
    const forbidden = vi.fn(function generate() {
      throw new EvalError("violates the page's policy");
    });
    vi.stubGlobal("Function", forbidden);
    const { ndarray, toNdarray } = await import("../src/values/ndarray.ts");
    const ours = [
      ndarray(new Float64Array(1), []),
      ndarray(new Int32Array(6), [2, 3]),
      ndarray(new Uint8Array(2), [2]),
    ];
    expect(forbidden).toHaveBeenCalledTimes(0);
    const arrays = ours.map(toNdarray);
    expect(forbidden).toHaveBeenCalledTimes(1);
    expect(arrays.map(({ dtype, stride }) => [dtype, stride])).toEqual([
      ["float64", []],
      ["int32", [3, 1]],
      ["uint8", [1]],
    ]);
  });
});

import { type Tensor, vjp } from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import { cast, kernels, layerNorm, mul, std, variance } from "@wengert/ops";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allSamples, noiseLike, ofFloats, random, relayouts, tensorsIn, withTensors } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { expectAgreement } from "./agree.ts";

// Compiles every op of `@wengert/ops` together with its gradient, and compares the results with eager ops.

/**
 * Returns the function `run`, which computes an op and its gradient. The arguments of `run` are the float tensors of
 * `sample`, a list of sample arguments for the op.
 */
function withGradient(call: (...args: never) => unknown, sample: readonly unknown[]) {
  const { f, floats } = ofFloats(call as never, sample);
  const run = (inputs: readonly Tensor[]): Tensor[] => {
    const { value, pullback } = vjp(f as (...args: Tensor[]) => Tensor, ...inputs);
    const seeds = withTensors<unknown>(value, (y) => (isFloat(y.dtype) ? noiseLike(y, 7) : y));
    return [...tensorsIn(value), ...tensorsIn(pullback(seeds as Tensor))];
  };
  return { run, floats };
}

const canRun = (run: (xs: readonly Tensor[]) => unknown, xs: readonly Tensor[]): boolean => {
  try {
    run(xs);
    return true;
  } catch {
    return false; // outside of the domain, or not in this dtype
  }
};

// By default, eager ops run small inputs in plain JavaScript loops, whose float32 matrix products differ in the last
// bits from the products of the WebAssembly kernels.
beforeAll(() => void kernels("simd"));
afterAll(() => void kernels("auto"));

describe.each([
  ["float64", "js"],
  ["float32", "wasm"],
] as const)("in %s, the plan of", (dtype, engine) => {
  it.each(allSamples)("$title gives the bits of eager ops, also of the gradient", ({ call, sample }) => {
    const typed = withTensors(sample, (t) => (isFloat(t.dtype) ? cast(t, { dtype }) : t));
    const { run, floats } = withGradient(call, typed);
    if (!canRun(run, floats)) return;
    const compiled = compile(run, { engine });
    const smaller = floats.map((x) => mul(x, 0.875));
    const [transposed, withGaps] = [0, 2].map((k) => floats.map((x) => relayouts(x)[k]![1]));
    expectAgreement(compiled(floats), run(floats));
    if (canRun(run, smaller)) expectAgreement(compiled(smaller), run(smaller));
    expectAgreement(compiled(dtype === "float64" ? transposed! : withGaps!), run(floats));
    expect(compiled.signatures).toBe(1);
  });
});

it.each(["float64", "float32"] as const)(
  "layerNorm and moments over the last axes need no op instructions in %s",
  (dtype) => {
    const run = (x: Tensor) =>
      [
        layerNorm,
        (y: Tensor) => variance(y, { axis: [1, 2], ddof: 1 }),
        (y: Tensor) => std(y, { axis: -1, ddof: 30, keepDims: true }),
      ].flatMap((f) => {
        const { value, pullback } = vjp(f, x);
        return [value, ...pullback(noiseLike(value, 7))];
      });
    for (const shape of [
      [3, 2, 5],
      [2, 3, 30],
      [1, 1, 31],
    ]) {
      const x = cast(random(shape), { dtype });
      const compiled = compile(run);
      expectAgreement(compiled(x), run(x));
      expect(compiled.plan(x).instructions.filter(({ kind }) => kind === "op")).toEqual([]);
    }
  },
);

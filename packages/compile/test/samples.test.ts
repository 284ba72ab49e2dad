import { type Tensor, vjp } from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import { cast, mul } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { allSamples, noiseLike, ofFloats, relayouts, tensorsIn, withTensors } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { expectAgreement } from "./agree.ts";

// Runs every op of ops from a plan, with its gradient.

/** A function of the float tensors of a sample: the value of the call, and the cotangents of the floats. */
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

describe.each([
  ["float64", 0],
  ["float32", 1e-6],
] as const)("in %s, the plan of", (dtype, tolerance) => {
  it.each(allSamples)("$title computes the value and the gradient of eager ops", ({ call, sample }) => {
    const typed = withTensors(sample, (t) => (isFloat(t.dtype) ? cast(t, { dtype }) : t));
    const { run, floats } = withGradient(call, typed);
    if (!canRun(run, floats)) return;
    const wanted = run(floats);
    const smaller = floats.map((x) => mul(x, 0.875));
    const wantedOfSmaller = canRun(run, smaller) ? run(smaller) : undefined;
    const [transposed, withGaps] = [0, 2].map((k) => floats.map((x) => relayouts(x)[k]![1]));
    for (const engine of ["wasm", "js"] as const) {
      const compiled = compile(run, { engine });
      expectAgreement(compiled(floats), wanted, tolerance);
      if (wantedOfSmaller) expectAgreement(compiled(smaller), wantedOfSmaller, tolerance);
      expectAgreement(compiled(engine === "js" ? transposed! : withGaps!), wanted, tolerance);
      expect(compiled.signatures).toBe(1);
    }
  });
});

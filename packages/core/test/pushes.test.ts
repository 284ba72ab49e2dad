import { jvp, pushes, record, stopGradient, type Tensor, tensor } from "@wengert/core";
import { describe, expect, it } from "vitest";
import { add, errorOf, exp, expectClose, mul, plainValues, random, sin, sub, sum } from "./support.ts";

const [x, y] = [random([3], 1), random([3], 2)];
const [v, w] = [random([3], 3), random([3], 4)];

describe("pushes", () => {
  const f = (a: Tensor, b: { c: Tensor }) => sum(mul(sin(mul(a, b.c)), exp(add(a, mul(a, a)))));

  it("ends with the tangent that jvp returns, for each step in order", () => {
    const recording = record(f, x, { c: y });
    const all = [...pushes(recording, [v, { c: w }])];
    expect(all.map(({ step }) => step)).toEqual(recording.steps);
    const { tangent } = jvp(f, [x, { c: y }], [v, { c: w }]);
    expectClose(all.at(-1)!.tangent, tangent, 14);
    for (const { step, tangent } of all) expect(tangent.shape).toEqual(step.output.shape);
  });

  it("gives the tangent of each step, as jvp of the steps before it", () => {
    const [first, second] = [...pushes(record(f, x, { c: y }), [v, { c: w }])];
    expect(plainValues(first!.tangent)).toEqual(plainValues(add(mul(v, y), mul(x, w))));
    expectClose(second!.tangent, jvp((t: Tensor) => sin(t), [mul(x, y)], [first!.tangent]).tangent, 15);
  });

  it("skips steps without a derivative, and ignores the tangents of integers", () => {
    const n = tensor([1, 2, 3], { dtype: "int32" });
    const g = (a: Tensor, _: Tensor) => add(stopGradient(sin(a)), mul(a, 3));
    const names = [...pushes(record(g, x, n), [v, n])].map(({ step }) => step.op.name);
    expect(names).toEqual(["sin", "mul", "add"]);
  });

  it("can itself be differentiated", () => {
    const along = (t: Tensor) => [...pushes(record(f, x, { c: y }), [t, { c: w }])].at(-1)!.tangent;
    expectClose(jvp(along, [v], [v]).tangent, sub(along(v), along(mul(v, 0))), 13);
  });

  it("rejects tangents that do not fit the inputs", () => {
    const recording = record(f, x, { c: y });
    expect(errorOf(() => [...pushes(recording, [v])]).message).toMatch(
      /^pushes: tangents must have one tensor like each input of the recording, float64 \[3\] for input 1; got 1 tensors for 2 inputs/,
    );
    expect(errorOf(() => [...pushes(recording, [v, { c: tensor(1) }])]).message).toMatch(/got float64 \[\]/);
    expect(errorOf(() => [...pushes({} as never, [v])]).message).toMatch(/^pushes: expected a recording or a program/);
  });
});

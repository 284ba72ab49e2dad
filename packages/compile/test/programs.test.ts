import { type Tensor, vjp } from "@wengert/core";
import { kernels, mul } from "@wengert/ops";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { programs } from "../../ops/test/generate.ts";
import type { Program } from "../../ops/test/program.ts";
import { noiseLike } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { expectAgreement } from "./agree.ts";

// Compiles random programs, which call the exports of ops and transforms such as grad and vmap, together with their
// gradients. WENGERT_TIMES multiplies the number of programs.

const seed = Number(process.env.WENGERT_SEED ?? 1);
const times = Number(process.env.WENGERT_TIMES ?? 1);

// By default, eager ops run small inputs in plain JavaScript loops, whose float32 matrix products differ in the last
// bits from the products of the WebAssembly kernels.
beforeAll(() => void kernels("simd"));
afterAll(() => void kernels("auto"));

/** The outputs of a program and the cotangents of its inputs, for random cotangents of the outputs. */
const withGradient =
  (program: Program) =>
  (xs: Tensor[]): Tensor[] => {
    const { value, pullback } = vjp(program.run, xs);
    const cotangents = value.map((y, i) => noiseLike(y, 50 + i));
    return [...value, ...(pullback(cotangents)[0] as Tensor[])];
  };

function forMany(runs: number, floats: readonly Tensor["dtype"][], holds: (program: Program) => void): void {
  fc.assert(fc.property(programs({ floats }), holds), { numRuns: Math.ceil(runs * times), seed });
}

it.each(["wasm", "js"] as const)("random programs in float64 give eager's bits, engine %s", (engine) => {
  forMany(25, ["float64"], (program) => {
    const run = withGradient(program);
    const compiled = compile(run, { engine });
    const points = [program.point, program.point.map((x) => mul(x, 0.75)), program.point];
    for (const point of points) {
      const [got, wanted] = [compiled(point), run(point)];
      expectAgreement(got, wanted);
    }
  });
});

it("random programs in float32 give eager's bits, and the first results stay as they are", () => {
  forMany(30, ["float32", "float64"], (program) => {
    const run = withGradient(program);
    const compiled = compile(run);
    const first = compiled(program.point);
    const moved = program.point.map((x) => mul(x, 0.75));
    expectAgreement(compiled(moved), run(moved));
    expectAgreement(first, run(program.point));
  });
});

it("plans of different programs do not share memory", () => {
  fc.assert(
    fc.property(programs(), programs(), (a, b) => {
      const [runA, runB] = [withGradient(a), withGradient(b)];
      const [compiledA, compiledB] = [compile(runA), compile(runB)];
      for (let i = 0; i < 2; i++) {
        expectAgreement(compiledA(a.point), runA(a.point));
        expectAgreement(compiledB(b.point), runB(b.point));
      }
      expect([compiledA.signatures, compiledB.signatures]).toEqual([1, 1]);
    }),
    { numRuns: Math.ceil(12 * times), seed },
  );
});

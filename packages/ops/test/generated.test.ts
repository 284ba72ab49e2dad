import { evaluate, grad, hessian, jacobian, linearize, Tensor, tensor, trace, vjp } from "@wengert/core";
import { ndarray, ravel } from "@wengert/core/extend";
import { add, mul, sum } from "@wengert/ops";
import fc, { type Arbitrary } from "fast-check";
import { describe, expect, it } from "vitest";
import { programs } from "./generate.ts";
import { Program, reorder, transforms } from "./program.ts";
import { isSoak } from "./soak.ts";
import { allExports, noiseLike, numbers, plainValues, relayouts } from "./support.ts";

// Tests random programs of up to 30 steps, which call all exports of ops, and transforms such as grad of functions with
// a few steps. Every run generates the same programs, unless the environment variable WENGERT_SEED is set.
// WENGERT_TIMES multiplies the number of programs; a value below 1 also disables shrinking. A failing program is shrunk
// and printed as TypeScript.

const seed = Number(process.env.WENGERT_SEED ?? 1);
const times = Number(process.env.WENGERT_TIMES ?? 1);

function forMany<T>(runs: number, what: Arbitrary<T>, holds: (value: T) => void): void {
  fc.assert(fc.property(what, holds), {
    numRuns: Math.ceil((isSoak ? runs : runs / 3) * times),
    seed,
    endOnFailure: times < 1,
  });
}

const noise = (like: readonly Tensor[], from: number): Tensor[] => like.map((t, i) => noiseLike(t, from + i));
const flat = (tensors: readonly Tensor[]): number[] => tensors.flatMap(numbers);
const largest = (xs: readonly number[]): number => xs.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const dot = (a: readonly Tensor[], b: readonly Tensor[]): number => {
  const ys = flat(b);
  return flat(a).reduce((total, x, i) => total + x * ys[i]!, 0);
};

/** Returns the cotangents of the inputs, for random cotangents of the outputs. */
function pulled(program: Program, point: readonly Tensor[] = program.point): Tensor[] {
  const { value, pullback } = vjp(program.run, [...point]);
  return pullback(noise(value, 50))[0] as Tensor[];
}

/** Expects equal numbers up to rounding. The allowed error is 1e-10 times the largest number. */
function expectSame(got: readonly number[], wanted: readonly number[], what: string): void {
  expect(got.length).toBe(wanted.length);
  const allowed = 1e-10 * (1 + largest(wanted));
  for (const [i, x] of got.entries())
    if (!(Math.abs(x - wanted[i]!) <= allowed)) expect.fail(`${what}: number ${i} is ${x} and ${wanted[i]}`);
}

/**
 * Returns the slope of `f` at 0, from differences over h, h/2 and h/4, extrapolated twice (Romberg). `error` is the
 * change in the last extrapolation step. `jump` estimates a jump of the slope at 0, from second differences.
 */
function slopeOf(f: (t: number) => number, h = 2e-3): { slope: number; error: number; jump: number } {
  const here = f(0);
  const differences = [h, h / 2, h / 4].map((step) => {
    const [after, before] = [f(step), f(-step)];
    return { slope: (after - before) / (2 * step), jump: (after - 2 * here + before) / step };
  });
  const [a, b, c] = differences.map(({ slope }) => slope) as [number, number, number];
  const [once, twice] = [(4 * b - a) / 3, (4 * c - b) / 3];
  const slope = (16 * twice - once) / 15;
  const jump = Math.abs((4 * differences[2]!.jump - differences[0]!.jump) / 3);
  return { slope, error: Math.abs(slope - twice), jump };
}

const moved = (x: Tensor, t: number, v: Tensor): Tensor => {
  const along = ravel(v.array!);
  return new Tensor(
    x.shape,
    x.dtype,
    ndarray(
      ravel(x.array!).map((each, i) => each + t * along[i]!),
      x.shape,
    ),
  );
};

const floats = ["float64", "float32"] as const;

describe("of random programs", () => {
  it("the gradient agrees with finite differences if they converge and the slope is continuous", () => {
    let [smooth, all] = [0, 0];
    forMany(150, programs(), (program) => {
      const xs = program.point;
      const [u, v] = [noise(program.run(xs), 50), noise(xs, 1)];
      const { slope, error, jump } = slopeOf((t) => dot(program.run(xs.map((x, i) => moved(x, t, v[i]!))), u));
      const gradient = pulled(program);
      const exact = dot(gradient, v);
      const scale = 1 + largest(flat(gradient)) + Math.abs(slope);
      all++;
      if (!(error <= 1e-8 * scale && jump <= 1e-4 * scale)) return;
      smooth++;
      if (!(Math.abs(exact - slope) <= 1e-8 * scale))
        expect.fail(`${exact} by the VJP rules, ${slope} by finite differences`);
    });
    expect(smooth).toBeGreaterThan(0.95 * all);
  });

  it("the Jacobian by VJPs equals the Jacobian by JVPs", () => {
    forMany(60, programs({ elements: 8 }), (program) => {
      const xs = program.point;
      const blocks = jacobian(program.run)(xs) as unknown as Tensor[][]; // one block per output and input
      const { pushforward } = linearize(program.run, xs);
      for (const [j, x] of xs.entries()) {
        for (let e = 0; e < x.size; e++) {
          const at = tensor(
            ndarray(
              Float64Array.from({ length: x.size }, (_, i) => Number(i === e)),
              x.shape,
            ),
          );
          const tangents = pushforward(xs.map((other, i) => (i === j ? at : mul(other, 0))));
          for (const [k, tangent] of tangents.entries()) {
            const column = numbers(blocks[k]![j]!).filter((_, i) => i % x.size === e);
            expectSame(numbers(tangent), column, `output ${k} by input ${j}, element ${e}`);
          }
        }
      }
    });
  });

  it("the Hessian is symmetric", () => {
    forMany(60, programs({ elements: 6, steps: 20 }), (program) => {
      const xs = program.point;
      const weights = noise(program.run(xs), 50);
      const loss = (given: Tensor[]): Tensor =>
        program.run(given).reduce((total, y, i) => add(total, sum(mul(y, weights[i]!))), tensor(0));
      const blocks = hessian(loss)(xs) as unknown as Tensor[][];
      for (const [i, a] of xs.entries())
        for (const [j, b] of xs.entries()) {
          const [there, back] = [numbers(blocks[i]![j]!), numbers(blocks[j]![i]!)];
          const turned = there.map((_, at) => back[(at % b.size) * a.size + Math.floor(at / b.size)]!);
          expectSame(there, turned, `inputs ${i} and ${j}`);
        }
    });
  });

  it("the order of independent steps does not matter, up to rounding", () => {
    forMany(60, fc.tuple(programs(), fc.integer({ min: 1 })), ([program, from]) => {
      let state = from;
      const choose = (n: number) => {
        state = (Math.imul(state, 48271) + 11) >>> 0;
        return state % n;
      };
      const other = new Program(program.leaves, reorder(program.steps, choose), program.outputs);
      expect(plainValues(other.run(program.point))).toEqual(plainValues(program.run(program.point)));
      expectSame(flat(pulled(other)), flat(pulled(program)), "the gradient"); // cotangents are added in another order
    });
  });

  it("the memory layout of the inputs does not matter", () => {
    forMany(40, programs({ floats }), (program) => {
      const [value, gradient] = [plainValues(program.run(program.point)), plainValues(pulled(program))];
      const layouts = program.point.map((x) => relayouts(x).map(([, twin]) => twin));
      for (let k = 0; k < layouts[0]!.length; k++) {
        const point = layouts.map((list) => list[k]!);
        expect(plainValues(program.run(point))).toEqual(value);
        expect(plainValues(pulled(program, point))).toEqual(gradient);
      }
    });
  });

  it("previous runs and failures do not matter", () => {
    forMany(40, fc.tuple(programs({ floats }), programs({ floats })), ([program, other]) => {
      const gradient = plainValues(pulled(program));
      pulled(other);
      const broken = new Error("from inside a function that is differentiated");
      const failing = (xs: Tensor[]) => {
        other.run(xs);
        throw broken;
      };
      expect(() => grad(failing)(other.point)).toThrow(broken);
      expect(() => jacobian((xs: Tensor[]) => vjp(failing, xs).value)(other.point)).toThrow(broken);
      expect(plainValues(pulled(program))).toEqual(gradient);
    });
  });

  it("a traced gradient evaluates to the gradient", () => {
    forMany(60, programs({ floats }), (program) => {
      const weights = noise(program.run(program.point), 50);
      const gradient = (xs: Tensor[]): Tensor[] => vjp(program.run, xs).pullback(weights)[0] as Tensor[];
      expect(plainValues(evaluate(trace(gradient, program.point), program.point))).toEqual(
        plainValues(pulled(program)),
      );
    });
  });
});

describe("a random program", () => {
  const some = fc.sample(programs({ floats }), { numRuns: 4000, seed: 2 });

  it("calls every op and every transform, on the path of the gradient or in a decision", () => {
    const calls = some.flatMap((program) => program.calls);
    const count = (name: string) => calls.filter((call) => call === name).length;
    const all = [...allExports.map(({ name }) => name), ...Object.keys(transforms)];
    expect(all.filter((name) => count(name) < 5)).toEqual([]);
  });

  it("that fails is shrunk and printed", () => {
    const callsIt = (program: Program) => program.calls.includes("logSumExp");
    const { counterexample } = fc.check(
      fc.property(programs(), (program) => !callsIt(program)),
      { numRuns: 1000, seed: 2 },
    );
    const [program] = counterexample!;
    expect(program.calls).toEqual(["logSumExp"]);
    expect(String(program)).toMatch(
      /^\nconst [vx]\d+ = tensor\(.*\);\nconst f = \(\[[vx]\d+\]: Tensor\[\]\) => \{\n {2}const v\d+ = logSumExp\([vx]\d+/,
    );
  });
});

import { grad, MutationError, type Tensor, tensor, vjp } from "@wengert/core";
import { add, crossEntropy, kernels, matmul, mul, reshape, sin, softmax, sub, sum, transpose } from "@wengert/ops";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { errorOf, int32, numbers, random } from "../../ops/test/support.ts";
import { type Compiled, compile } from "../src/index.ts";

// A compiled function can write a result to the memory of a donated argument. Before the next call overwrites this
// memory, the compiled function must copy the numbers of the result, so that no tensor changes.

beforeAll(() => {
  kernels("simd");
  vi.spyOn(console, "warn").mockImplementation(() => {}); // about new signatures
});
afterAll(() => {
  kernels("auto");
  vi.restoreAllMocks();
});

const size = 300;
type Step = (a: Tensor, b: Tensor, labels: Tensor, k: number) => { a: Tensor; b: Tensor; loss: Tensor };

/** A step that throws for invalid labels before the compiled program overwrites any donated argument. */
const early: Step = (a, b, labels, k) => {
  const loss = crossEntropy(reshape(a, { shape: [1, size] }), labels);
  return { a: add(mul(a, k), b), b: sub(b, loss), loss };
};
/** A step that throws for invalid labels after the compiled program has overwritten the donated argument `a`. */
const late: Step = (a, b, labels, k) => {
  const next = add(mul(a, k), b);
  return { a: next, b: sin(b), loss: crossEntropy(reshape(next, { shape: [1, size] }), labels) };
};
const [valid, invalid] = [int32([7]), int32([size])];
describe.each(["wasm", "js"] as const)("with engine %s", (engine) => {
  it("no tensor changes in random sequences of calls, reads, views, errors and dropped plans", () => {
    const action = fc.record({
      kind: fc.constantFrom("step", "step", "step", "swap", "fail", "data", "view", "tape"),
      which: fc.constantFrom(0, 1, 2),
      newest: fc.boolean(),
      a: fc.nat(1000),
      b: fc.nat(1000),
      k: fc.constantFrom(0.5, 0.5, 0.5, 0.25),
    });
    const property = fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
      const steps: readonly (readonly [Step, Compiled<Parameters<Step>, ReturnType<Step>>])[] = [
        early,
        late,
        early,
      ].map((f) => [f, compile(f, { engine, donate: [0, 1], maxPlans: 1 })]);
      const live = new Map<Tensor, readonly number[]>();
      const seen: (readonly [{ readonly data: ArrayLike<number> }, readonly number[]])[] = [];
      const own = (x: Tensor) => live.set(x, numbers(x));
      for (const seed of [1, 2, 3]) own(random([size], seed));
      let last = [...live.keys()].slice(0, 2) as [Tensor, Tensor];
      for (const { kind, which, newest, a: i, b: j, k } of actions) {
        const all = [...live.keys()].filter(({ shape }) => shape.length === 1);
        const areLeft = last.every((x) => live.has(x));
        const [a, b] = newest && areLeft ? last : [all[i % all.length]!, all[j % all.length]!];
        if (a === undefined || b === undefined) break;
        const [f, compiled] = steps[which]!;
        if (kind === "step" || kind === "swap") {
          const [first, second] = kind === "swap" ? [b, a] : [a, b];
          const copies = [first, second].map((x) => tensor([...live.get(x)!])) as [Tensor, Tensor];
          const wanted = f(...copies, valid, k);
          const got = compiled(first, second, valid, k);
          for (const name of ["a", "b", "loss"] as const) {
            expect(numbers(got[name])).toEqual(numbers(wanted[name]));
            if (name !== "loss") live.set(got[name], numbers(wanted[name]));
          }
          last = [got.a, got.b];
          for (const x of [first, second]) live.delete(x);
        } else if (kind === "fail") expect(errorOf(() => compiled(a, b, invalid, k))).toBeDefined();
        else if (kind === "data") seen.push([a.data as never, live.get(a)!]);
        else if (kind === "view") own(transpose(reshape(a, { shape: [3, size / 3] })));
        else {
          const { pullback } = vjp((x: Tensor) => mul(x, x), a);
          const { value } = vjp((x: Tensor) => sum(mul(x, x)), a);
          expect(numbers(pullback(a)[0]).length).toBe(size);
          expect(value.shape).toEqual([]);
        }
        for (const [x, expected] of live) expect(numbers(x)).toEqual(expected);
        for (const [{ data }, expected] of seen) expect(Array.from(data)).toEqual(expected);
      }
    });
    fc.assert(property, { numRuns: Math.ceil(60 * Number(process.env.WENGERT_TIMES ?? 1)), seed: 1 });
  });

  it("a call that fails after it has computed a result leaves its arguments unchanged", () => {
    for (const f of [early, late]) {
      const compiled = compile(f, { engine, donate: [0, 1] });
      const { a, b } = compiled(random([size], 1), random([size], 2), valid, 0.5);
      const expected = [a, b].map(numbers);
      expect(String(errorOf(() => compiled(a, b, invalid, 0.5)))).toMatch(/OutOfRangeError/);
      expect([a, b].map(numbers)).toEqual(expected);
    }
  });

  it("a chain of donated results uses one memory, and a result that is kept gets its own", () => {
    const step = compile((w: Tensor) => mul(w, 2), { engine, donate: [0] });
    const first = step(random([size], 1));
    const memory = first.array!.data;
    const second = step(first);
    expect(second.array!.data).toBe(memory);
    const expected = numbers(second);
    step(random([size], 2));
    expect(second.array!.data).not.toBe(memory);
    expect(numbers(second)).toEqual(expected);
  });

  it("a result that f receives and returns as it is keeps its numbers", () => {
    const withOld = compile((w: Tensor) => ({ next: mul(w, 2), old: w }), { engine, donate: [0] });
    const { next } = withOld(random([size], 1));
    const expected = numbers(next);
    expect(numbers(withOld(next).old)).toEqual(expected);

    const withOther = compile((w: Tensor, x: Tensor) => ({ next: mul(w, 2), other: x }), { engine, donate: [0, 1] });
    const result = withOther(random([size], 1), random([size], 2)).next;
    expect(numbers(withOther(result, result).other)).toEqual(expected);
  });

  it("a result whose data was read gets its own memory, also if it is donated later", () => {
    const step = compile((w: Tensor) => mul(w, 2), { engine, donate: [0] });
    const first = step(random([size], 1));
    const data = first.data.data as Float64Array;
    expect(data.length).toBe(size); // not a part of the plan's memory, which structuredClone would copy
    expect(data.buffer.byteLength).toBe(8 * size);
    const expected = [...data];
    expect(numbers(step(first))).toEqual(expected.map((x) => 2 * x));
    expect([...data]).toEqual(expected);
  });

  it("results keep their numbers after their plan was dropped", () => {
    const step = compile((w: Tensor, k: number) => mul(w, k), { engine, donate: [0], maxPlans: 1 });
    const result = step(random([size], 1), 2);
    const [expected, { buffer }] = [numbers(result), result.array!.data];
    step(random([size], 2), 3);
    expect(result.array!.data.buffer).not.toBe(buffer);
    expect(numbers(result)).toEqual(expected);
  });

  it("a result that f captured or that a trace holds as a constant keeps its numbers", () => {
    const step = compile((w: Tensor) => mul(w, 2), { engine, donate: [0] });
    const result = step(random([size], 1));
    const expected = numbers(result);
    const slope = compile((x: Tensor) => grad((y: Tensor) => sum(mul(y, result)))(x), { engine });
    expect(numbers(slope(random([size], 3)))).toEqual(expected);
    step(random([size], 2));
    expect(numbers(slope(random([size], 4)))).toEqual(expected);
    expect(numbers(result)).toEqual(expected);
  });

  it("after a stack overflow, a donated result has its numbers or throws", () => {
    const f = (w: Tensor) => {
      const next = mul(w, 2);
      return { next, p: softmax(reshape(matmul(reshape(next, { shape: [20, 15] }), ones), { shape: [20] })) };
    };
    const ones = random([15, 1], 4);
    const step = compile(f, { engine, donate: [0] });
    const twice = () => step(step(random([size], 1)).next).next;
    const expected = numbers(twice());
    let failures = 0;
    for (let i = 0; i < 800; i++) {
      const spare = i % 50;
      const lent = twice();
      let [level, thrown] = [0, false];
      // Fills the stack by recursion, returns from `spare` recursive calls, and then calls `step`, which overflows the
      // stack if `spare` is small.
      const dive = (...unused: number[]): void => {
        try {
          dive(...unused);
        } catch (error) {
          if (level++ !== spare) throw error;
          try {
            step(lent);
          } catch {
            thrown = true;
          }
        }
      };
      dive(...Array.from({ length: i / 50 }, () => 0));
      if (!thrown) continue;
      failures++;
      let found: readonly number[] | undefined;
      try {
        found = lent.toNested<number[]>();
      } catch (error) {
        expect(error).toBeInstanceOf(MutationError);
      }
      if (found !== undefined) expect(found).toEqual(expected);
    }
    expect(failures).toBeGreaterThan(0);
  });
});

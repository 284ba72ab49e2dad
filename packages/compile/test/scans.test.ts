import { checkpoint, customJvp, customVjp, scan, type Tensor, tensor, vjp, zeros } from "@wengert/core";
import {
  add,
  cast,
  concat,
  cumsum,
  greater,
  kernels,
  logicalNot,
  logicalXor,
  matmul,
  mul,
  sin,
  slice,
  sub,
  sum,
  tanh,
  transpose,
} from "@wengert/ops";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noiseLike, product, random, tensorsIn } from "../../ops/test/support.ts";
import { compile } from "../src/index.ts";
import { expectAgreement } from "./agree.ts";

// Compares compiled scans, whose bodies run as instructions of the plan, with eager scans.

// By default, eager ops run small inputs in plain JavaScript loops, whose float32 matrix products differ in the last
// bits from the products of the WebAssembly kernels.
beforeAll(() => void kernels("simd"));
afterAll(() => void kernels("auto"));

type Options = { readonly reverse: boolean };
type Run = (a: Tensor, b: Tensor, xs: Tensor, options: Options) => unknown;
type Pair = readonly [Tensor, Tensor];
const second = (b: Tensor, x: Tensor): Tensor => add(b, x);
const clipped = customVjp({
  forward: (x: Tensor) => [sin(x), x] as const,
  backward: (x, g: Tensor) => [mul(g, greaterThanZero(x))],
});
const greaterThanZero = (x: Tensor): Tensor => cast(greater(x, 0), { dtype: x.dtype as "float32" | "float64" });
const squashed = customJvp({
  value: (x: Tensor) => tanh(x),
  tangent: (_, [v], y: Tensor) => mul(v, sub(1, mul(y, y))),
});

/** Loops over the rows of xs [T, 6], with the carries a [6] and b [6, 6]. */
const loops: Readonly<Record<string, Run>> = {
  "that computes and returns its carry": (a, b, xs, options) =>
    scan(
      (h: Tensor, x: Tensor) => {
        const next = tanh(add(matmul(h, b), x));
        return [next, next];
      },
      a,
      xs,
      options,
    ),
  "that returns its old carry": (a, b, xs, options) =>
    scan((h: Tensor, x: Tensor) => [sub(mul(h, 0.5), matmul(x, b)), h], a, xs, options),
  "that swaps its carries": (a, b, xs, options) =>
    scan(
      ([p, q]: Pair, x: Tensor) => [[q, add(p, x)] as const, mul(p, q)],
      [a, sum(b, { axis: 0 })] as const,
      xs,
      options,
    ),
  "whose second carry is the old first carry": (a, b, xs, options) =>
    scan(
      ([p, q]: Pair, x: Tensor) => [[add(mul(p, x), q), p] as const, undefined],
      [a, sum(b, { axis: 1 })] as const,
      xs,
      options,
    ),
  "that exchanges two carries without computing": (a, b, xs, options) =>
    scan(([p, q]: Pair, x: Tensor) => [[q, p] as const, mul(q, x)], [a, sum(b, { axis: 0 })] as const, xs, options),
  "whose two carries become the same tensor": (a, b, xs, options) =>
    scan(
      ([p, q]: Pair, x: Tensor) => {
        const next = sub(mul(p, x), q);
        return [[next, next] as const, add(next, p)];
      },
      [a, sum(b, { axis: 0 })] as const,
      xs,
      options,
    ),
  "that transposes its carry": (a, b, xs, options) =>
    scan((B: Tensor, x: Tensor) => [transpose(B), matmul(B, add(a, x))], b, xs, options),
  "that adds the transpose of its carry": (_, b, xs, options) =>
    scan((B: Tensor, x: Tensor) => [mul(0.5, add(add(B, transpose(B)), x)), transpose(B)], b, xs, options),
  "that keeps its carry": (a, b, xs, options) =>
    scan((h: Tensor, x: Tensor) => [h, matmul(b, add(h, x))], a, xs, options),
  "whose carry is its entry": (a, _, xs, options) => scan((h: Tensor, x: Tensor) => [x, sub(h, x)], a, xs, options),
  "whose carry becomes a constant": (a, b, xs, options) =>
    scan((h: Tensor, x: Tensor) => [sum(b, { axis: 0 }), mul(h, x)], a, xs, options),
  "with slices and ops that have no kernel": (a, b, xs, options) =>
    scan(
      (h: Tensor, x: Tensor) => {
        const [left, right] = [slice(h, { stop: [3] }), slice(h, { start: [3] })];
        return [sin(concat([mul(right, 2), add(left, right)])), cumsum(mul(matmul(b, h), x), { axis: 0 })];
      },
      a,
      xs,
      options,
    ),
  "over strided entries": (a, b, xs, options) =>
    scan((h: Tensor, x: Tensor) => [mul(add(h, x), 0.5), add(h, b)], a, transpose(matmul(b, transpose(xs))), options),
  "over columns, from the last to the first": (a, b, _, options) =>
    scan(
      (h: Tensor, x: Tensor) => [mul(add(h, x), 0.5), add(h, b)],
      a,
      slice(transpose(b), { step: [-1, 1] }),
      options,
    ),
  "over equal entries, from equal numbers": (_, b, xs, options) =>
    scan(
      (h: Tensor, x: Tensor) => [mul(0.5, add(h, matmul(b, x))), h],
      zeros([6], { dtype: b.dtype }),
      [zeros([4, 6], { dtype: xs.dtype })][0]!,
      options,
    ),
  "without entries": (a, b, _, options) =>
    scan((h: Tensor) => [tanh(matmul(b, h)), h], a, undefined, { ...options, length: 7 }),
  "with results without elements": (a, b, xs, options) =>
    scan(
      (h: Tensor, x: Tensor) => {
        const p = transpose(mul(b, h));
        return [add(h, x), [p, slice(p, { stop: [0] }), h] as const];
      },
      a,
      xs,
      options,
    ),
  "that calls functions with custom rules": (a, b, xs, options) =>
    scan(
      (h: Tensor, x: Tensor) => {
        const scaled = checkpoint((p: Tensor) => mul(p, sum(sin(b), { axis: 0 })));
        const inner = scan((q: Tensor) => [squashed(add(q, x)), undefined], h, undefined, { length: 2 });
        return [clipped(scaled(inner.carry)), clipped(h)];
      },
      a,
      xs,
      options,
    ),
  "in a loop": (a, b, xs, options) =>
    scan(
      (h: Tensor, x: Tensor) => {
        const inner = scan((p: Tensor, q: Tensor) => [tanh(add(p, mul(q, x))), p], h, b, options);
        return [inner.carry, sum(inner.ys, { axis: 0 })];
      },
      a,
      xs,
      options,
    ),
  "in segments": (a, b, xs, options) =>
    scan((h: Tensor, x: Tensor) => [tanh(add(matmul(h, b), x)), second(h, x)], a, xs, { ...options, segments: 2 }),
  "after a loop that returns its entries": (a, b, xs, options) => {
    const first = scan((h: Tensor, x: Tensor) => [add(h, x), mul(h, 2)], a, xs, options);
    return scan((h: Tensor, x: Tensor) => [mul(add(h, x), 0.3), matmul(b, x)], first.carry, first.ys, options);
  },
};

describe.each(product<unknown>(["float32", "float64"], ["wasm", "js"]) as ["float32" | "float64", "wasm" | "js"][])(
  "in %s, engine %s, a scan",
  (dtype, engine) => {
    const floats = (shape: number[], seed: number) => tensor(random(shape, seed), { dtype });

    it.each(Object.entries(loops))("%s, and its gradient, give eager's bits", (name, loop) => {
      for (const [length, reverse] of product<number | boolean>([1, 2, 5], [false, true]) as [number, boolean][]) {
        const run = (a: Tensor, b: Tensor, xs: Tensor): Tensor[] => {
          const { value, pullback } = vjp(
            (...args: [Tensor, Tensor, Tensor]) => tensorsIn(loop(...args, { reverse })),
            a,
            b,
            xs,
          );
          return [...value, ...pullback(value.map((y, k) => noiseLike(y, 40 + k)))];
        };
        const compiled = compile(run, { engine });
        const points = [1, 2].map(
          (seed) => [floats([6], seed), floats([6, 6], 10 + seed), floats([length, 6], 20 + seed)] as const,
        );
        for (const point of [...points, points[0]!]) expectAgreement(compiled(...point), run(...point));
        const text = compiled
          .plan(...points[0]!)
          .instructions.map((each) => each.text)
          .join("\n");
        if (length === 5) expect(text.includes("op scan")).toBe(name.startsWith("over columns"));
      }
    });

    it("of integers, or of bools, gives eager's bits", () => {
      for (const reverse of [false, true]) {
        const run = (n: Tensor, x: Tensor) => [
          scan((k: Tensor, y: Tensor) => [add(k, mul(y, 2)), sub(k, y)], n, cast(mul(x, 9), { dtype: "int32" }), {
            reverse,
          }),
          scan((k: Tensor) => [add(k, 3), k], tensor([5, 5], { dtype: "int32" }), undefined, { length: 4, reverse }),
          scan((p: Tensor, y: Tensor) => [logicalXor(p, y), logicalNot(p)], greater(n, 0), greater(x, 0.5), {
            reverse,
          }),
        ];
        const compiled = compile(run, { engine });
        for (const seed of [1, 2]) {
          const [n, x] = [tensor([seed, -3, 0], { dtype: "int32" }), floats([5, 3], seed)];
          expectAgreement(compiled(n, x), run(n, x));
        }
      }
    });

    it("of tensors with different dtypes, or of no iterations, runs as an op", () => {
      const run = (a: Tensor, xs: Tensor) => [
        scan((h: Tensor, x: Tensor) => [mul(h, x), greater(h, x)], a, xs),
        scan((h: Tensor, x: Tensor) => [mul(h, x), h], a, slice(xs, { stop: [0] })),
      ];
      const compiled = compile(run, { engine });
      const [a, xs] = [floats([6], 1), floats([4, 6], 2)];
      expectAgreement(compiled(a, xs), run(a, xs));
      expect(compiled.plan(a, xs).instructions.filter(({ text }) => text === "op scan")).toHaveLength(2);
    });
  },
);

describe("the memory of a carry", () => {
  const [W, xs] = [zeros([100, 10]), zeros([20, 10])];

  it("takes the next carry, if the body adds to the carry", () => {
    const run = (W: Tensor, xs: Tensor) =>
      scan((total: Tensor, x: Tensor) => [add(total, mul(W, x)), sum(mul(x, 2), { axis: 0 })], W, xs);
    const { instructions, bytes } = compile(run).plan(W, xs);
    expect(instructions.map(({ text }) => text)).toEqual([
      "scan, 20 times: loop over [100, 10] float64: mul, add; loop over [10] float64: mul, sum",
    ]);
    expect(bytes).toBeLessThan(8 * (3 * 1000 + 400) + 1000); // W, the carry, the output, and xs
  });

  it("takes the next carry, even if the body returns the old carry", () => {
    const run = (W: Tensor, xs: Tensor) => scan((total: Tensor, x: Tensor) => [add(total, mul(W, x)), total], W, xs);
    expect(compile(run).plan(W, xs).bytes).toBeLessThan(8 * (23 * 1000 + 400) + 1000);
  });
});

import { type Tensor, tensor } from "@wengert/core";
import {
  abs,
  crossEntropy,
  type Kernels,
  kernels,
  less,
  logSoftmax,
  logSumExp,
  mul,
  reshape,
  softmax,
  take,
  transpose,
  where,
} from "@wengert/ops";
import {
  crossEntropyPullback,
  logSoftmaxPullback,
  softCrossEntropyPullback,
  softmaxPullback,
} from "@wengert/ops/extend";
import { afterAll, describe, expect, it } from "vitest";
import { dtypesOf } from "./soak.ts";
import { noiseLike, numbers, overlappingWindows, product, random, relayouts, repeatedAlong } from "./support.ts";

// Compares WebAssembly kernels with plain loops. Rows are tested alone and in large batches. A large batch does not fit
// in the memory of the kernels, so it is processed in several chunks.

const before = kernels().choice;
afterAll(() => void kernels(before));

/** Runs `body` with the kernels that `which` names, and returns the result of `body`. */
function by<T>(which: Kernels, body: () => T): T {
  kernels(which);
  return body();
}

type DType = "float64" | "float32";
type Slices = (x: Tensor, g: Tensor, axis: number | readonly number[]) => Tensor;

interface Case {
  readonly call: Slices;
  /**
   * Returns the size of the largest term of result number i, if this result is a sum of positive and negative terms.
   * The errors of this result are relative to this size.
   */
  readonly terms?: (x: readonly number[], g: readonly number[]) => (i: number) => number;
  /** Whether the op accepts only a single axis. */
  readonly isOfOneAxis?: true;
}

/** Returns the softmax of a row, computed by plain loops instead of WebAssembly. */
const weights = (x: readonly number[]): number[] => numbers(by1(tensor(x), -1));
const total = (x: readonly number[], term: (x: number, j: number) => number): number =>
  x.reduce((sum, v, j) => sum + term(v, j), 0);

/**
 * Returns |g|, used as probabilities, but 0 where g < −0.5 or |g| < 1e-300. A kernel may round a subnormal probability
 * to 0, which changes the result if the cotangent is infinite.
 */
const chances = (g: Tensor): Tensor => where(less(g, -0.5), 0, where(less(abs(g), 1e-300), 0, abs(g)));
const firsts = (g: Tensor, axis: number): Tensor => take(g, 0, { axis });
function labels(g: Tensor, axis: number): Tensor {
  const those = firsts(g, axis);
  const classes = numbers(those).map((v) => Math.floor(Math.abs(Number.isFinite(v) ? v : 0) * 97) % g.shape.at(axis)!);
  return reshape(tensor(classes, { dtype: "int32" }), { shape: those.shape });
}
const none = { reduction: "none" } as const;

const cases: Readonly<Record<string, Case>> = {
  softmax: { call: (x, _, axis) => softmax(x, { axis }) },
  softmaxPullback: {
    call: (x, g, axis) => softmaxPullback(by1(x, axis), g, { axis }),
    terms: (x, g) => {
      const s = weights(x);
      return (i) => s[i]! * total(s, (q, j) => q * Math.abs(g[i]! - g[j]!));
    },
  },
  logSumExp: {
    call: (x, _, axis) => logSumExp(x, { axis }),
    terms: (x) => () => Math.abs(Math.max(...x)),
  },
  logSoftmax: { call: (x, _, axis) => logSoftmax(x, { axis }) },
  logSoftmaxPullback: {
    call: (x, g, axis) => logSoftmaxPullback(x, g, { axis }),
    terms: (x, g) => {
      const s = weights(x);
      return (i) => total(s, (q, j) => (i === j ? 0 : q * Math.abs(g[i]!) + s[i]! * Math.abs(g[j]!)));
    },
  },
  "crossEntropy of labels": {
    call: (x, g, axis) => crossEntropy(x, labels(g, axis as number), { axis: axis as number, ...none }),
    isOfOneAxis: true,
  },
  crossEntropyPullback: {
    call: (x, g, axis) =>
      crossEntropyPullback(x, labels(g, axis as number), firsts(g, axis as number), { axis: axis as number }),
    isOfOneAxis: true,
  },
  "crossEntropy of probabilities": {
    call: (x, g, axis) => crossEntropy(x, chances(g), { axis: axis as number, ...none }),
    isOfOneAxis: true,
  },
  softCrossEntropyPullback: {
    call: (x, g, axis) => softCrossEntropyPullback(x, chances(g), firsts(g, axis as number), { axis: axis as number }),
    terms: (x, g) => {
      const s = weights(x);
      const t = numbers(chances(tensor(g)));
      const all = total(t, (v) => v);
      const others = (i: number) => (s[i]! < 0.5 ? 1 - s[i]! : total(s, (q, j) => (i === j ? 0 : q)));
      return (i) => Math.abs(g[0]!) * (s[i]! * (all - t[i]!) + others(i) * t[i]!);
    },
    isOfOneAxis: true,
  },
};

/**
 * Returns the softmax computed by plain loops, so that a test of the pullback does not depend on the kernel of softmax.
 */
function by1(x: Tensor, axis: number | readonly number[]): Tensor {
  const now = kernels().choice;
  const s = by("plain", () => softmax(x, { axis }));
  kernels(now);
  return s;
}

const lastPlace = (x: number, dtype: DType): number => {
  const [digits, smallest] = dtype === "float64" ? [52, 2 ** -1074] : [23, 2 ** -149];
  return Math.max(smallest, 2 ** (Math.floor(Math.log2(Math.abs(x))) - digits));
};

/** Returns the largest difference of two results in ulp. A different NaN, infinity or shape counts as Infinity. */
function ulpsBetween(got: Tensor, wanted: Tensor, terms: (i: number) => number = () => 0): number {
  if (String(got.shape) !== String(wanted.shape) || got.dtype !== wanted.dtype) return Infinity;
  const other = numbers(wanted);
  return numbers(got).reduce((worst, y, i) => {
    const w = other[i]!;
    if (y === w || (Number.isNaN(y) && Number.isNaN(w))) return worst;
    const ulpsOf = (size: number) => Math.abs(y - w) / lastPlace(size, wanted.dtype as DType);
    const relative = ulpsOf(Math.abs(w));
    const ulps = relative <= 4 ? relative : ulpsOf(Math.max(Math.abs(w), terms(i)));
    return ulps <= worst ? worst : Number.isNaN(ulps) ? Infinity : ulps;
  }, 0);
}

const lengths = [...Array(71).keys(), 100, 255, 256, 257, 1000, 1001, 1023, 4099, 50257].filter((n) => n > 0);
const rowOf = (n: number, scale: number, dtype: DType, seed = n): Tensor =>
  tensor(mul(random([n], seed), scale), { dtype });

/** NaN, infinities, zeros, subnormal numbers, and numbers near which exp overflows or underflows. */
const special: readonly number[] = [
  ...[
    Number.NaN,
    Infinity,
    -Infinity,
    0,
    -0,
    5e-324,
    2 ** -149,
    -(2 ** -126),
    88,
    -88,
    104,
    -104,
    -131,
    -132,
    709,
    -746,
  ],
  ...[3e38, -3e38, 1.5e308, -1.7e308],
];

const ways = kernels().available.filter((name) => name !== "plain");
it("WebAssembly kernels are available", () => expect(ways).toContain("simd"));

describe.each(ways)("%s agrees with plain loops", (way) => {
  describe.each(Object.entries(cases))("%s", (name, { call, terms, isOfOneAxis }) => {
    describe.each(dtypesOf(name, Object.keys(cases)))("%s", (dtype) => {
      const compare = (x: Tensor, g: Tensor, axis: number | readonly number[] = -1) => {
        const [got, wanted] = [by(way, () => call(x, g, axis)), by("plain", () => call(x, g, axis))];
        const n = x.shape.at(-1)!;
        const perRow = got.shape.length < x.shape.length ? 1 : n;
        const found: ((i: number) => number)[] = [];
        const sizes = (i: number) => {
          const row = Math.floor(i / perRow);
          const of = (t: Tensor) => numbers(t).slice(row * n, (row + 1) * n);
          found[row] ??= terms?.(of(x), of(g)) ?? (() => 0);
          return found[row](i % perRow);
        };
        const ulps = ulpsBetween(got, wanted, sizes);
        if (!(ulps <= 4)) expect.fail(`${ulps} ulp between ${got} and ${wanted} for ${x} and ${g}`);
        return ulps;
      };
      it("for rows of every length around the ends of vectors", () => {
        for (const [n, scale] of product(lengths, [1, 12, 60, 700]) as [number, number][])
          if (n < 4000 || scale === 12) compare(rowOf(n, scale, dtype), rowOf(n, 1, dtype, n + 1));
      });
      it("for rows far from 0, where exp overflows", () => {
        for (const [n, scale, shift] of product([1, 2, 5, 8, 67], [1, 140], [88, 700, 2700, 2720, 2900, 1e4]) as [
          number,
          number,
          number,
        ][])
          for (const sign of [-1, 1]) {
            const x = numbers(rowOf(n, scale, "float64")).map((v) => v + sign * shift);
            compare(tensor(x, { dtype }), rowOf(n, 1, dtype, n + 1));
          }
      });
      it("for a few rows, and for about as many as one chunk holds", () => {
        const some = product([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 7, 10, 33]) as [number, number][];
        const chunks = [4095, 4096, 4097, 8191, 8192, 8193].map((n) => [n, 1] as const);
        const turned = [408, 409, 410, 818, 819, 820].map((count) => [count, 10] as const);
        for (const [count, n] of [...some, ...chunks, ...turned, ...chunks.map(([n]) => [2, n] as const)]) {
          const values = (seed: number) => tensor(random([count, n], seed), { dtype });
          compare(mul(values(n), 20), values(n + 1));
        }
      });
      it("for rows that are equal, excluded, subnormal, or nearly so", () => {
        for (const [n, value] of product(
          [1, 2, 3, 7, 8, 50],
          [1e8, -1e8, -Infinity, 1e-310, 2 ** -149, -(2 ** -140)],
        ) as [number, number][]) {
          const row = Array<number>(n).fill(value);
          const g = rowOf(n, 1, dtype, n);
          compare(tensor(row, { dtype }), g);
          for (const other of [0, 1e8 + 8, -Infinity, -104, 1e-300])
            for (const at of [0, n - 1]) compare(tensor(row.with(at, other), { dtype }), g);
        }
      });
      it("for huge cotangents, which make tails matter, next to small ones", () => {
        for (const [n, gap, size] of product([2, 3, 5, 40], [3, 100, 140, 190, 300, 700], [1e12, 1e20, 1e30]) as [
          number,
          number,
          number,
        ][]) {
          const rest = numbers(rowOf(n, 1, dtype));
          const g = numbers(rowOf(n, 1, dtype, 4)).map(Math.fround);
          const huge = g.map((v) => Math.fround(v * size));
          const x = [rest.with(0, gap), rest.with(n - 1, gap), rest.with(0, gap)];
          for (const us of [
            [huge, g, g.with(0, size)],
            [g, huge, g],
          ])
            compare(tensor(x, { dtype }), tensor(us, { dtype }));
        }
      });
      it("for a probability near 1, a common shift of g, or one dominant entry of g", () => {
        for (const [n, gap, at] of product([2, 3, 4, 5, 9, 600], [7, 16, 36, 90], [0, 1]) as [
          number,
          number,
          number,
        ][]) {
          const x = numbers(rowOf(n, 1, dtype)).with(at, gap);
          const g = numbers(rowOf(n, 1, dtype, 5));
          for (const u of [
            g,
            g.map((v) => Math.fround(v + 1000)),
            g.with(1 - at, 1e6),
            g.map((_, i) => (i === at ? 1 : 0)),
          ])
            compare(tensor(x, { dtype }), tensor(u, { dtype }));
        }
      });
      it("for special numbers at every index", () => {
        for (const [n, value] of product([1, 2, 3, 4, 5, 8, 9], special) as [number, number][])
          for (let at = 0; at < n; at++)
            for (const rest of [0, -3, -Infinity]) {
              const x = tensor(Array(n).fill(rest).with(at, value), { dtype });
              compare(x, rowOf(n, 1, dtype));
              const isHuge = Math.abs(value) > 1e300 && Number.isFinite(value); // the plain loops give NaN in this case
              if (!isHuge) compare(rowOf(n, 1, dtype), x);
            }
      });
      it("for empty inputs, along several axes, and for any memory layout", () => {
        for (const shape of [[0], [2, 0], [0, 3], [0, 0]])
          if (!isOfOneAxis || shape.at(-1) !== 0) compare(random(shape), random(shape));
        const [x, g] = [random([3, 4, 5]), random([3, 4, 5], 2)].map((t) => tensor(t, { dtype })) as [Tensor, Tensor];
        const lists = isOfOneAxis ? [] : [[0, 1], [0, 2], [1, 2], [0, 1, 2], []];
        for (const axis of [0, 1, 2, ...lists]) {
          const wanted = by(way, () => call(x, g, axis));
          expect(numbers(wanted.shape.length < 3 ? wanted : inRows(wanted, axis))).toEqual(
            numbers(by(way, () => call(inRows(x, axis), inRows(g, axis), -1))),
          );
          for (const [[, a], [, b]] of product(relayouts(x), relayouts(g)) as [[string, Tensor], [string, Tensor]][])
            expect(numbers(by(way, () => call(a, b, axis)))).toEqual(numbers(wanted));
          for (const [thin, whole] of [repeatedAlong(x, 0), repeatedAlong(x, 2), ...overlappingWindows(x)])
            expect(numbers(by(way, () => call(thin, g, axis)))).toEqual(numbers(by(way, () => call(whole, g, axis))));
        }
      });
      it("with the same bits for a row alone, in any batch, and along any axis", () => {
        for (const [n, count] of [
          [1, 5],
          [3, 7],
          [4, 6],
          [10, 900],
          [33, 300],
          [9000, 3],
          [3000, 4],
        ] as const) {
          const [x, g] = [
            tensor(mul(random([count, n]), 20), { dtype }),
            noiseLike(tensor(random([count, n]), { dtype }), 9),
          ];
          const alone = (t: Tensor, row: number) => tensor(numbers(t).slice(row * n, (row + 1) * n), { dtype });
          const u = tensor(g, { dtype });
          const batch = numbers(by(way, () => call(x, u, -1)));
          const flipped = numbers(by(way, () => call(turned(x), turned(u), 0)));
          const per = batch.length / count;
          for (const row of [0, 1, count - 2, count - 1]) {
            const got = numbers(by(way, () => call(alone(x, row), alone(u, row), -1)));
            expect(batch.slice(row * per, (row + 1) * per)).toEqual(got);
            expect(got.map((_, l) => flipped[l * count + row])).toEqual(got);
          }
        }
      });
      it("after any other calls, and for any memory after a slice", () => {
        const [x, g] = [rowOf(5, 1, dtype), rowOf(5, 1, dtype, 3)];
        const fresh = numbers(by(way, () => call(x, g, -1)));
        for (const junk of [Number.NaN, Infinity, 1e30]) {
          const rows = tensor(Array(64).fill(junk), { dtype });
          by(way, () => call(rows, rows, -1));
          expect(numbers(by(way, () => call(x, g, -1)))).toEqual(fresh);
        }
      });
    });
  });
});

/** Returns a matrix whose rows are the slices of `t` along `axis`. */
function inRows(t: Tensor, axis: number | readonly number[]): Tensor {
  const axes = [axis].flat();
  const kept = [0, 1, 2].filter((i) => !axes.includes(i));
  const size = (list: readonly number[]) => list.reduce((n, i) => n * t.shape[i]!, 1);
  return reshape(transpose(t, { axes: [...kept, ...axes] }), { shape: [size(kept), size(axes)] });
}

/** Returns the transpose of a matrix in row-major memory. */
function turned(t: Tensor): Tensor {
  const [m, n] = t.shape as [number, number];
  const values = numbers(t);
  return tensor(
    Array.from({ length: n }, (_, j) => Array.from({ length: m }, (_, i) => values[i * n + j]!)),
    { dtype: t.dtype },
  );
}

it("values that { where } excludes do not matter", () => {
  const x = tensor([1, Number.NaN, 3, Infinity, 5, 6]);
  const where = tensor([true, false, true, false, true, true]);
  for (const way of ways)
    expect(
      ulpsBetween(
        by(way, () => softmax(x, { where })),
        by("plain", () => softmax(x, { where })),
      ),
    ).toBeLessThan(4);
});

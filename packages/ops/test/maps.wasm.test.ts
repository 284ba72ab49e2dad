import { type DType, type Tensor, tensor } from "@wengert/core";
import {
  add,
  axpy,
  div,
  exp,
  gelu,
  greater,
  kernels,
  log,
  mean,
  mul,
  neg,
  relu,
  sigmoid,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  transpose,
  where,
} from "@wengert/ops";
import { geluSlope, reluPullback, sigmoidSlope, tanhSlope } from "@wengert/ops/extend";
import { afterAll, describe, expect, it } from "vitest";
import { dtypesOf } from "./soak.ts";
import { numbers, overlappingWindows, product, random, relayouts, repeatedAlong } from "./support.ts";

// Tests that arithmetic, elementwise functions and sums in WebAssembly give the same bits as plain loops, for any
// inputs and sizes.

const before = kernels().choice;
afterAll(() => void kernels(before));

const ways = kernels().available;
it("WebAssembly kernels are available", () => expect(ways).toContain("simd"));

/**
 * Returns the result of `body`, after checking that `body` gives the same bits with every kernel setting, including
 * "auto".
 */
function byAll(body: () => Tensor): number[] {
  const [plain, ...others] = [...ways, "auto" as const].map((way) => {
    kernels(way);
    return numbers(body());
  });
  for (const [i, got] of others.entries()) if (!isSame(got, plain!)) expect(got, ways[i + 1] ?? "auto").toEqual(plain);
  return plain!;
}

/**
 * Returns whether two results have the same bits. The function is a hundred times faster than the matchers of `expect`.
 */
function isSame(got: readonly number[], wanted: readonly number[]): boolean {
  if (got.length !== wanted.length) return false;
  for (let i = 0; i < got.length; i++) if (!Object.is(got[i], wanted[i])) return false;
  return true;
}

/** The sizes 0 to 70, and sizes next to multiples of the chunk that a kernel processes at a time. */
const sizes = [...Array(71).keys(), 4095, 4096, 4097, 8191, 8192, 8193, 20_001];

const special: readonly number[] = [
  ...[
    0,
    1,
    5e-324,
    2 ** -1023,
    2 ** -1022,
    2 ** -149,
    2 ** -126,
    1e-160,
    0.6249999,
    0.625,
    6.1249995,
    6.125,
    Math.SQRT1_2,
    Math.SQRT2,
  ],
  ...[1 - 2 ** -53, 1 + 2 ** -52, 19, 20, 36, 37, 87.5, 88.7, 88.8, 103, 104, 700, 708, 708.5, 709, 709.7, 709.8, 710],
  ...[711, 744.5, 745.1, 745.2, 746, 747, 799, 800, 801, 1e5, 3.4e38, 1e300, Number.MAX_VALUE, Infinity, Number.NaN],
].flatMap((x) => [x, -x]);

/** Returns doubles with random bits, so all exponents are equally frequent. */
const anyDoubles = (count: number): number[] => {
  const words = numbers(random([2 * count], 3)).map((x) => (x + 1) * 2 ** 31);
  return [...new Float64Array(Uint32Array.from(words).buffer)];
};

const floats = ["float64", "float32"] as const satisfies readonly DType[];
const functions = { exp, gelu, geluSlope, log, sigmoid, sigmoidSlope, tanh, tanhSlope };

describe.each(Object.entries(functions))("%s", (name, f) => {
  const inputs = (n: number, scale: number) =>
    numbers(random([n], n)).map((x) => (name === "log" ? Math.abs(x * scale) : x * scale));

  describe.each(dtypesOf(name, Object.keys(functions)))("of %s has the same bits with all kernels", (dtype) => {
    it("for any number of elements", () => {
      for (const n of sizes) byAll(() => f(tensor(inputs(n, 3), { dtype })));
    });
    it("for special numbers among others", () => {
      for (const x of special)
        for (const other of [1, Infinity, Number.NaN])
          for (const pair of [
            [x, other],
            [other, x],
          ])
            byAll(() => f(tensor(pair, { dtype })));
    });
    it("for numbers of all magnitudes", () => {
      for (const scale of [0.01, 1, 20, 300, 1000]) byAll(() => f(tensor(inputs(5000, scale), { dtype })));
      byAll(() => f(tensor(anyDoubles(20_000), { dtype })));
    });
    it("for any memory layout", () => {
      const x = tensor(random([7, 6, 5], 4), { dtype });
      const wanted = byAll(() => f(x));
      for (const [layout, twin] of relayouts(x))
        expect(
          byAll(() => f(twin)),
          layout,
        ).toEqual(wanted);
    });
  });
});

describe.each(Object.entries({ neg, square, sqrt, relu }))("%s", (_, f) => {
  it.each(floats)("of %s has the same bits with all kernels", (dtype) => {
    for (const n of [...sizes, 191, 192, 193]) byAll(() => f(tensor(random([n], n), { dtype })));
    byAll(() => f(tensor([...special, ...anyDoubles(20_000)], { dtype })));
    const x = tensor(random([7, 6, 5], 4), { dtype });
    const wanted = byAll(() => f(x));
    for (const [layout, twin] of relayouts(x))
      expect(
        byAll(() => f(twin)),
        layout,
      ).toEqual(wanted);
  });
});

/**
 * Pairs of shapes that broadcast: rows, columns, scalars and other shapes. Some sizes are whole multiples of the chunk
 * that a kernel processes at a time, some are not.
 */
const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  ...[...Array(20).keys(), 191, 192, 193, 8191, 8192, 8193, 20_001].flatMap(
    (n) =>
      [
        [[n], [n]],
        [[n], []],
        [[n], [1]],
      ] as const,
  ),
  ...product([1, 2, 3, 5, 17, 900, 9001], [1, 2, 3, 4, 5, 10, 33, 8200])
    .filter(([rows, n]) => rows! * n! < 40_000)
    .flatMap(([rows, n]) =>
      [[n!], [1, n!], [rows!, 1], [1, 1], [rows!, n!]].map((other) => [[rows!, n!], other] as const),
    ),
  [[3, 1], [4]],
  [[300, 1], [20]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [
    [2, 1, 50],
    [3, 1],
  ],
  [
    [6, 5, 4],
    [5, 4],
  ],
  [
    [6, 5, 40],
    [6, 1, 1],
  ],
  [[0, 3], [3]],
  [
    [3, 0],
    [3, 1],
  ],
];

const arithmetic = { add, sub, mul, div };

describe.each(Object.entries(arithmetic))("%s", (name, f) => {
  describe.each(dtypesOf(name, Object.keys(arithmetic)))("of %s has the same bits with all kernels", (dtype) => {
    const some = (shape: readonly number[], seed: number) => tensor(random(shape, seed), { dtype });

    it("for all broadcasting patterns", () => {
      for (const [p, q] of pairs) {
        const [a, b] = [some(p, 1), some(q, 2)];
        byAll(() => f(a, b));
        byAll(() => f(b, a));
        byAll(() => f(a, a));
      }
    });
    it("for special numbers", () => {
      const list = [...special, ...anyDoubles(200)];
      byAll(() =>
        f(
          tensor(list, { dtype }),
          tensor(
            list.map((x) => [x]),
            { dtype },
          ),
        ),
      );
      byAll(() => f(tensor(anyDoubles(20_000), { dtype }), tensor(anyDoubles(20_000).toReversed(), { dtype })));
    });
    it("for any memory layout", () => {
      for (const [p, q] of [
        [
          [7, 6, 5],
          [7, 6, 5],
        ],
        [[40, 9], [9]],
        [
          [40, 9],
          [40, 1],
        ],
      ] as const) {
        const [a, b] = [some(p, 4), some(q, 5)];
        const wanted = byAll(() => f(a, b));
        for (const [[, x], [, y]] of product(relayouts(a), relayouts(b)) as [[string, Tensor], [string, Tensor]][])
          expect(byAll(() => f(x, y))).toEqual(wanted);
        for (const [thin, whole] of [repeatedAlong(a, 0), repeatedAlong(a, 1), ...overlappingWindows(a)])
          expect(byAll(() => f(thin, b))).toEqual(byAll(() => f(whole, b)));
      }
    });
  });
});

it.each(floats)("reluPullback of %s is g where x > 0 with all kernels", (dtype) => {
  const agrees = (x: Tensor, g: Tensor) =>
    expect(byAll(() => reluPullback(x, g))).toEqual(byAll(() => where(greater(x, 0), g, 0)));
  for (const n of [...sizes, 191, 192, 193, 20_001])
    agrees(tensor(random([n], n), { dtype }), tensor(random([n], n + 1), { dtype }));
  const crossed = product(special, special);
  agrees(
    tensor(
      crossed.map(([x]) => x!),
      { dtype },
    ),
    tensor(
      crossed.map(([, g]) => g!),
      { dtype },
    ),
  );
  agrees(tensor(anyDoubles(5000), { dtype }), tensor(anyDoubles(5000).toReversed(), { dtype }));
  const [x, g] = [tensor(random([7, 6, 5], 4), { dtype }), tensor(random([7, 6, 5], 5), { dtype })];
  for (const [[, a], [, b]] of product(relayouts(x), relayouts(g)) as [[string, Tensor], [string, Tensor]][])
    agrees(a, b);
});

it.each(floats)("axpy of %s has the bits of add and mul with all kernels", (dtype) => {
  const some = (n: number, seed: number) => tensor(random([n], seed), { dtype });
  for (const n of [...sizes, 191, 192, 193])
    for (const alpha of [-0.1, 3, 0, Infinity]) {
      const [x, y] = [some(n, n), some(n, n + 1)];
      expect(byAll(() => axpy(alpha, x, y))).toEqual(byAll(() => add(mul(alpha, x), y)));
    }
  const [x, y] = [tensor(anyDoubles(5000), { dtype }), tensor(anyDoubles(5000).toReversed(), { dtype })];
  expect(byAll(() => axpy(1e-3, x, y))).toEqual(byAll(() => add(mul(1e-3, x), y)));
  const [a, b] = [tensor(random([7, 6, 5], 4), { dtype }), tensor(random([7, 6, 5], 5), { dtype })];
  const wanted = byAll(() => axpy(-0.1, a, b));
  for (const [[, p], [, q]] of product(relayouts(a), relayouts(b)) as [[string, Tensor], [string, Tensor]][])
    expect(byAll(() => axpy(-0.1, p, q))).toEqual(wanted);
});

describe.each(Object.entries({ sum, mean }))("%s", (_, f) => {
  describe.each(floats)("of %s has the same bits with all kernels", (dtype) => {
    const some = (shape: readonly number[], seed = 1) => tensor(random(shape, seed), { dtype });

    it("for slices of any length, alone and in any batch", () => {
      for (const n of [...Array(41).keys(), 63, 64, 65, 4096, 4097, 8191, 8192, 8193, 16_385, 70_003]) {
        const x = some([Math.max(2, Math.min(9, Math.ceil(20_000 / (n + 1)))), n], n);
        const batch = byAll(() => f(x, { axis: 1 }));
        const columns = tensor(transpose(x));
        expect(byAll(() => f(columns, { axis: 0 }))).toEqual(batch);
        const last = tensor(numbers(x).slice(-n || x.size), { dtype });
        expect(byAll(() => f(last))).toEqual(batch.slice(-1));
      }
    });
    it("for any number of rows and columns, and along any axes", () => {
      for (const shape of product([0, 1, 2, 3, 7, 8, 9, 17], [0, 1, 2, 3, 5, 8, 10])) {
        const x = some(shape);
        for (const axis of [0, 1, undefined]) byAll(() => f(x, { axis }));
      }
      for (const shape of [
        [2000, 10],
        [10, 2000],
        [3, 9001],
        [17, 5000],
        [1, 20_000],
        [20_000, 1],
      ])
        for (const axis of [0, 1, undefined]) byAll(() => f(some(shape), { axis }));
      for (const axis of [0, 1, 2, [0, 1], [0, 2], [1, 2], [0, 1, 2], []])
        for (const shape of [
          [3, 4, 5],
          [40, 9, 50],
          [2, 300, 40],
          [1, 7, 1],
        ])
          byAll(() => f(some(shape), { axis }));
    });
    it("for special numbers at any index", () => {
      for (const n of [1, 2, 7, 8, 9, 17])
        for (const x of [0, -0, Infinity, Number.NaN, 1e30, 2 ** -149])
          for (let at = 0; at < n; at++) {
            const slice = numbers(random([n], at)).with(at, x);
            for (const list of [slice, slice.with(n - 1 - at, -x), Array(n).fill(x)]) {
              byAll(() => f(tensor(list, { dtype })));
              byAll(() =>
                f(
                  tensor(
                    list.map((y) => [y, 1, x]),
                    { dtype },
                  ),
                  { axis: 0 },
                ),
              );
            }
          }
    });
    it("for any memory layout", () => {
      const x = some([7, 6, 5], 4);
      for (const axis of [0, 1, 2, [0, 1], [1, 2]]) {
        const wanted = byAll(() => f(x, { axis }));
        for (const [layout, twin] of relayouts(x))
          expect(
            byAll(() => f(twin, { axis })),
            layout,
          ).toEqual(wanted);
        for (const [thin, whole] of [repeatedAlong(x, 0), repeatedAlong(x, 2), ...overlappingWindows(x)])
          expect(byAll(() => f(thin, { axis }))).toEqual(byAll(() => f(whole, { axis })));
      }
    });
  });
});

import { Tensor, tensor, zeros } from "@wengert/core";
import { ndarray } from "@wengert/core/extend";
import { dot, einsum, kernels, matmul, mean, mul, sum, transpose } from "@wengert/ops";
import { afterEach, describe, expect, it, vi } from "vitest";
import { currentEngine } from "../src/wasm/engine.ts";
import type { Exports } from "../src/wasm/exports.ts";
import { newKernels } from "../src/wasm/newKernels.ts";
import { Workspace } from "../src/wasm/workspace.ts";
import { numbers, product, random, relayouts } from "./support.ts";

const { choice, available } = kernels();
afterEach(() => {
  kernels(choice);
  vi.restoreAllMocks();
});

const compiled = available.filter((name) => name !== "plain");
const dtypes = ["float64", "float32"] as const;
type DType = (typeof dtypes)[number];

const of = (dtype: DType, shape: number[], seed: number): Tensor => tensor(random(shape, seed), { dtype });
const under = <T>(name: Parameters<typeof kernels>[0], body: () => T): T => {
  kernels(name);
  return body();
};
/** Returns the matrix `t` with its elements in column-major order in memory. */
const byColumns = (t: Tensor): Tensor => transpose(tensor(transpose(t)));

type Size = [m: number, n: number, k: number];
const range = (n: number) => [...Array(n).keys()];
const unit = { float64: 2 ** -53, float32: 2 ** -24 };

/**
 * Returns the matrix product Σₚ aᵢₚ bₚⱼ, summed in the order of p in the arithmetic of the dtype, and the sums of
 * absolute values Σₚ |aᵢₚ bₚⱼ|.
 */
function naive(dtype: DType, a: Tensor, b: Tensor) {
  const [[m, k], n] = [a.shape as [number, number], b.shape[1]!];
  const [x, y] = [Float64Array.from(numbers(a)), Float64Array.from(numbers(b))];
  const sums = dtype === "float32" ? new Float32Array(m * n) : new Float64Array(m * n); // typed arrays round stored numbers
  const [terms, ofPart, sizes] = [sums.slice(0, n), sums.slice(0, n), new Float64Array(m * n)];
  const part = dtype === "float32" ? Math.ceil(k / Math.ceil(k / 400)) : k;
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++) {
      if (p % part === 0) ofPart.fill(0);
      for (let j = 0; j < n; j++) terms[j] = x[i * k + p]! * y[p * n + j]!;
      for (let j = 0; j < n; j++) {
        ofPart[j]! += terms[j]!;
        sizes[i * n + j]! += Math.abs(terms[j]!);
      }
      const isComplete = (p + 1) % part === 0 || p + 1 === k;
      if (isComplete) for (let j = 0; j < n; j++) sums[i * n + j]! += ofPart[j]!;
    }
  return { sums, sizes };
}

function expectProduct(
  name: string,
  dtype: DType,
  title: string,
  got: Tensor,
  { sums, sizes }: ReturnType<typeof naive>,
  k: number,
) {
  const values = numbers(got);
  expect(values.length, title).toBe(sums.length);
  for (let i = 0; i < sums.length; i++) {
    const bound = name === "simd" ? 0 : 2 * k * unit[dtype] * sizes[i]!;
    if (!(Math.abs(values[i]! - sums[i]!) <= bound))
      expect.fail(`${title}: element ${i} is ${values[i]}, not ${sums[i]}`);
  }
}

/** Compares bits without a matcher, because matchers are slow for millions of numbers. */
function expectSame(title: string, got: ArrayLike<number>, wanted: ArrayLike<number>) {
  expect(got.length, title).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++)
    if (!Object.is(got[i], wanted[i])) expect.fail(`${title}: element ${i} is ${got[i]}, not ${wanted[i]}`);
}

describe.each(available)("long sums of float32 of one sign with %s kernels", { tags: "soak" }, (name) => {
  const k = 3_000_000;
  const kinds: Record<string, (i: number) => number> = {
    "one number": () => 0.1,
    "irregular numbers": (i) => 0.5 + ((i * 0.618) % 1),
  };
  it.each(Object.keys(kinds))("keep their digits, for %s in every layout", (kind) => {
    kernels(name);
    const entry = kinds[kind]!;
    const row = Float32Array.from({ length: k }, (_, i) => entry(i));
    const exact = row.reduce((sum, x) => sum + x * x, 0);
    const repeated = (rows: number) => {
      const data = new Float32Array(rows * k);
      for (let i = 0; i < rows; i++) data.set(row, i * k);
      return tensor(ndarray(data, [rows, k]));
    };
    const x = tensor(row);
    const results: Record<string, Tensor> = { dot: dot(x, x), "einsum, no matrix": einsum("i,i->", x, x) };
    for (const [m, n] of [
      [1, 1],
      [1, 3],
      [2, 1],
    ] as const) {
      const [a, b] = [repeated(m), repeated(n)];
      for (const [left, p] of [
        ["rows", a],
        ["columns", byColumns(a)],
      ] as const)
        for (const [right, q] of [
          ["columns", b],
          ["rows", byColumns(b)],
        ] as const)
          results[`matmul ${m} × ${n}, by ${left} and ${right}`] = matmul(p, transpose(q));
      results[`einsum ${m} × ${n}`] = einsum("ik,jk->ji", a, b);
      if (m > 1) results["matrix-vector product"] = matmul(a, x);
      if (m > 1) results["sum along an axis"] = sum(mul(a, a), { axis: 1 });
      if (m > 1) results["mean along an axis"] = mul(mean(mul(transpose(a), transpose(a)), { axis: 0 }), k);
    }
    for (const [title, y] of Object.entries(results))
      for (const value of numbers(y)) {
        const error = Math.abs(value / exact - 1);
        if (!(error < 2e-6)) expect.fail(`${title}: the relative error is ${error}`);
      }
  });
});

describe.each(compiled)("products with %s kernels", (name) => {
  it("have all sums in the order of k, at all edges of tiles and blocks", () => {
    const ms = [1, 2, 3, 4, 5, 6, 9, 10, 11, 59, 60, 61, 66];
    const ns = [1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 16, 31, 33];
    const ks = [1, 2, 3, 4, 5, 7, 8, 399, 400, 401, 802];
    kernels(name);
    for (const [m, n, k] of product(ms, ns, ks) as [number, number, number][]) {
      const dtype = dtypes[(m + n + k) % 2]!;
      const [a, b] = [of(dtype, [m, k], 1), of(dtype, [k, n], 2)];
      const wanted = naive(dtype, a, b);
      const title = `${dtype} ${m} × ${n} × ${k}`;
      const value = matmul(a, b);
      expectProduct(name, dtype, title, value, wanted, k);
      const bits = numbers(value);
      expectSame(`${title}, aᵀ`, numbers(matmul(byColumns(a), b)), bits);
      expectSame(`${title}, bᵀ`, numbers(matmul(a, byColumns(b))), bits);
    }
  });

  it("read nothing outside their operands, at all sizes up to two tiles", () => {
    kernels(name);
    const { memory, free } = currentEngine()!.exports;
    const nothing = 0xff; // NaN of both dtypes
    const matrices = product(range(13), range(18), [1, 2, 3, 5]).map(([m, n, k]) => [m! + 1, n! + 1, k!]);
    const lines = product([1], [31, 32, 33, 63, 64, 65, 71, 100], [1, 2, 7, 401]);
    for (const [m, n, k] of [...matrices, ...lines] as [number, number, number][]) {
      const dtype = dtypes[(m + n + k) % 2]!;
      const [a, b] = [of(dtype, [m, k], 1), of(dtype, [k, n], 2)];
      const wanted = naive(dtype, a, b);
      for (const [left, right] of product([a, byColumns(a)], [b, byColumns(b)]) as [Tensor, Tensor][]) {
        new Uint8Array(memory.buffer, free(), 65536).fill(nothing);
        expectProduct(name, dtype, `${dtype} ${m} × ${n} × ${k}`, matmul(left, right), wanted, k);
      }
    }
  });

  it("give the same result in parts and at once, for sizes beyond the cache", { tags: "soak" }, () => {
    const sizes = [
      [2900, 9, 100],
      [9, 2900, 100],
      [61, 530, 1100],
      [7, 1100, 1030],
      [1100, 7, 1030],
      [1300, 3, 2200],
      [5, 3, 70_000],
      [150_001, 2, 3],
      [2, 150_001, 3],
      [1500, 1500, 2],
      [1, 1030, 1100],
      [3, 1100, 1030],
    ];
    for (const [at, [m, n, k]] of (sizes as [number, number, number][]).entries()) {
      const dtype = dtypes[at % 2]!;
      const [a, b] = [of(dtype, [m, k], 1), of(dtype, [k, n], 2)];
      const wanted = naive(dtype, a, b);
      kernels(name);
      for (const [left, right] of product([a, byColumns(a)], [b, byColumns(b)]) as [Tensor, Tensor][])
        expectProduct(name, dtype, `${dtype} ${m} × ${n} × ${k}`, matmul(left, right), wanted, k);
    }
  });

  it("do not depend on strides", () => {
    kernels(name);
    for (const dtype of dtypes) {
      for (const [m, n, k] of [
        [7, 9, 5],
        [1, 9, 5],
        [7, 1, 5],
        [7, 9, 1],
        [1, 1, 5],
        [1, 1, 1],
        [12, 40, 3],
      ] as const) {
        const [a, b] = [of(dtype, [m, k], 1), of(dtype, [k, n], 2)];
        const wanted = numbers(matmul(a, b));
        for (const [left, p] of relayouts(a))
          for (const [right, q] of relayouts(b)) expectSame(`${left}, ${right}`, numbers(matmul(p, q)), wanted);
      }
      for (const shape of [
        [6, 1, 5],
        [6, 2, 5],
        [2, 3, 1, 5],
        [1, 6, 5],
        [6, 1, 1],
      ]) {
        // biome-ignore format: reads best on one line
        const [a, b] = [of(dtype, shape, 1), of(dtype, [shape.at(-1)!, 8], 2)];
        for (const [layout, p] of relayouts(a)) expectSame(layout, numbers(matmul(p, b)), numbers(matmul(a, b)));
      }
      const source = of(dtype, [20], 3);
      const strided = (shape: number[], stride: number[]) =>
        new Tensor(shape, dtype, ndarray(source.array!.data, shape, stride));
      const strides = product([0, 1, 2], [0, 1, 2]);
      for (const [p, q] of product(strides, strides) as [number[], number[]][]) {
        const [a, b] = [strided([4, 5], p), strided([5, 4], q)];
        expect(numbers(matmul(a, b)), `${p}, ${q}`).toEqual(numbers(matmul(tensor(a), tensor(b))));
      }
    }
  });

  it("of at most 10 rows equal those of gemmLong32, which writes nothing outside of the product", () => {
    const exports = under(name, newKernels) as Exports;
    const memory = new Float32Array(exports.memory.buffer);
    for (const [m, n, k] of product([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 8, 27], [1, 14, 29, 401, 823]) as Size[]) {
      const [a, b] = [of("float32", [m, k], 1), of("float32", [k, n], 2)];
      const wanted = under(name, () => numbers(matmul(a, b)));
      for (const [aIsByRows, cIsByRows] of product([true, false], [true, false])) {
        const scratchEntries = 220 + 2 * m * ((n + 7) & -8);
        let next = exports.free() / 4;
        const [atA, atB, atC, scratch] = [m * k, k * n, m * n, scratchEntries].map((entries) => {
          const start = (next + 15) & -16;
          next = start + entries + 16;
          return start;
        }) as [number, number, number, number];
        const operands = memory.subarray(atA, next + 1024).fill(7);
        memory.set(numbers(aIsByRows ? a : transpose(a)), atA);
        memory.set(numbers(b), atB);
        const [aRow, aCol] = aIsByRows ? [4 * k, 4] : [4, 4 * m];
        const [cRow, cCol] = cIsByRows ? [4 * n, 4] : [4, 4 * m];
        const expected = operands.slice();
        const part = Math.ceil(k / Math.ceil(k / 400));
        exports.gemmLong32(m, n, k, 4 * atA, aRow, aCol, 4 * atB, 4 * n, 4 * atC, cRow, cCol, part, 4 * scratch);
        for (let i = 0; i < m * n; i++)
          expected[atC - atA + (cIsByRows ? i : (i % n) * m + Math.floor(i / n))] = wanted[i]!;
        expected.set(memory.subarray(scratch, scratch + scratchEntries), scratch - atA);
        const title = `[${m}, ${k}] and [${k}, ${n}], rows ${aIsByRows}, ${cIsByRows}`;
        expectSame(title, operands, expected);
      }
    }
  });

  it("of a row equal those of its batch", () => {
    for (const running of [name, "auto"] as const) {
      kernels(running);
      for (const dtype of dtypes)
        for (const [m, n, k] of [
          [13, 9, 5],
          [70, 11, 50],
          [70, 40, 401],
          [9, 1, 300],
          [40, 16, 16],
        ] as const) {
          const [a, b] = [of(dtype, [m, k], 1), of(dtype, [k, n], 2)];
          const whole = numbers(matmul(a, b));
          for (const i of [0, 1, 4, 5, m - 1]) {
            const row = tensor([numbers(a).slice(i * k, (i + 1) * k)], { dtype });
            expect(numbers(matmul(row, b)), `row ${i} of ${m} × ${n} × ${k}`).toEqual(whole.slice(i * n, (i + 1) * n));
          }
        }
    }
  });

  it("equal those of each matrix in a batch, and of einsum", () => {
    const batches = [[], [1], [2], [3, 1], [3, 2], [1, 2]];
    kernels(name);
    for (const dtype of dtypes) {
      for (const [p, q] of product(batches, batches) as [number[], number[]][]) {
        const [a, b] = [of(dtype, [...p, 6, 5], 1), of(dtype, [...q, 5, 9], 2)];
        const value = matmul(a, b);
        const places = product(...value.shape.slice(0, -2).map(range));
        const matrix = (t: Tensor, place: number[]) => {
          const batch = t.shape.slice(0, -2);
          const own = batch.map((n, axis) => (n === 1 ? 0 : place[axis + place.length - batch.length]!));
          return tensor(new Tensor(t.shape.slice(-2), dtype, t.array!.pick(...own, null, null)));
        };
        for (const place of places)
          expect(matrix(value, place).toNested(), `${p} and ${q}`).toEqual(
            matmul(matrix(a, place), matrix(b, place)).toNested(),
          );
      }
      const [a, b] = [of(dtype, [3, 6, 2, 5], 1), of(dtype, [3, 5, 2, 9], 2)];
      const rows = einsum("bijk,bkjn->bin", a, b);
      const [left, right] = [tensor(a).array!, tensor(transpose(b, { axes: [0, 2, 1, 3] })).array!];
      const as = (nd: typeof left, shape: number[]) => new Tensor(shape, dtype, ndarray(nd.data, shape));
      expect(rows.toNested()).toEqual(matmul(as(left, [3, 6, 10]), as(right, [3, 10, 9])).toNested());
      expect(einsum("ki,kj->ji", of(dtype, [7, 9], 1), of(dtype, [7, 6], 2)).toNested()).toEqual(
        matmul(transpose(of(dtype, [7, 6], 2)), of(dtype, [7, 9], 1)).toNested(),
      );
    }
  });

  it("keep the precision of operands that were summed before", () => {
    for (const dtype of dtypes) {
      const [a, b] = [of(dtype, [7, 6, 40], 1), of(dtype, [6, 9], 2)];
      const run = () => numbers(einsum("ijk,jl->il", a, b));
      const wanted = under("plain", run);
      for (const [i, x] of under(name, run).entries())
        expect(Math.abs(x - wanted[i]!), `element ${i}`).toBeLessThan(40 * unit[dtype]);
    }
  });

  it("treat NaN, infinities and zeros of both signs as plain loops do", () => {
    const special = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1];
    for (const dtype of dtypes)
      for (const [m, n, k] of [
        [7, 9, 7],
        [7, 3, 1],
        [1, 7, 7],
        [7, 1, 7],
        [6, 33, 3],
      ] as const) {
        const of = (count: number, factor: number) =>
          Array.from({ length: count }, (_, i) => special[(i * factor + (i >> 3)) % special.length]!);
        const [a, b] = [tensor(of(m * k, 3), { dtype }), tensor(of(k * n, 5), { dtype })];
        const as = (t: Tensor, shape: number[]) => new Tensor(shape, dtype, ndarray(t.array!.data, shape));
        const run = () => numbers(matmul(as(a, [m, k]), as(b, [k, n])));
        expect(under(name, run)).toEqual(under("plain", run));
      }
  });

  it("of empty operands are zeros or empty", () => {
    kernels(name);
    for (const dtype of dtypes) {
      for (const [m, n, k] of product([0, 1, 6], [0, 1, 9], [0]) as [number, number, number][])
        expect(matmul(zeros([m, k], { dtype }), zeros([k, n], { dtype })).toNested()).toEqual(
          zeros([m, n], { dtype }).toNested(),
        );
      expect(matmul(zeros([0, 5], { dtype }), zeros([5, 9], { dtype })).shape).toEqual([0, 9]);
      expect(matmul(zeros([4, 5], { dtype }), zeros([5, 0], { dtype })).shape).toEqual([4, 0]);
      expect(matmul(zeros([0, 4, 5], { dtype }), zeros([5, 9], { dtype })).shape).toEqual([0, 4, 9]);
    }
  });

  it("use a few megabytes for operands of any size", { tags: "soak" }, () => {
    kernels(name);
    const begin = vi.spyOn(Workspace.prototype, "begin");
    const large = [5, 700, 3000, 150_000];
    for (const dtype of dtypes)
      for (const [m, n, k] of product(large, large, large) as [number, number, number][]) {
        const size = m * k + k * n + m * n;
        if (size > 6e6 || size < 1e6) continue;
        const [a, b] = [zeros([m, k], { dtype }), zeros([k, n], { dtype })];
        const [c, d] = [transpose(zeros([k, m], { dtype })), transpose(zeros([n, k], { dtype }))];
        for (const [x, y] of product([a, c], [b, d]) as [Tensor, Tensor][]) matmul(x, y);
      }
    expect(begin.mock.calls.length).toBeGreaterThan(8);
    expect(Math.max(...begin.mock.calls.map(([bytes]) => bytes))).toBeLessThan(8 * 2 ** 20);
  });

  it("fall back to plain loops without memory", () => {
    const [a, b] = [of("float32", [3, 7, 50], 1), of("float32", [3, 50, 9], 2)];
    const wanted = under("plain", () => matmul(a, b).toNested());
    const begin = vi.spyOn(Workspace.prototype, "begin").mockReturnValue(false);
    expect(under(name, () => matmul(a, b).toNested())).toEqual(wanted);
    expect(begin).toHaveBeenCalled();
  });
});

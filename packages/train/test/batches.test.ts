import { type Tensor, tensor, withLabel, zeros } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { permutation, randomKey, randomNormal, transpose } from "@wengert/ops";
import {
  batches,
  fromSafetensors,
  kFold,
  type StandardScaler,
  standardize,
  standardScaler,
  toSafetensors,
  trainTestSplit,
} from "@wengert/train";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it, test } from "vitest";

const numbers = (x: Tensor): number[] => [x.toNested()].flat(9) as number[];
/** A data set whose row i contains 10 i and 10 i + 1. The label of row i is i. */
const rowsUpTo = (count: number) => ({
  x: tensor(Array.from({ length: count }, (_, i) => [10 * i, 10 * i + 1])),
  y: [tensor(Int32Array.from({ length: count }, (_, i) => i))] as const,
});
const counts = fc.integer({ min: 1, max: 40 });
const sizes = fc.integer({ min: 1, max: 45 });
const seeds = fc.option(fc.nat(), { nil: undefined });
const shuffledBy = (seed: number | undefined) => (seed === undefined ? { shuffle: false } : { key: randomKey(seed) });
const keyOf = (seed: number | undefined) => (seed === undefined ? undefined : randomKey(seed));

describe("batches", () => {
  it("contain each row once with its label, and have the requested size", () => {
    fc.assert(
      fc.property(counts, sizes, seeds, fc.boolean(), (count, size, seed, dropLast) => {
        fc.pre(!dropLast || size <= count);
        const epoch = batches(rowsUpTo(count), { batchSize: size, key: keyOf(seed), dropLast });
        const all = [...epoch];
        expect(all).toHaveLength(epoch.length);
        const seen = all.flatMap(({ y }) => numbers(y[0]));
        const whole = dropLast ? count - (count % size) : count;
        expect(seen).toHaveLength(whole);
        expect(new Set(seen).size).toBe(whole);
        if (seed === undefined) expect(seen).toEqual([...seen.keys()]);
        for (const [i, { x, y }] of all.entries()) {
          expect(x.shape).toEqual([i === epoch.length - 1 ? whole - i * size : size, 2]);
          expect(numbers(x)).toEqual(numbers(y[0]).flatMap((row) => [10 * row, 10 * row + 1]));
        }
      }),
    );
  });

  it("depend only on key and epoch, not on the order of access", () => {
    const order = (seed: number, epoch: number) =>
      [...batches(rowsUpTo(50), { batchSize: 7, key: randomKey(seed), epoch })].flatMap(({ y }) => numbers(y[0]));
    expect(order(1, 3)).toEqual(order(1, 3));
    const orders = [order(1, 0), order(1, 1), order(1, 2), order(2, 0), order(2, 1)];
    expect(new Set(orders.map(String)).size).toBe(5);
    const epoch = batches(rowsUpTo(50), { batchSize: 7, key: randomKey(1) });
    expect([...epoch].map(({ y }) => numbers(y[0]))).toEqual([...epoch].map(({ y }) => numbers(y[0])));
    expect(numbers(epoch.at(5)!.x)).toEqual(numbers([...epoch][5]!.x));
    expect([-1, -8].map((i) => numbers(epoch.at(i)!.x))).toEqual([7, 0].map((i) => numbers([...epoch][i]!.x)));
    expect([-9, 8, 0.5].map((i) => epoch.at(i))).toEqual([undefined, undefined, undefined]);
  });

  it("are views without a key and copies with one", () => {
    const data = rowsUpTo(20);
    for (const batch of batches(data, { batchSize: 6 })) {
      expect(batch.x.array!.data).toBe(data.x.array!.data);
      expect(batch.y[0].array!.data).toBe(data.y[0].array!.data);
    }
    for (const batch of batches(data, { batchSize: 5, key: randomKey(1) }))
      expect(batch.x.array!.data).toHaveLength(10);
  });

  it("keep types, dtypes and labels, for any memory layout", () => {
    interface Example {
      readonly image: Tensor;
      readonly is: readonly [Tensor];
    }
    const data: Example = {
      image: withLabel(transpose(zeros([3, 8], { dtype: "float32" })), "X"),
      is: [tensor(new Array(8).fill(true), { label: "y" })],
    };
    for (const key of [undefined, randomKey(1)]) {
      const batch = batches(data, { batchSize: 8, key }).at(0)!;
      expectTypeOf(batch).toEqualTypeOf<Example>();
      expect(leaves("test", batch, "batch").map(({ label, dtype, shape }) => [label, dtype, ...shape])).toEqual([
        ["X", "float32", 8, 3],
        ["y", "bool", 8],
      ]);
    }
    expect(batches(zeros([4]), { batchSize: 4 }).at(0)!.shape).toEqual([4]);
  });
});

describe("permutation", () => {
  /**
   * Returns the χ² statistic of counts that should be equal. For random counts, the mean of χ² is the number of counts
   * minus 1.
   */
  const chiSquared = (happened: readonly number[]) => {
    const mean = happened.reduce((sum, n) => sum + n, 0) / happened.length;
    return happened.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
  };
  const deviations = (happened: readonly number[], freedom = happened.length - 1) =>
    (chiSquared(happened) - freedom) / Math.sqrt(2 * freedom);

  test("all orders are equally likely", () => {
    const times = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed++) {
      const order = String(numbers(permutation(randomKey(seed), 5)));
      times.set(order, (times.get(order) ?? 0) + 1);
    }
    expect(times.size).toBe(120);
    expect(Math.abs(deviations([...times.values()]))).toBeLessThan(5);
  });

  test("all positions and all successors of a row are equally likely", () => {
    const n = 30;
    const [places, pairs] = [new Array(n * n).fill(0), new Array(n * n).fill(0)];
    for (let seed = 0; seed < 6000; seed++) {
      const order = numbers(permutation(randomKey(seed), n));
      for (const [place, row] of order.entries()) {
        places[n * place + row]++;
        if (place > 0) pairs[n * order[place - 1]! + row]++;
      }
    }
    expect(Math.abs(deviations(places, (n - 1) ** 2))).toBeLessThan(5);
    const following = pairs.filter((_, i) => Math.floor(i / n) !== i % n);
    expect(Math.abs(deviations(following, (n - 1) ** 2))).toBeLessThan(5);
  });

  test("of zero rows is empty, and of one row is [0]", () => {
    expect([0, 1].map((count) => numbers(permutation(randomKey(1), count)))).toEqual([[], [0]]);
    expect(permutation(randomKey(1), 3).dtype).toBe("int32");
  });
});

const share = fc.double({ min: 0.05, max: 0.95, noNaN: true });
const labeled = fc
  .tuple(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 1, max: 4 }), fc.nat())
  .map(([count, classes, seed]) => {
    const order = numbers(permutation(randomKey(seed), count));
    return { ...rowsUpTo(count), labels: tensor(Int32Array.from(order, (i) => i % classes)), count, classes };
  });
const inClass = ({ labels }: { labels: Tensor }, k: number) => numbers(labels).filter((each) => each === k).length;

describe("trainTestSplit", () => {
  it("puts each row into one part in order, and the given fraction into the first", () => {
    fc.assert(
      fc.property(counts, share, seeds, (count, share, seed) => {
        const size = Math.round(share * count);
        fc.pre(size > 0 && size < count);
        const parts = trainTestSplit(rowsUpTo(count), { fraction: share, ...shuffledBy(seed) });
        const [first, second] = parts.map(({ y }) => numbers(y[0])) as [number[], number[]];
        expect(first).toHaveLength(size);
        expect([...first, ...second].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
        if (seed === undefined) expect([...first, ...second]).toEqual([...Array(count).keys()]);
        for (const rows of [first, second]) expect(rows).toEqual([...rows].sort((a, b) => a - b));
      }),
    );
  });

  it("splits each class by the fraction", () => {
    fc.assert(
      fc.property(labeled, share, seeds, ({ count, classes, ...data }, share, seed) => {
        const size = Math.round(share * count);
        fc.pre(size > 0 && size < count);
        const options = { fraction: share, ...shuffledBy(seed), labels: data.labels };
        const [first, second] = trainTestSplit(data, options);
        expect([first.labels.size, second.labels.size]).toEqual([size, count - size]);
        for (let k = 0; k < classes; k++)
          expect(Math.abs(inClass(first, k) - (inClass(data, k) * size) / count)).toBeLessThan(1);
      }),
    );
  });

  it("draws different rows with another key, all equally likely", () => {
    const drawn = (seed: number) =>
      numbers(trainTestSplit(rowsUpTo(10), { fraction: 0.3, key: randomKey(seed) })[0].y[0]);
    expect(drawn(1)).toEqual(drawn(1));
    const times = new Array(10).fill(0);
    for (let seed = 0; seed < 3000; seed++) for (const row of drawn(seed)) times[row]++;
    for (const n of times) expect(Math.abs(n - 900)).toBeLessThan(5 * Math.sqrt(900 * 0.7));
  });

  it("shuffles by default, by randomKey(0), so that sorted classes are in both parts", () => {
    const sorted = tensor(Int32Array.from({ length: 100 }, (_, i) => Math.floor(i / 50)));
    const split = (options: { key?: Tensor; shuffle?: boolean }) =>
      trainTestSplit(sorted, { fraction: 0.5, ...options }).map(numbers);
    expect(split({})).toEqual(split({ key: randomKey(0) }));
    expect(split({})).toEqual(split({ shuffle: true }));
    expect(split({})).not.toEqual(split({ key: randomKey(1) }));
    for (const part of split({})) expect(new Set(part)).toEqual(new Set([0, 1]));
    expect(split({ shuffle: false })).toEqual([Array(50).fill(0), Array(50).fill(1)]);
  });

  it("returns views of the first and the last rows with shuffle: false", () => {
    const data = rowsUpTo(10);
    const parts = trainTestSplit(data, { fraction: 0.3, shuffle: false });
    for (const part of parts) expect(part.x.array!.data).toBe(data.x.array!.data);
    expect(parts.map(({ y }) => numbers(y[0]))).toEqual([
      [0, 1, 2],
      [3, 4, 5, 6, 7, 8, 9],
    ]);
  });
});

describe("kFold", () => {
  it("holds out each row once, in parts whose sizes, also per class, differ by at most one", () => {
    fc.assert(
      fc.property(labeled, fc.integer({ min: 2, max: 9 }), seeds, fc.boolean(), (data, folds, seed, stratified) => {
        const { count, classes, ...rows } = data;
        fc.pre(folds <= count);
        const all = [...kFold(rows, { folds, key: keyOf(seed), labels: stratified ? rows.labels : undefined })];
        expect(all).toHaveLength(folds);
        const held = all.flatMap(({ test }) => numbers(test.y[0]));
        expect(held.sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
        for (const { train, test } of all) {
          const both = [...numbers(train.y[0]), ...numbers(test.y[0])];
          expect(both.sort((a, b) => a - b)).toEqual(held);
          expect(Math.abs(test.labels.size - count / folds)).toBeLessThan(1);
          for (const part of [train, test])
            expect(numbers(part.x)).toEqual(numbers(part.y[0]).flatMap((row) => [10 * row, 10 * row + 1]));
          if (!stratified) continue;
          for (let k = 0; k < classes; k++)
            expect(Math.abs(inClass(test, k) - inClass(rows, k) / folds)).toBeLessThan(1);
        }
      }),
    );
  });

  it("draws different parts with another key", () => {
    const first = (seed: number) => numbers(kFold(rowsUpTo(20), { folds: 4, key: randomKey(seed) }).at(0)!.test.y[0]);
    expect(first(1)).toEqual(first(1));
    expect(first(2)).not.toEqual(first(1));
  });
});

describe("standardize", () => {
  const x = randomNormal(randomKey(1), { shape: [200, 3] });

  it("gives its rows mean 0 and standard deviation 1, and inverseTransform restores them", () => {
    const data = { wide: tensor(x.toNested<number[][]>().map(([v]) => 1e3 * v! + 5e4)), tall: [x] };
    const scale = standardize(data);
    const mapped = scale.transform(data);
    expectTypeOf(mapped).toEqualTypeOf<typeof data>();
    const again = standardize(mapped);
    for (const column of [...numbers(again.mean.wide), ...numbers(again.mean.tall[0]!)])
      expect(column).toBeCloseTo(0, 12);
    for (const column of [...numbers(again.std.wide), ...numbers(again.std.tall[0]!)])
      expect(column).toBeCloseTo(1, 12);
    expect(again.mean.tall[0]!.shape).toEqual([3]);
    for (const [i, v] of numbers(scale.inverseTransform(mapped).tall[0]!).entries())
      expect(v).toBeCloseTo(numbers(x)[i]!, 12);
  });

  it("transforms other rows with the statistics of the first rows", () => {
    const { mean, std, transform } = standardize(tensor([[1], [3]]));
    expect([mean.toNested(), std.toNested()]).toEqual([[2], [1]]);
    expect(transform(tensor([[5], [2]])).toNested()).toEqual([[3], [0]]);
  });

  it("maps a constant column to exactly 0, even if its mean is rounded", () => {
    for (const dtype of ["float64", "float32"] as const)
      for (const value of [0.1, 1 / 3, 1e-300, 12345.678])
        for (const n of [1, 3, 7, 100, 1001]) {
          const column = tensor(
            Array.from({ length: n }, (_, i) => [value, i]),
            { dtype },
          );
          const { mean, std, transform, inverseTransform } = standardize(column);
          expect([numbers(mean)[0], numbers(std)[0], std.dtype]).toEqual([numbers(column)[0], 1, dtype]);
          expect(numbers(transform(column)).filter((_, i) => i % 2 === 0)).toEqual(Array(n).fill(0));
          expect(numbers(inverseTransform(transform(column)))[0]).toBe(numbers(column)[0]);
        }
  });
});

describe("standardScaler", () => {
  const x = randomNormal(randomKey(1), { shape: [50, 3] });

  it("rebuilds the scaler of standardize from its statistics, to the bit", async () => {
    for (const statistics of [standardize(x), (({ mean, std }) => ({ mean, std }))(standardize(x))]) {
      const scaler = standardScaler(statistics);
      expect(numbers(scaler.transform(x))).toEqual(numbers(standardize(x).transform(x)));
      expect(numbers(scaler.inverseTransform(x))).toEqual(numbers(standardize(x).inverseTransform(x)));
    }
    const { mean, std } = standardize(x);
    const { tree } = fromSafetensors(toSafetensors({ mean, std }), { like: { mean, std } });
    expect(numbers(standardScaler(tree).transform(x))).toEqual(numbers(standardize(x).transform(x)));
    expect(numbers(standardScaler({ mean: tensor([1]), std: tensor([2]) }).transform(tensor([[5], [1]])))).toEqual([
      2, 0,
    ]);
  });

  it("keeps the tree and its types, and a NaN column", () => {
    const rows = { wide: x, tall: [zeros([50, 1], { dtype: "float32" })] as const };
    const scaler = standardScaler(standardize(rows));
    expectTypeOf(scaler).toEqualTypeOf<StandardScaler<typeof rows>>();
    expect(scaler.transform(rows).tall[0].dtype).toBe("float32");
    expect(numbers(scaler.transform(rows).tall[0])).toEqual(new Array(50).fill(0));
    const nan = standardize(tensor([[Number.NaN], [1]]));
    expect(numbers(standardScaler(nan).transform(tensor([[1]])))).toEqual([Number.NaN]);
  });
});

import { grad, hvp, type Tensor, tensor, vjp } from "@wengert/core";
import { type CrossEntropyOptions, crossEntropy, mul, sum } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { sampled } from "./soak.ts";
import { int32, numbers, product, random } from "./support.ts";

// Tests cross-entropy on rows with infinite, NaN, zero or ignored entries, for every combination of target and options.

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;
type Row = readonly number[];

const edges: Record<string, Row> = {
  "ordinary logits": [0.5, -1, 2],
  "a NaN": [1, nan, 0],
  "+Infinity": [infinity, 0, 1],
  "+Infinity and −Infinity": [infinity, -infinity, 0],
  "a NaN and −Infinity": [-infinity, nan, 0],
  "−Infinity first": [-infinity, 1, 0.5],
  "−Infinity last": [0.5, 1, -infinity],
  "−Infinity twice": [-infinity, 1, -infinity],
  "nothing but −Infinity": [-infinity, -infinity, -infinity],
  "the largest numbers": [1e308, -1e308, 1e308],
};
type Target = number | Row;
const ignored = -100;
const targets: Record<string, Target> = {
  "label 0": 0,
  "label 1": 1,
  "label 2": 2,
  "an ignored label": ignored,
  "probabilities, none 0": [0.2, 0.3, 0.5],
  "probability 0 first": [0, 1, 0.25],
  "probability 0 last": [0.75, 0.25, 0],
  "one-hot probabilities": [0, 1, 0],
  "no probabilities": [0, 0, 0],
};
const weights: readonly (Row | undefined)[] = [undefined, [0.5, 2, 1], [0, 2, 1], [1, 3, 0]];
const smoothings = [0, 0.25, 1];

/** Returns a · b, but 0 if one factor is 0 and the other is infinite. */
const times = (a: number, b: number): number => ((a === 0 || b === 0) && !Number.isNaN(a + b) ? 0 : a * b);
const total = (terms: readonly number[]): number => terms.reduce((sum, x) => sum + x, 0);

/** The directions of second derivatives. */
const direction = [1, -2, 4];

/**
 * Returns the loss of one row and its derivatives, computed from the definition, with the documented results for
 * infinite, NaN and ignored entries.
 */
function expected(x: Row, target: Target, e: number, weight: Row = [1, 1, 1]) {
  const zeros = x.map(() => 0);
  if (target === ignored) return { loss: 0, byX: zeros, byT: zeros, byW: zeros, second: zeros };
  const certain = typeof target === "number" ? x.map((_, k) => Number(k === target)) : target;
  const t = certain.map((p) => p * (1 - e) + e / x.length);
  const most = Math.max(...x); // NaN if x has a NaN
  const norm = Number.isFinite(most) ? Math.log(total(x.map((z) => Math.exp(z - most)))) : nan;
  const logs = x.map((z) => norm - (z - most)); // −log s
  const q = t.map((p, k) => p * weight[k]!);
  const mass = total(q.filter((_, k) => x[k] !== -infinity));
  const s = logs.map((log) => Math.exp(-log));
  const mean = total(s.map((p, k) => p * direction[k]!));
  const isOther = (k: number) => typeof target === "number" && e === 0 && k !== target;
  return {
    loss: total(q.map((p, k) => times(p, logs[k]!))),
    byX: x.map((z, k) => (Number.isNaN(norm) ? nan : z === -infinity ? 0 : s[k]! * mass - q[k]!)),
    byT: logs.map((log, k) => times(weight[k]! * (1 - e), log)),
    byW: logs.map((log, k) => (isOther(k) ? 0 : times(t[k]!, log))),
    second: s.map((p, k) => mass * p * (direction[k]! - mean)),
  };
}

const good: Row = [1, -0.5, 0.25];

interface Given {
  readonly rows: readonly Row[];
  readonly target: readonly Target[];
  readonly e: number;
  readonly weight: Row | undefined;
}

function derivatives({ rows, target, e, weight }: Given, g: Row) {
  const isLabels = typeof target[0] === "number";
  const t = isLabels ? int32(target as number[]) : tensor(target as number[][]);
  const floats = [
    tensor(rows as number[][]),
    ...(isLabels ? [] : [t]),
    ...(weight ? [tensor(weight as number[])] : []),
  ];
  const options: CrossEntropyOptions = {
    reduction: "none",
    labelSmoothing: e,
    ...(isLabels && { ignoreIndex: ignored }),
  };
  const losses = (x: Tensor, ...others: Tensor[]) =>
    crossEntropy(x, isLabels ? t : others[0]!, { ...options, weight: weight && others.at(-1) });
  const { value, pullback } = vjp(losses as (...xs: Tensor[]) => Tensor, ...floats);
  const [byX, ...rest] = pullback(tensor(g as number[]));

  const [x, ...others] = floats as [Tensor, ...Tensor[]];
  const everywhere = (v: Row) => tensor(rows.map(() => v as number[]));
  const second = (z: Tensor) => hvp((y: Tensor) => sum(losses(y, ...others)))(z, everywhere(direction));
  const third = grad((z: Tensor) => sum(mul(second(z), everywhere([3, 1, -1]))));
  const rowsOf = (y: Tensor) => y.toNested<number[][]>().map((row) => row.map((entry) => entry + 0)); // no −0
  return {
    losses: numbers(value),
    byX: rowsOf(byX!),
    byT: isLabels ? [] : rowsOf(rest[0]!),
    byW: weight ? numbers(rest.at(-1)!) : [],
    second: rowsOf(second(x)),
    third: rowsOf(third(x)),
  };
}

const near = (got: Row | undefined, wanted: Row) =>
  expect(got).toEqual(wanted.map((x) => (Number.isFinite(x) && x !== 0 ? expect.closeTo(x, 13) : x + 0)));

describe.each(Object.keys(edges))("a row with %s", (edge) => {
  const row = edges[edge]!;
  describe.each(sampled(Object.keys(targets), 3))("and %s", (name) => {
    const target = targets[name]!;
    const goodTarget = typeof target === "number" ? 1 : [0.5, 0, 0.75];
    const each = (check: (given: Omit<Given, "rows" | "target">) => void) => {
      for (const [e, weight] of product<number | (Row | undefined)>(smoothings, weights)) {
        check({ e, weight } as Given);
      }
    };
    const between = (given: Omit<Given, "rows" | "target">, g: Row) =>
      derivatives({ ...given, rows: [good, row, good], target: [goodTarget, target, goodTarget] }, g);
    const alone = (given: Omit<Given, "rows" | "target">) =>
      derivatives({ ...given, rows: [good], target: [goodTarget] }, [1.5]);

    it("has the loss and the derivatives of the definition", () =>
      each((given) => {
        const [wanted, got] = [expected(row, target, given.e, given.weight), between(given, [0, 1.5, 0])];
        near([got.losses[1]!], [wanted.loss]);
        const scaled = (list: Row) => list.map((x) => 1.5 * x);
        near(got.byX[1], scaled(wanted.byX));
        if (got.byT[1]) near(got.byT[1], scaled(wanted.byT));
        if (given.weight) near(got.byW, scaled(wanted.byW));
        near(got.second[1], wanted.second);
      }));

    it("does not affect the rows around it, to order 3", () =>
      each((given) => {
        const [got, single] = [between(given, [1.5, 1.5, 1.5]), alone(given)];
        for (const key of ["losses", "byX", "byT", "second", "third"] as const)
          for (const i of [0, 2]) expect(got[key][i]).toEqual(single[key][0]);
      }));

    it("has finite derivatives if the loss is finite, and 0 for ignored entries and −Infinity, to order 3", () =>
      each((given) => {
        const { losses, second, third } = between(given, [1.5, 1.5, 1.5]);
        for (const derivative of [second[1]!, third[1]!]) {
          if (Number.isNaN(losses[1])) expect(derivative).toEqual([nan, nan, nan]);
          else expect(derivative.every(Number.isFinite)).toBe(true);
          for (const [k, x] of derivative.entries())
            if (target === ignored || (row[k] === -infinity && !Number.isNaN(losses[1]))) expect(x).toBe(0);
        }
      }));

    it("contributes 0 with a cotangent of 0, even if the loss is infinite", () =>
      each((given) => {
        const [got, single] = [between(given, [1.5, 0, 1.5]), alone(given)];
        if (Number.isNaN(got.losses[1])) return;
        near(got.byX[1], [0, 0, 0]);
        if (got.byT[1]) near(got.byT[1], [0, 0, 0]);
        near(
          got.byW,
          single.byW.map((x) => 2 * x), // of the two rows around it
        );
      }));
  });
});

it.each([nan, infinity, -infinity])("a single class with the logit %d has NaN as its loss and gradient", (x) => {
  for (const target of [0, tensor([1])]) {
    const f = (z: Tensor) => crossEntropy(z, target);
    expect([f(tensor([x])).item(), ...numbers(grad(f)(tensor([x])))]).toEqual([nan, nan]);
  }
});

describe("the mean", () => {
  const x = [...Object.values(edges), good, [0, 1, 1]];
  const labels = int32(x.map((_, n) => (n < x.length - 2 ? ignored : 1)));
  const [junk, two] = [tensor(x as number[][]), int32([1, 1])];
  const kept = tensor(x.slice(-2) as number[][]);
  it.each(product<object>([{}, { weight: tensor([0.5, 2, 1]) }], [{}, { labelSmoothing: 0.25 }]))(
    "is the mean of the kept rows, with its gradient: %o, %o",
    (weight, smoothing) => {
      const options = { ...weight, ...smoothing };
      const f = (z: Tensor) => crossEntropy(z, labels, { ...options, ignoreIndex: ignored });
      expect(f(junk).item()).toBe(crossEntropy(kept, two, options).item());
      const wanted = numbers(grad((z: Tensor) => crossEntropy(z, two, options))(kept));
      const zeros = x.slice(2).flatMap(() => [0, 0, 0]);
      expect(numbers(grad(f)(junk))).toEqual([...zeros, ...wanted]);
      expect(
        numbers(hvp(f)(junk, random([x.length, 3])))
          .slice(0, zeros.length)
          .map(Math.abs),
      ).toEqual(zeros);
    },
  );
  it.each(product<object>([{}, { weight: tensor([0.5, 2, 1]) }], [{}, { labelSmoothing: 0.25 }]))(
    "of ignored rows only is NaN, and their sum 0; the gradients are 0: %o, %o",
    (weight, smoothing) => {
      const options = { ignoreIndex: 1, ...weight, ...smoothing };
      expect(crossEntropy(kept, two, options).item()).toBeNaN();
      expect(crossEntropy(kept, two, { ...options, reduction: "sum" }).item()).toBe(0);
      const given = [kept, ...Object.values(weight as { weight?: Tensor })];
      const f = (z: Tensor, w?: Tensor) => crossEntropy(z, two, { ...options, weight: w });
      for (const g of vjp(f as (...xs: Tensor[]) => Tensor, ...given).pullback(tensor(1)))
        expect(numbers(g).map(Math.abs)).toEqual(new Array(g.size).fill(0));
    },
  );
});

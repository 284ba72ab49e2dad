import { type Tensor, tensor, vjp } from "@wengert/core";
import { crossEntropy } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import * as exact from "./precise.ts";
import { sampled } from "./soak.ts";
import { int32, numbers, product, random } from "./support.ts";

const { one, over, precise, times, toNumber, total } = exact;
type Precise = exact.Precise;
type Rows = readonly (readonly number[])[];

/** All inputs of a cross-entropy test. A target is a label (a number) or a row of probabilities. */
interface Case {
  readonly logits: Rows;
  readonly ofRows: readonly ReturnType<typeof exact.crossEntropy>[];
  readonly target: readonly number[] | Rows;
  readonly smoothing: number;
  readonly weight: readonly number[] | undefined;
  readonly reduction: "mean" | "sum" | "none";
  readonly ignoreIndex: number | undefined;
  /** The cotangent of each row's loss, or one cotangent if the losses are combined to their sum or mean. */
  readonly g: readonly number[];
}

/** A number, and the size of the terms that were added to compute it. Errors are relative to this size. */
interface Sum {
  readonly value: Precise;
  readonly terms: Precise;
}
const abs = (x: Precise): Precise => (x < 0n ? -x : x);
const sumOf = (terms: readonly Precise[]): Sum => ({ value: total(terms), terms: total(terms.map(abs)) });
const scaled = (by: Precise, value: Precise, terms = abs(value)): Sum => ({
  value: times(by, value),
  terms: times(abs(by), terms),
});

/** Returns the exact loss and the cotangents of its inputs, computed from the definition of the loss. */
function reference({ logits, ofRows, target, smoothing, weight, reduction, ignoreIndex, g }: Case) {
  const [K, e] = [logits[0]!.length, precise(smoothing)];
  const w = (weight ?? Array<number>(K).fill(1)).map(precise);
  const oneHot = (label: number) => w.map((_, k) => (k === label ? one : 0n));
  const certain = target.map((t) => (typeof t === "number" ? oneHot(t) : t.map(precise)));
  const t = certain.map((row) => row.map((p) => times(p, one - e) + over(e, precise(K))));
  const rows = ofRows.map((ofRow, n) => ofRow(t[n]!.map((p, k) => times(p, w[k]!))));

  const isKept = target.map((label) => label !== ignoreIndex);
  const losses = rows.map(({ loss }, n) => (isKept[n] ? loss : 0n));
  const shareOf = (n: number) => (typeof target[n] === "number" ? (w[target[n]] ?? 0n) : one);
  const shares = target.map((_, n) => (isKept[n] ? shareOf(n) : 0n));
  const divisor = reduction === "mean" ? total(shares) : one;
  const value = reduction === "none" ? losses : [over(total(losses), divisor)];
  const byLoss = losses.map((_, n) => (isKept[n] ? over(precise(reduction === "none" ? g[n]! : g[0]!), divisor) : 0n));
  return {
    value: value.map((loss) => scaled(one, loss)),
    byLogits: rows.flatMap(({ byX, terms }, n) => byX.map((x, k) => scaled(byLoss[n]!, x, terms[k]))),
    byTarget: rows.flatMap(({ byT }, n) => byT.map((l, k) => scaled(byLoss[n]!, times(times(w[k]!, one - e), l)))),
    byWeight: w.map((_, k) =>
      sumOf(
        rows.flatMap(({ byT }, n) => [
          times(byLoss[n]!, times(t[n]![k]!, byT[k]!)),
          reduction === "mean" && target[n] === k ? -times(byLoss[n]!, value[0]!) : 0n, // the derivative of the divisor
        ]),
      ),
    ),
  };
}

/** Returns the largest error of the value and of each cotangent, in units in the last place. */
function worst(c: Case, dtype: "float64" | "float32"): Record<string, number> {
  const float = (values: Parameters<typeof tensor>[0]) => tensor(values, { dtype });
  const labels = typeof c.target[0] === "number" ? int32(c.target as number[]) : undefined;
  const [logits, target] = [float(c.logits), labels ?? float(c.target)];
  const floats = [logits, ...(labels ? [] : [target]), ...(c.weight ? [float(c.weight)] : [])];
  const f = (x: Tensor, ...others: Tensor[]) =>
    crossEntropy(x, labels ?? others[0]!, {
      reduction: c.reduction,
      ignoreIndex: c.ignoreIndex,
      labelSmoothing: c.smoothing,
      weight: c.weight && others.at(-1),
    });
  const { value, pullback } = vjp(f as (...xs: Tensor[]) => Tensor, ...floats);
  const [byLogits, ...rest] = pullback(float(c.reduction === "none" ? c.g : c.g[0]!));
  const wanted = reference(c);
  const found: [string, Tensor, readonly Sum[]][] = [
    ["value", value, wanted.value],
    ["byLogits", byLogits!, wanted.byLogits],
  ];
  if (!labels) found.push(["byTarget", rest[0]!, wanted.byTarget]);
  if (c.weight) found.push(["byWeight", rest.at(-1)!, wanted.byWeight]);
  return Object.fromEntries(found.map(([name, got, sums]) => [name, ulps(got, sums, dtype === "float64" ? 52 : 23)]));
}

function ulps(got: Tensor, wanted: readonly Sum[], digits: number): number {
  expect(got.size).toBe(wanted.length);
  const errors = numbers(got).map((x, i) => {
    const error = toNumber(abs(precise(x) - wanted[i]!.value));
    const exponent = Math.floor(Math.log2(toNumber(wanted[i]!.terms))) - digits;
    return error < 1e-100 ? 0 : error / 2 ** Math.max(exponent, digits === 52 ? -1074 : -149);
  });
  return Math.max(...errors);
}

// Rounds a logit to a multiple of 1/64, so that differences of logits are exact. Otherwise, the test would measure the
// rounding errors of the differences, which exp amplifies.
const grid = (x: number) => Math.round(x * 64) / 64;
const tables: readonly Rows[] = [
  [
    [0.5, -1.25, 2, 0.125],
    [1.5, 1.5, -0.75, 1.25],
    [-3, 4.5, -2.25, 4.5],
    [0.25, 0.25, 0.25, 0.25],
  ],
  ...[2, 7, 14, 27.5, 36.75, 46, 60].map((gap) => [
    [0, -gap, -gap - 0.5, -gap - 3],
    [-gap, -gap - 0.25, 0.125, -2 * gap],
    [gap, 0, 1, gap],
    [100 - gap, 99.5 - gap, 98 - gap, 100],
  ]),
  [1, 17.25, 36.75, 50].map((gap, i) => (i % 2 ? [0, -gap] : [3 - gap, 3])),
  [1, 4, 16, 40].map((scale, i) => numbers(random([100], i)).map((x) => grid(scale * x))),
  [[3], [0], [-5], [40]],
];
const known = new Map<readonly number[], Case["ofRows"][number]>();
function ofRow(row: readonly number[]): Case["ofRows"][number] {
  const found = known.get(row) ?? exact.crossEntropy(row);
  known.set(row, found);
  return found;
}
const single = (values: readonly number[]) => values.map(Math.fround);
const weightOf = (K: number) => single([0.75, 1.3, 0.1, 2.2, ...numbers(random([K])).map((x) => 1.5 + x)]).slice(0, K);
const chancesOf = (K: number): Rows =>
  [
    numbers(random([K])).map((x) => (1 + x) / K),
    Array.from({ length: K }, (_, k) => (k % 2 ? 0 : 0.7)),
    Array.from({ length: K }, (_, k) => (k === 1 ? 1 : 1e-9)), // they need not sum to 1
    Array.from({ length: K }, (_, k) => (k === 0 ? 0.97 : 0.01)),
  ].map(single);

const targets: Record<string, (K: number) => readonly Pick<Case, "target" | "ignoreIndex">[]> = {
  labels: (K) => [0, 1, 2, 3].map((k) => ({ target: [0, 1, 2, 3].map((n) => (n + k) % K), ignoreIndex: undefined })),
  "labels with ignored rows": (K) => [{ target: [-1, 1 % K, 0, -1], ignoreIndex: -1 }],
  probabilities: (K) => [{ target: chancesOf(K), ignoreIndex: undefined }],
};
const options = product<Partial<Case>>(
  [{ smoothing: 0 }, { smoothing: 0.125 }, { smoothing: 1 }],
  [{ reduction: "none" }, { reduction: "sum" }, { reduction: "mean" }],
);
const g = single([1.25, -0.3, 2, 1e-3]);

describe.each(["float64", "float32"] as const)("in %s the loss and its cotangents are exact to 4 ulp", (dtype) => {
  for (const [name, targetsOf] of Object.entries(targets))
    it.each(sampled([true, false], 2))(`for ${name}, with weights: %s`, (weighs) => {
      for (const logits of tables) {
        const K = logits[0]!.length;
        const weight = weighs ? weightOf(K) : undefined;
        const ofRows = logits.map(ofRow);
        for (const target of targetsOf(K))
          for (const [smoothing, reduction] of options) {
            const c = { logits, ofRows, g, weight, ...target, ...smoothing, ...reduction } as Case;
            for (const [what, error] of Object.entries(worst(c, dtype)))
              if (!(error <= 4)) expect.fail(`${what} is ${error} ulp off for ${JSON.stringify({ ...c, ofRows: [] })}`);
          }
      }
    });
});

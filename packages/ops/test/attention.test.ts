import { grad, record, type Tensor, tensor } from "@wengert/core";
import { dropout, klDivergence, layerNorm, randomKey, rmsNorm, scaledDotProductAttention, sum } from "@wengert/ops";
import { describe, expect, it } from "vitest";
import { expectNear, numbers, random } from "./support.ts";

describe("scaledDotProductAttention", () => {
  const [q, k, v] = [random([3, 4]), random([5, 4], 2), random([5, 2], 3)];
  /** Computes attention by a loop over the queries. `includes` returns whether a query includes a key. */
  const naive = (includes: (i: number, j: number) => boolean): number[] =>
    [0, 1, 2].flatMap((i) => {
      const at = (t: Tensor, row: number) => numbers(t).slice(row * t.shape[1]!, (row + 1) * t.shape[1]!);
      const score = (j: number) => at(k, j).reduce((total, x, l) => total + x * at(q, i)[l]!, 0) / 2; // √4
      const weights = [0, 1, 2, 3, 4].map((j) => (includes(i, j) ? Math.exp(score(j)) : 0));
      const total = weights.reduce((a, b) => a + b);
      return [0, 1].map((c) => weights.reduce((y, w, j) => y + (w / total) * at(v, j)[c]!, 0));
    });

  it("averages the values by the softmax of the scores", () => {
    expectNear(
      scaledDotProductAttention(q, k, v),
      naive(() => true),
      1e-12,
    );
  });
  it("causal with more keys than queries aligns at the end: the last query includes all keys", () => {
    expectNear(
      scaledDotProductAttention(q, k, v, { causal: true }),
      naive((i, j) => j <= i + 2),
      1e-12,
    );
  });
  it("gives 0 and gradient 0 to a query without any key, and ignores NaN in excluded keys", () => {
    const spoiled = tensor([[Number.NaN], [1]]);
    const mask = tensor([
      [false, true],
      [false, false],
    ]);
    const f = (a: Tensor, b: Tensor) => scaledDotProductAttention(a, b, tensor([[5], [7]]), { mask });
    const x = tensor([[2], [3]]);
    expect(f(x, spoiled).toNested()).toEqual([[7], [0]]);
    const [toX, toKeys] = grad((a: Tensor, b: Tensor) => sum(f(a, b)), { argnums: [0, 1] })(x, tensor([[4], [1]]));
    expect([...numbers(toX), ...numbers(toKeys)].every((g) => g === 0)).toBe(true);
  });
  it("causal with fewer keys than queries gives 0 to the first queries", () => {
    const y = scaledDotProductAttention(random([3, 1]), random([2, 1], 2), tensor([[5], [7]]), { causal: true });
    expect(numbers(y).slice(0, 2)).toEqual([0, 5]);
  });
  it("makes no float array of the size of the scores besides scores, masked scores and weights", () => {
    const { steps } = record(
      (a: Tensor) => scaledDotProductAttention(a, random([17, 4], 2), random([17, 2], 3), { causal: true }),
      random([13, 4]),
    );
    const large = steps.filter(({ output }) => output.size === 13 * 17 && output.dtype === "float64");
    expect(large).toHaveLength(3);
  });
});

describe("layerNorm and rmsNorm", () => {
  it("give mean 0 and mean square 1 along the axis", () => {
    const x = random([4, 6]);
    const [y, z] = [layerNorm(x, { axis: 0, epsilon: 0 }), rmsNorm(x, { epsilon: 0 })];
    for (let column = 0; column < 6; column++) {
      const entries = numbers(y).filter((_, i) => i % 6 === column);
      expect(entries.reduce((a, b) => a + b)).toBeCloseTo(0, 12);
      expect(entries.reduce((a, b) => a + b * b, 0)).toBeCloseTo(4, 12);
    }
    for (let row = 0; row < 4; row++)
      expect(
        numbers(z)
          .slice(6 * row, 6 * row + 6)
          .reduce((a, b) => a + b * b, 0),
      ).toBeCloseTo(6, 12);
  });
  it("give 0 for a constant slice and a slice of zeros", () => {
    expect(numbers(layerNorm(tensor([3, 3, 3])))).toEqual([0, 0, 0]);
    expect(numbers(rmsNorm(tensor([0, 0])))).toEqual([0, 0]);
  });
});

describe("dropout", () => {
  const x = tensor(new Float64Array(10_000).fill(3));
  it("zeros a fraction `rate` of the entries, and divides the others by 1 − rate", () => {
    const y = numbers(dropout(randomKey(1), x, { rate: 0.25 }));
    const dropped = y.filter((each) => each === 0).length;
    expect(Math.abs(dropped - 2500)).toBeLessThan(4 * Math.sqrt(10_000 * 0.25 * 0.75));
    expect(new Set(y)).toEqual(new Set([0, 4]));
  });
  it("has the gradient of the entries that it keeps", () => {
    const f = (a: Tensor) => dropout(randomKey(2), a, { rate: 0.5 });
    expect(numbers(grad((a: Tensor) => sum(f(a)))(x))).toEqual(numbers(f(x)).map((y) => y / 3));
  });
  it("keeps all entries at rate 0, and drops all at rate 1, NaN and infinities included", () => {
    const special = tensor([1, Number.NaN, Infinity]);
    expect(numbers(dropout(randomKey(3), special, { rate: 0 }))).toEqual([1, Number.NaN, Infinity]);
    expect(numbers(dropout(randomKey(3), special, { rate: 1 }))).toEqual([0, 0, 0]);
    const g = grad((a: Tensor) => sum(dropout(randomKey(3), a, { rate: 1 })))(special);
    expect(numbers(g)).toEqual([0, 0, 0]);
  });
});

describe("klDivergence", () => {
  it("keeps its digits if p and q are close", () => {
    // For q = p + d with small d, the KL divergence is about Σ d² / (2 p). The first-order term −Σ d is 0, because p
    // and q have the same sum.
    const d = 2 ** -30;
    const [p, q] = [tensor([0.5, 0.5]), tensor([0.5 + d, 0.5 - d])];
    expect(klDivergence(p, q).item() / (2 * d * d)).toBeCloseTo(1, 6);
  });
  it("is 0 for a term with p = 0, and infinite for q = 0 < p", () => {
    expect(klDivergence(tensor([0, 1]), tensor([0, 1])).item()).toBe(0);
    expect(klDivergence(tensor([0, 1]), tensor([0.5, 0.5])).item()).toBe(Math.log(2));
    expect(klDivergence(tensor([0.5, 0.5]), tensor([0, 1])).item()).toBe(Infinity);
    const g = grad((q: Tensor) => klDivergence(tensor([0, 1]), q))(tensor([0, 0.5]));
    expect(numbers(g)).toEqual([-0, -2]);
  });
});

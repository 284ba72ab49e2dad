import { grad, hvp, jacobian, ShapeError, type Tensor, tensor, vjp, zeros } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { add, exp, log, logSoftmax, logSumExp, mul, slice, softmax, sum } from "@wengert/ops";
import {
  crossEntropyPullback,
  logSoftmaxPullback,
  softCrossEntropyPullback,
  softmaxPullback,
} from "@wengert/ops/extend";
import { describe, expect, it, test } from "vitest";
import * as exact from "./precise.ts";
import { errorOf, expectNear, numbers, product, random } from "./support.ts";

const { precise, times, toNumber, total } = exact;
const ulp = 2 ** -53; // half a unit in the last place of 1: one rounding
const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

/** Rows of logits, among them rows whose largest probability is between 1 − 10⁻³ and 1 − 10⁻²⁰. */
const rows: readonly (readonly number[])[] = [
  ...[1, 5, 40].map((scale) => numbers(mul(random([6], scale), scale))),
  ...[7, 14, 27.6, 36, 46].flatMap((gap) => [
    [0, -gap, -gap - 0.5, -gap - 3],
    [-gap, -gap - 0.25, 0.125, -2 * gap],
    [100, 100 - gap],
  ]),
  [0.5, 0.5, 0.5],
  [3],
];
const cotangents = (n: number) => [
  numbers(random([n], 3)),
  numbers(random([n], 4)).map((x) => 1000 + x), // a common shift, which the Jacobian maps to 0
  Array.from({ length: n }, (_, i) => (i === 1 ? 1 : 0)),
];
/**
 * The error bound for a row of logits. exp multiplies the relative rounding error of a difference of two logits by the
 * absolute value of the difference.
 */
const bound = (row: readonly number[]) => (16 + Math.max(...row) - Math.min(...row)) * ulp;

describe("softmax", () => {
  it("is exact up to the rounding of its logits", () => {
    for (const row of rows) expectNear(softmax(tensor(row)), exact.softmax(row).map(toNumber), bound(row));
  });
  it("does not overflow, and does not underflow to all zeros", () => {
    expect(softmax(tensor([1e308, -1e308])).toNested()).toEqual([1, 0]);
    expect(softmax(tensor([1e4, 1e4])).toNested()).toEqual([0.5, 0.5]);
    expect(softmax(tensor([-1e4, -1e4])).toNested()).toEqual([0.5, 0.5]);
    expect(softmax(tensor([3e38, 3e38], { dtype: "float32" })).toNested()).toEqual([0.5, 0.5]);
  });
  it("sums to 1 along its axes", () => {
    const x = mul(random([2, 3, 4]), 5);
    for (const axis of [0, 1, 2, -1, -3, [0, 1], [2, 0], [-1, -2], [0, 1, 2]])
      for (const total of numbers(sum(softmax(x, { axis }), { axis }))) expect(total).toBeCloseTo(1, 14);
  });
  it("over no axes is 1 everywhere", () => expect(softmax(random([2]), { axis: [] }).toNested()).toEqual([1, 1]));

  describe("pulls back", () => {
    const pull = (row: readonly number[], g: readonly number[]) =>
      vjp((x: Tensor) => softmax(x), tensor(row)).pullback(tensor(g))[0];
    const reference = (row: readonly number[], g: readonly number[]) => {
      const s = exact.softmax(row);
      const inner = total(s.map((p, i) => times(p, precise(g[i]!))));
      return s.map((p, i) => toNumber(times(p, precise(g[i]!) - inner)));
    };
    it("exactly up to the rounding of its logits, also for a probability of 1 − 10⁻²⁰", () => {
      for (const row of rows)
        for (const g of cotangents(row.length)) {
          const [s, wanted] = [exact.softmax(row).map(toNumber), reference(row, g)];
          for (const [i, x] of numbers(pull(row, g)).entries()) {
            // The pullback of softmax is x̄ᵢ = Σⱼ sᵢ sⱼ (gᵢ − gⱼ), for the softmax s and the cotangent g. The error of
            // x̄ᵢ is relative to the terms of this sum, which are tiny if one probability is close to 1.
            const terms = s.reduce((sum, p, j) => sum + s[i]! * p * Math.abs(g[i]! - g[j]!), 0);
            expect(Math.abs(x - wanted[i]!)).toBeLessThanOrEqual(bound(row) * terms + 1e-100);
          }
        }
    });
    it("to machine precision when the textbook form loses all digits", () => {
      const row = [0, -27.6, -28.5]; // one probability is 1 − 10⁻¹²
      const g = [0.75, -0.5, 0.3];
      const s = numbers(softmax(tensor(row)));
      expect(1 - s[0]!).toBeCloseTo(1.4e-12, 12);
      expectNear(pull(row, g), reference(row, g), bound(row));
      const inner = s.reduce((total, p, i) => total + p * g[i]!, 0);
      const textbook = s[0]! * (g[0]! - inner);
      expect(Math.abs(textbook / reference(row, g)[0]! - 1)).toBeGreaterThan(1e-6);
    });
    it("in float32", () => {
      const row = tensor([0, -12, -13], { dtype: "float32" });
      const [x] = vjp((a: Tensor) => softmax(a), row).pullback(tensor([0.75, -0.5, 0.25], { dtype: "float32" }));
      expectNear(x, reference([0, -12, -13], [0.75, -0.5, 0.25]), 2 ** -22);
    });
    it("to numbers whose sum is 0", () => {
      const [x] = vjp((a: Tensor) => softmax(a, { axis: [0, 2] }), random([2, 3, 4])).pullback(random([2, 3, 4], 2));
      for (const total of numbers(sum(x, { axis: [0, 2] }))) expect(Math.abs(total)).toBeLessThan(1e-16);
    });
  });
  it("has the Jacobian diag(s) − s sᵀ", () => {
    const s = numbers(softmax(random([4])));
    const j = jacobian((x: Tensor) => softmax(x))(random([4]));
    for (const [a, b] of product([0, 1, 2, 3], [0, 1, 2, 3]) as [number, number][])
      expect(j.data.get(a, b)).toBeCloseTo(a === b ? s[a]! * (1 - s[a]!) : -s[a]! * s[b]!, 15);
  });
  it("has second derivatives for probabilities of 0 and 1", () => {
    const loss = (x: Tensor) => sum(mul(softmax(x), tensor([1, 2, 3])));
    expect(
      numbers(hvp(loss)(tensor([0, -800, -1000]), tensor([1, 2, 4]))).every((v) => Object.is(Math.abs(v), 0)),
    ).toBe(true);
  });
});

describe("logSoftmax", () => {
  it("is exact up to the rounding of its logits, also for a confident entry near 0", () => {
    for (const row of rows) {
      const norm = exact.logSumExp(row);
      expectNear(
        logSoftmax(tensor(row)),
        row.map((x) => toNumber(precise(x) - norm)),
        bound(row),
      );
    }
    expect(logSoftmax(tensor([0, -17])).data.get(0)).toBeCloseTo(-4.1399e-8, 12);
    expect(logSoftmax(tensor([0, -40])).data.get(0)).toBe(-Math.exp(-40));
  });
  it("does not overflow", () => {
    expect(logSoftmax(tensor([1e308, -1e308])).toNested()).toEqual([0, -infinity]);
    expect(logSoftmax(tensor([1e8, 1e8])).toNested()).toEqual([-Math.LN2, -Math.LN2]);
  });
  it("pulls back g − s Σ g exactly up to the rounding of its logits", () => {
    for (const row of rows)
      for (const g of [numbers(random([row.length], 3)), [1, ...new Array(row.length - 1).fill(0)]]) {
        const s = exact.softmax(row);
        const sumOfG = total(g.map(precise));
        const wanted = s.map((p, i) => toNumber(precise(g[i]!) - times(p, sumOfG)));
        const got = numbers(vjp((x: Tensor) => logSoftmax(x), tensor(row)).pullback(tensor(g))[0]);
        // Entry i of the pullback of logSoftmax is gᵢ − sᵢ Σ g, for the softmax s and the cotangent g. The allowed
        // error is relative to |gᵢ| + |sᵢ Σ g|. For the largest probability, it is relative to the entry of the
        // pullback.
        const peak = row.indexOf(Math.max(...row));
        for (const [i, x] of got.entries()) {
          const terms = i === peak ? Math.abs(wanted[i]!) : Math.abs(g[i]!) + Math.abs(toNumber(times(s[i]!, sumOfG)));
          expect(Math.abs(x - wanted[i]!)).toBeLessThanOrEqual(bound(row) * terms);
        }
      }
  });
  it("is the logarithm of softmax in value and in every derivative", () => {
    const x = random([2, 3]);
    expectNear(logSoftmax(x), numbers(log(softmax(x))), 16 * ulp);
    const [a, b] = [logSoftmax, (y: Tensor) => log(softmax(y))].map((f) =>
      hvp((y: Tensor) => sum(mul(f(y), random([2, 3], 2))))(x, random([2, 3], 3)),
    );
    for (const [i, v] of numbers(a!).entries()) expect(v).toBeCloseTo(numbers(b!)[i]!, 13);
  });
});

describe("non-finite slices", () => {
  const good = [0.5, -1, 2];
  const ops = { softmax, logSoftmax };
  type Name = keyof typeof ops;
  const bad: readonly (readonly number[])[] = [
    [1, nan, 2],
    [1, infinity, 2],
    [infinity, infinity, 0],
    [-infinity, -infinity, -infinity],
    [nan, infinity, -infinity],
  ];
  describe.each(Object.keys(ops) as Name[])("%s", (name) => {
    const op = ops[name];
    const alone = op(tensor([good])).toNested();
    const pulledAlone = vjp((x: Tensor) => op(x), tensor([good]))
      .pullback(tensor([[1, 2, 4]]))[0]
      .toNested();
    it.each(bad)("is NaN only in the slice of %d, %d, %d", (...row) => {
      const x = tensor([good, row, good]);
      const y = op(x).toNested<number[][]>();
      expect([[y[0]], [y[2]], y[1]]).toEqual([alone, alone, [nan, nan, nan]]);
      const [g] = vjp((a: Tensor) => op(a), x).pullback(
        tensor([
          [1, 2, 4],
          [1, 2, 4],
          [1, 2, 4],
        ]),
      );
      const rows = g.toNested<number[][]>();
      expect([[rows[0]], [rows[2]]]).toEqual([pulledAlone, pulledAlone]);
      expect(rows[1]!.some(Number.isNaN)).toBe(true);
    });
    it("is NaN only in that slice along the first axis", () => {
      const y = op(
        tensor([
          [1, 0.5],
          [nan, -1],
          [2, 2],
        ]),
        { axis: 0 },
      ).toNested<number[][]>();
      expect([y.map((row) => row[0]), [y.map((row) => row[1])]]).toEqual([[nan, nan, nan], alone]);
    });
  });
  it("−Infinity has the probability 0 and the gradient 0", () => {
    const x = tensor([0.5, -infinity, 2]);
    const [p, , q] = numbers(softmax(x));
    expect(numbers(softmax(tensor([0.5, 2])))).toEqual([p, q]);
    expect(softmax(x).data.get(1)).toBe(0);
    const [g] = vjp((a: Tensor) => softmax(a), x).pullback(tensor([1, 2, 4]));
    expect(numbers(g)[1]).toBeCloseTo(0, 300);
    expect(numbers(logSoftmax(x))[1]).toBe(-infinity);
    const [h] = vjp((a: Tensor) => logSoftmax(a), x).pullback(tensor([1, 2, 4]));
    expect(numbers(h)).toEqual([expect.closeTo(1 - 5 * p!, 14), 0, expect.closeTo(4 - 5 * q!, 14)]);
  });
});

describe("entries that { where } excludes", () => {
  const mask = tensor([true, false, true]);
  const junk = [nan, infinity, -infinity, 1e300, 0];
  it.each(junk)("give 0 with gradient 0, even for %d", (value) => {
    const x = tensor([0.5, value, 2]);
    const [p, q] = numbers(softmax(tensor([0.5, 2])));
    expect(softmax(x, { where: mask }).toNested()).toEqual([p, 0, q]);
    const [g] = vjp((a: Tensor) => softmax(a, { where: mask }), x).pullback(tensor([1, 1e6, 4]));
    const [wanted] = vjp((a: Tensor) => softmax(a), tensor([0.5, 2])).pullback(tensor([1, 4]));
    expect(numbers(g)).toEqual([numbers(wanted)[0], 0, numbers(wanted)[1]]);
    const [a, b] = numbers(logSoftmax(tensor([0.5, 2])));
    expect(logSoftmax(x, { where: mask }).toNested()).toEqual([a, -infinity, b]);
    const [h] = vjp((c: Tensor) => logSoftmax(c, { where: mask }), x).pullback(tensor([1, 1e6, 4]));
    const [same] = vjp((c: Tensor) => logSoftmax(c), tensor([0.5, 2])).pullback(tensor([1, 4]));
    expect(numbers(h)).toEqual([numbers(same)[0], 0, numbers(same)[1]]);
  });
  it("may be all entries: the result is 0 with gradient 0, −Infinity for logSoftmax", () => {
    const none = tensor([false, false, false]);
    for (const values of [
      [1, 2, 3],
      [nan, infinity, -infinity],
    ]) {
      const x = tensor(values);
      expect(softmax(x, { where: none }).toNested()).toEqual([0, 0, 0]);
      expect(logSoftmax(x, { where: none }).toNested()).toEqual([-infinity, -infinity, -infinity]);
      for (const op of [softmax, logSoftmax]) {
        const [g] = vjp((a: Tensor) => op(a, { where: none }), x).pullback(tensor([1, 2, 3]));
        expect(numbers(g).map(Math.abs)).toEqual([0, 0, 0]);
      }
    }
  });
  it("may differ between slices, and the mask broadcasts", () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const rowwise = softmax(x, { where: tensor([[true], [false]]) }).toNested<number[][]>();
    expect(rowwise).toEqual([softmax(tensor([1, 2, 3])).toNested(), [0, 0, 0]]);
    const some = tensor([
      [true, false, true],
      [false, true, true],
    ]);
    const [p, q] = numbers(softmax(tensor([4, 6]))); // unused: the second row leaves out 4
    expect([p! < q!, softmax(x, { where: some }).toNested<number[][]>()[1]]).toEqual([
      true,
      [0, ...numbers(softmax(tensor([5, 6])))],
    ]);
  });
  it("leave correct derivatives to order 3", () => {
    const some = tensor([
      [true, false, true],
      [false, true, true],
    ]);
    gradcheck((x: Tensor) => softmax(x, { where: some }), [random([2, 3])], { order: 3 });
    gradcheck((x: Tensor) => softmax(x, { axis: 0, where: some }), [random([2, 3])], { order: 3 });
    gradcheck((x: Tensor) => exp(logSoftmax(x, { where: some })), [random([2, 3])], { order: 3 });
  });
  it("leave finite second derivatives for any excluded value", () => {
    const loss = (x: Tensor) => sum(mul(softmax(x, { where: mask }), tensor([1, 2, 4])));
    for (const value of junk)
      expect(numbers(hvp(loss)(tensor([0.5, value, 2]), tensor([1, 2, 4]))).every(Number.isFinite)).toBe(true);
  });
});

describe("axes of size 0", () => {
  test.each([
    [[0], -1],
    [[2, 0], -1],
    [[2, 0], 0],
    [[0, 3], 0],
    [[0, 3], 1],
  ] as const)("%j along %i", (shape, axis) => {
    const x = random(shape);
    for (const op of [softmax, logSoftmax]) {
      expect(op(x, { axis }).shape).toEqual(shape);
      expect(grad((a: Tensor) => sum(op(a, { axis })))(x).shape).toEqual(shape);
    }
  });
  it("logSumExp over an empty axis is −Infinity", () => {
    expect(logSumExp(tensor([])).item()).toBe(-infinity);
    expect(logSumExp(random([2, 0]), { axis: 1 }).toNested()).toEqual([-infinity, -infinity]);
    expect(grad((a: Tensor) => logSumExp(a))(tensor([])).shape).toEqual([0]);
  });
});

describe("logSumExp", () => {
  it("is exact up to the rounding of its logits", () => {
    for (const row of rows) {
      const wanted = toNumber(exact.logSumExp(row));
      const terms = Math.max(1, ...row.map(Math.abs)); // log(2) − log(2) cancels: relative to the logits
      expect(Math.abs(logSumExp(tensor(row)).item() - wanted)).toBeLessThanOrEqual(4 * ulp * terms);
    }
    expect(logSumExp(tensor([0, -40])).item()).toBe(Math.exp(-40)); // log1p: not rounded to 0
  });
  it.each<[readonly number[], number]>([
    [[1e308, 1e308], 1e308],
    [[1, infinity], infinity],
    [[infinity, -infinity], infinity],
    [[-infinity, -infinity], -infinity],
    [[-infinity, 3], 3],
    [[nan, 1], nan],
    [[nan, infinity], nan],
  ])("of %j is %d", (row, wanted) => {
    expect(logSumExp(tensor(row)).item()).toBe(wanted);
    const y = logSumExp(tensor([[0, 0], row]), { axis: 1 }).toNested();
    expect(y).toEqual([Math.LN2, wanted]);
  });
  it("of −Infinity only has the gradient 0, in that slice only", () => {
    const g = grad((x: Tensor) => sum(logSumExp(x, { axis: 1 })))(
      tensor([
        [-infinity, -infinity],
        [0, 0],
      ]),
    );
    expect(g.toNested()).toEqual([
      [0, 0],
      [0.5, 0.5],
    ]);
  });
  it("has softmax as its gradient", () => {
    const x = mul(random([2, 3]), 3);
    for (const axis of [0, 1, [0, 1]])
      expectNear(grad((a: Tensor) => sum(logSumExp(a, { axis })))(x), numbers(softmax(x, { axis })), 4 * ulp);
  });
});

describe("the pullbacks as ops", () => {
  it("equal the results of vjp", () => {
    const [x, g] = [random([3, 4]), random([3, 4], 2)];
    for (const axis of [0, 1, [0, 1]]) {
      const [s] = vjp((a: Tensor) => softmax(a, { axis }), x).pullback(g);
      expect(softmaxPullback(softmax(x, { axis }), g, { axis }).toNested()).toEqual(s.toNested());
      const [l] = vjp((a: Tensor) => logSoftmax(a, { axis }), x).pullback(g);
      expect(logSoftmaxPullback(x, g, { axis }).toNested()).toEqual(l.toNested());
    }
  });
});

test("the pullbacks throw for a cotangent of another shape", () => {
  const [x, g] = [random([2, 3]), random([3])];
  for (const call of [() => softmaxPullback(x, g), () => logSoftmaxPullback(x, g)]) {
    const error = errorOf(call);
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(/oftmaxPullback: g \[3\] must have the shape of [sx] \[2, 3\]/);
  }
  const labels = tensor([0, 1], { dtype: "int32" });
  expect(() => crossEntropyPullback(x, labels, g, { axis: 1 })).toThrow(
    /g \[3\] must have the shape \[2\], one number per row/,
  );
  expect(() => softCrossEntropyPullback(x, x, g, { axis: 1 })).toThrow(/g \[3\] must have the shape \[2\], one number/);
});

describe("the derivatives of logSoftmax", () => {
  const pullback = (x: Tensor, g: number[]) =>
    vjp((y: Tensor) => logSoftmax(y), x)
      .pullback(tensor(g))
      .map(numbers)[0]!;
  it("do not depend on the number of classes", () => {
    const K = 4000;
    // The cotangents g are all 0.1, and the K = 4000 probabilities are all 1 / K, so each exact derivative is 0.1 − Σ
    // 0.1 / K = 0. A plain sum of 4000 terms would be wrong by 60 ulp.
    for (const x of pullback(zeros([K]), Array(K).fill(0.1))) expect(Math.abs(x)).toBeLessThanOrEqual(0.1 * 2 ** -52);
  });
  it("are g if the probability underflows, and NaN in a whole slice with a NaN", () => {
    expect(pullback(tensor([0, -800]), [1, 2])).toEqual([-2, 2]);
    expect(pullback(tensor([Number.NaN, -Infinity]), [1, 2])).toEqual([Number.NaN, Number.NaN]);
  });
  it("exclude −Infinity, to second order", () => {
    const [x, g, u] = [tensor([0, 1, -Infinity]), tensor([1, 2, 5]), tensor([0.5, -1, 3])];
    const without = (t: Tensor) => slice(t, { stop: [2] });
    const [byX, byG] = vjp((a: Tensor, b: Tensor) => logSoftmaxPullback(a, b), x, g).pullback(u);
    const [ofX, ofG] = vjp((a: Tensor, b: Tensor) => logSoftmaxPullback(a, b), without(x), without(g)).pullback(
      without(u),
    );
    expect(numbers(add(byX, 0))).toEqual([...numbers(ofX), 0]); // not −0
    expect(numbers(byG)).toEqual([...numbers(ofG), 0]);
  });
});

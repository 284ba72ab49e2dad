import { grad, type Tensor, tensor, vjp } from "@wengert/core";
import { exp, expm1, gelu, log, relu, sigmoid, sqrt, square, sum, tanh } from "@wengert/ops";
import { geluSlope } from "@wengert/ops/extend";
import { describe, expect, it } from "vitest";
import * as exact from "./precise.ts";
import { expectNear, int32, numbers } from "./support.ts";

const { one, over, precise, times, toNumber } = exact;
const ulp = 2 ** -53;
const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;
const slope = (f: (x: Tensor) => Tensor, x: readonly number[]) => grad((a: Tensor) => sum(f(a)))(tensor(x));
/** Points at which functions are tested, from 0 far into both tails. */
const points = [0, 1e-9, 0.25, 0.5, 1, 2, 5, 10, 18.5, 19, 36, 37.5, 60, 100].flatMap((x) => [x, -x]);

describe("values at the limits of the functions", () => {
  it.each<[string, (x: Tensor) => Tensor, number[], number[]]>([
    ["exp", exp, [0, -infinity, infinity, nan, 1000, -1000], [1, 0, infinity, nan, infinity, 0]],
    ["log", log, [1, 0, -0, infinity, -1, nan], [0, -infinity, -infinity, infinity, nan, nan]],
    ["sqrt", sqrt, [4, 0, infinity, -1, nan], [2, 0, infinity, nan, nan]],
    ["square", square, [-3, infinity, -infinity, nan], [9, infinity, infinity, nan]],
    ["tanh", tanh, [0, -0, infinity, -infinity, 1000, nan], [0, -0, 1, -1, 1, nan]],
    ["sigmoid", sigmoid, [0, infinity, -infinity, 1000, -1000, nan], [0.5, 1, 0, 1, 0, nan]],
    ["expm1", expm1, [-0, infinity, -infinity, nan], [-0, infinity, -1, nan]],
    ["gelu", gelu, [0, -0, infinity, -infinity, -40, nan], [0, -0, infinity, -0, -0, nan]],
    ["relu", relu, [2, -2, 0, infinity, -infinity, nan], [2, 0, 0, infinity, 0, nan]],
  ])("%s", (_, f, x, wanted) => expect(f(tensor(x)).toNested()).toEqual(wanted));
});

describe("sigmoid", () => {
  /** Computes the sigmoid σ(x) = 1 / (1 + e⁻ˣ) with 500 bits. */
  const reference = (x: number) => over(one, one + exact.exp(precise(-x)));
  it("is exact in both tails", () => {
    expect(sigmoid(tensor([-720, -745])).toNested()).toEqual([Math.exp(-720), Math.exp(-745)]); // where e⁷²⁰ overflows
    expectNear(
      sigmoid(tensor(points)),
      points.map((x) => toNumber(reference(x))),
      4 * ulp,
    );
  });
  it("has the derivative σ(x) σ(−x), exact in both tails where y (1 − y) is 0", () => {
    const wanted = points.map((x) => toNumber(times(reference(x), reference(-x))));
    expectNear(slope(sigmoid, points), wanted, 8 * ulp);
    expectNear(slope(sigmoid, [700, -700, 40]), [Math.exp(-700), Math.exp(-700), Math.exp(-40)], 4 * ulp);
    expect(numbers(slope(sigmoid, [1000, -1000, infinity, -infinity]))).toEqual([0, 0, 0, 0]);
  });
  it("has a second derivative in the tails, σ(x) σ(−x) (1 − 2 σ(x))", () => {
    const second = grad((a: Tensor) => sum(grad((b: Tensor) => sum(sigmoid(b)))(a)));
    const x = [-100, -40, -1, 1, 40, 100];
    const wanted = x.map((v) => toNumber(times(times(reference(v), reference(-v)), one - 2n * reference(v))));
    expectNear(second(tensor(x)), wanted, 16 * ulp);
  });
});

describe("tanh", () => {
  it("has the derivative 1 / cosh², exact in both tails where 1 − y² is 0", () => {
    const wanted = points.map((x) => {
      const power = exact.exp(precise(-2 * Math.abs(x)));
      return toNumber(over(4n * power, times(one + power, one + power)));
    });
    expectNear(slope(tanh, points), wanted, 8 * ulp);
    expectNear(slope(tanh, [300, -300]), [4 * Math.exp(-600), 4 * Math.exp(-600)], 4 * ulp);
    expect(numbers(slope(tanh, [1000, -1000, infinity]))).toEqual([0, 0, 0]);
  });
});

describe("gelu", () => {
  it("has the derivatives 0 and 1 at its limits, and the second derivative 0", () => {
    const ends = [-infinity, -50, 50, infinity];
    expect(numbers(slope(gelu, ends)).map(Math.abs)).toEqual([0, 0, 1, 1]);
    const second = grad((a: Tensor) => sum(grad((b: Tensor) => sum(gelu(b)))(a)))(tensor(ends));
    expect(numbers(second).map(Math.abs)).toEqual([0, 0, 0, 0]);
  });
  it("has its minimum where the derivative is 0, to double precision", () => {
    const [below, above] = [-0.7517915246935645, -0.7517915246935644];
    const [a, b] = numbers(slope(gelu, [below, above]));
    expect(a! < 0 && b! > 0 && b! - a! < 1e-16).toBe(true);
  });

  it("in float32 is the rounded float64 result, and so is its slope, also near its zero", () => {
    const [least, most, zero] = new Uint32Array(Float32Array.of(1e-30, 8, 0.75179154).buffer) as unknown as number[];
    const bits = Array.from({ length: 64 }, (_, k) => zero! - 32 + k);
    for (let t = least!; t < most!; t += 9973) bits.push(t); // floats are ordered as their bits
    const sizes = new Float32Array(Uint32Array.from(bits).buffer);
    const x = [...sizes, ...sizes.map((t) => -t)];
    for (const f of [gelu, geluSlope]) {
      const wanted = numbers(f(tensor(x))).map(Math.fround);
      expect(numbers(f(tensor(x, { dtype: "float32" })))).toEqual(wanted);
    }
  });
});

describe("relu", () => {
  it("has the derivative 0 at 0 and below, and 1 above", () => {
    expect(slope(relu, [1, 0, -0, -1]).toNested()).toEqual([1, 0, 0, 0]);
    const [g] = vjp((x: Tensor) => relu(x), tensor([1, 0, -1])).pullback(tensor([nan, nan, infinity]));
    expect(g.toNested()).toEqual([nan, 0, 0]);
  });
  it("and square accept integers", () => {
    expect(relu(int32([-3, 4])).toNested()).toEqual([0, 4]);
    const squares = square(int32([-3, 65536, 2 ** 31 - 1]));
    expect([squares.dtype, squares.toNested()]).toEqual(["int32", [9, 0, 1]]);
  });
});

it("log has the derivative 1 / x and sqrt 1 / (2√x), both infinite at 0", () => {
  expect(slope(log, [2, 0]).toNested()).toEqual([0.5, infinity]);
  expect(slope(sqrt, [4, 0]).toNested()).toEqual([0.25, infinity]);
});

import { grad, hessian, jacobian, OutOfRangeError, type Tensor, tensor, vjp } from "@wengert/core";
import {
  acosh,
  asinh,
  atan2,
  ceil,
  elu,
  exp2,
  floor,
  floorDivide,
  huber,
  hypot,
  leakyRelu,
  log2,
  log10,
  mod,
  nanToNum,
  reciprocal,
  round,
  silu,
  sum,
  trunc,
} from "@wengert/ops";
import { describe, expect, it, test } from "vitest";
import { int32, numbers, product } from "./support.ts";

const nan = Number.NaN;
const infinity = Number.POSITIVE_INFINITY;
const slopes = (f: (x: Tensor) => Tensor, x: readonly number[]) => numbers(grad((a: Tensor) => sum(f(a)))(tensor(x)));
const pairSlopes = (f: (a: Tensor, b: Tensor) => Tensor, a: number, b: number) =>
  vjp(f, tensor(a), tensor(b))
    .pullback(1)
    .map((t) => t.item());

describe("rounding", () => {
  const x = [-2.5, -1.5, -0.5, -0.2, -0, 0.5, 1.5, 2.5, 2 ** 52 - 0.5, 2 ** 53 + 2, 5e-324, infinity, -infinity, nan];
  it("round takes halves to the even neighbor, as Python's round", () => {
    const wanted = [-2, -2, -0, -0, -0, 0, 2, 2, 2 ** 52, 2 ** 53 + 2, 0, infinity, -infinity, nan];
    expect(numbers(round(tensor(x)))).toEqual(wanted);
  });
  it("floor, ceil and trunc go down, up and toward 0", () => {
    expect(numbers(floor(tensor([-1.5, -0, 1.5, nan])))).toEqual([-2, -0, 1, nan]);
    expect(numbers(ceil(tensor([-1.5, -0.5, 1.5, infinity])))).toEqual([-1, -0, 2, infinity]);
    expect(numbers(trunc(tensor([-1.5, -0.5, 1.5, -infinity])))).toEqual([-1, -0, 1, -infinity]);
  });
  it("keeps int32, and has the gradient 0", () => {
    for (const f of [floor, ceil, round, trunc]) {
      expect([f(int32([3, -4])).dtype, f(int32([3, -4])).toNested()]).toEqual(["int32", [3, -4]]);
      expect(slopes(f, [0.3, 2])).toEqual([0, 0]);
    }
  });
});

describe("mod", () => {
  it("has the sign of the divisor, as NumPy's mod", () => {
    const [a, b] = [
      tensor([7, -7, 7, -7, 6, -6, 1, -1, 5, infinity]),
      tensor([3, 3, -3, -3, 3, -3, infinity, infinity, 0, 2]),
    ];
    expect(numbers(mod(a, b))).toEqual([1, 2, -2, -1, 0, -0, 1, infinity, nan, nan]);
    expect(numbers(mod(int32([7, -7, 7, -7]), int32([3, 3, -3, -3])))).toEqual([1, 2, -2, -1]);
  });
  it("has the derivative 1 for a and −⌊a / b⌋ for b", () => {
    expect(pairSlopes(mod, 7.5, 2)).toEqual([1, -3]);
    expect(pairSlopes(mod, -7.5, 2)).toEqual([1, 4]);
    expect(pairSlopes(mod, 0.3 - 2 ** -54, 0.1)).toEqual([1, -2]); // the quotient rounds to 3
  });
});

describe("floorDivide", () => {
  const ends = [7, -7, 6, -6, 0.5, -0.5, 0, -0, 1e-20, -1e-20, 1e300, 5e-324, infinity, -infinity, nan];
  const pairs = product(ends, ends) as [number, number][];
  const [a, b] = [0, 1].map((k) => tensor(pairs.map((pair) => pair[k]!))) as [Tensor, Tensor];

  it("rounds the quotient down, as NumPy's floor_divide", () => {
    const [dividends, divisors] = [
      tensor([7, -7, 7, -7, 6, -6, 1, -1, 5, -5, 0, infinity, 0.3 - 2 ** -54, -0.5, 0]),
      tensor([3, 3, -3, -3, 3, -3, infinity, infinity, 0, 0, 0, 2, 0.1, -2, -3]),
    ];
    const wanted = [2, -3, -3, 2, 2, 2, 0, -1, infinity, -infinity, nan, nan, 2, 0, -0];
    expect(numbers(floorDivide(dividends, divisors))).toEqual(wanted);
  });
  it("equals a = b · floorDivide(a, b) + mod(a, b) for finite quotients", () => {
    const [q, r] = [numbers(floorDivide(a, b)), numbers(mod(a, b))];
    for (const [i, [x, y]] of pairs.entries()) {
      if (y === 0) expect(q[i], `${x} / ${y}`).toBe(x / y);
      else if (!Number.isFinite(x) || Number.isNaN(y)) expect(q[i], `${x} / ${y}`).toBeNaN();
      else if (Number.isFinite(q[i]) && Number.isFinite(y)) {
        const error = Math.abs(y * q[i]! + r[i]! - x);
        expect(error, `${x} / ${y}`).toBeLessThanOrEqual(2 ** -52 * Math.max(Math.abs(x), Math.abs(y)));
        expect(Math.abs(q[i]! % 1), `${x} / ${y}`).toBe(0);
      }
    }
  });
  it("gives int32 for int32, which wraps around, and throws for a divisor of 0", () => {
    const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
    const dividends = [7, -7, least, least + 1, most, 0];
    const divisors = [3, -3, 1, -1, 65537, most, least];
    const all = product(dividends, divisors) as [number, number][];
    const y = floorDivide(int32(all.map(([x]) => x)), int32(all.map(([, d]) => d)));
    const exact = all.map(([x, d]) => {
      const [n, m] = [BigInt(x), BigInt(d)];
      const toZero = n / m;
      return Number(BigInt.asIntN(32, n % m !== 0n && n < 0n !== m < 0n ? toZero - 1n : toZero));
    });
    expect([y.dtype, numbers(y)]).toEqual(["int32", exact]);
    expect(() => floorDivide(int32([1]), int32([0]))).toThrow(OutOfRangeError);
  });
  it("has the gradient 0 for both inputs", () => expect(pairSlopes(floorDivide, 7.5, 2)).toEqual([0, 0]));
});

describe("atan2", () => {
  it("has IEEE's angles at all signed zeros and infinities", () => {
    const ends = [0, -0, 1, -1, infinity, -infinity];
    for (const y of ends) for (const x of ends) expect(atan2(y, x).item(), `atan2(${y}, ${x})`).toBe(Math.atan2(y, x));
    expect(atan2(0, -0).item()).toBe(Math.PI);
    expect(atan2(-0, -0).item()).toBe(-Math.PI);
    expect(atan2(-0, 0).item()).toBe(-0);
  });
  it("has derivatives at the largest and smallest numbers, and NaN at the origin", () => {
    expect(pairSlopes(atan2, 3e-300, 4e-300)).toEqual([1.6e299, -1.2e299]);
    expect(pairSlopes(atan2, 3e200, 4e200)).toEqual([1.6e-201, -1.2e-201]);
    expect(pairSlopes(atan2, 0, 0)).toEqual([nan, nan]);
    expect(pairSlopes(atan2, 0, -2)).toEqual([-0.5, -0]);
  });
});

describe("hypot", () => {
  it("neither overflows nor underflows, and is Infinity with an infinite leg", () => {
    expect([hypot(3e300, 4e300).item(), hypot(3e-320, 4e-320).item()]).toEqual([5e300, 5e-320]);
    expect([hypot(infinity, nan).item(), hypot(nan, 1).item(), hypot(-0, -0).item()]).toEqual([infinity, nan, 0]);
  });
  it("has the gradient 0 at the origin, and the limits at infinity", () => {
    expect(pairSlopes(hypot, 0, 0)).toEqual([0, 0]);
    expect(pairSlopes(hypot, -infinity, 3)).toEqual([-1, -0]);
    const second = hessian((p: Tensor) => hypot(p, 0))(tensor(0));
    expect(second.item()).toBe(0);
  });
});

test("powers of 2 and logarithms of powers of 2 and 10 are exact", () => {
  const k = Array.from({ length: 2098 }, (_, i) => i - 1074);
  expect(numbers(exp2(tensor(k)))).toEqual(k.map((i) => 2 ** i));
  expect(numbers(log2(exp2(tensor(k))))).toEqual(k);
  const tens = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
  expect(numbers(log10(tensor(tens)))).toEqual([...tens.keys()]);
});

test("reciprocal, asinh and acosh have derivatives at the ends of their range", () => {
  expect(slopes(reciprocal, [2, -0.5, infinity])).toEqual([-0.25, -4, -0]);
  expect(slopes(asinh, [1e200, -infinity])).toEqual([1e-200, 0]);
  expect(slopes(acosh, [1e200, 1, 0.5])).toEqual([1e-200, infinity, nan]);
});

test("nanToNum replaces NaN and infinities, with the largest numbers of the dtype by default", () => {
  const x = [nan, infinity, -infinity, 2];
  expect(numbers(nanToNum(tensor(x)))).toEqual([0, Number.MAX_VALUE, -Number.MAX_VALUE, 2]);
  const single = nanToNum(tensor(x, { dtype: "float32" }));
  expect(numbers(single)).toEqual([0, 3.4028234663852886e38, -3.4028234663852886e38, 2]);
  expect(numbers(nanToNum(tensor(x), { nan: 7, posInf: 8, negInf: 9 }))).toEqual([7, 8, 9, 2]);
  expect(slopes((a) => nanToNum(a), x)).toEqual([0, 0, 0, 1]);
});

describe("activations", () => {
  it("silu keeps its digits in the tail, and has the limits as derivatives", () => {
    expect(numbers(silu(tensor([-infinity, infinity, nan, -0])))).toEqual([-0, infinity, nan, -0]);
    expect(slopes(silu, [-infinity, 0, infinity]).map(Math.abs)).toEqual([0, 0.5, 1]);
    const second = jacobian(grad((a: Tensor) => sum(silu(a))))(tensor([-infinity, infinity]));
    expect(numbers(second).map(Math.abs)).toEqual([0, 0, 0, 0]);
  });
  it("elu and leakyRelu have the derivative of their left side at 0", () => {
    expect(slopes((x) => elu(x, { alpha: 2 }), [-infinity, 0, 3])).toEqual([0, 2, 1]);
    expect(numbers(elu(tensor([-infinity, -1e-20, 3]), { alpha: 2 }))).toEqual([-2, -2e-20, 3]);
    expect(slopes((x) => leakyRelu(x), [-2, 0, 3])).toEqual([0.01, 0.01, 1]);
    expect(numbers(leakyRelu(tensor([-2, 3, nan]), { slope: 0.5 }))).toEqual([-1, 3, nan]);
  });
});

describe("huber", () => {
  const [p, t] = [tensor([0, 3, -5]), tensor([0.5, 1, -1])];
  it("is ½ d² near 0 and linear beyond delta", () => {
    expect(numbers(huber(p, t, { reduction: "none" }))).toEqual([0.125, 1.5, 3.5]);
    expect(huber(p, t, { delta: 3, reduction: "sum" }).item()).toBe(0.125 + 2 + 7.5);
    expect(huber(p, t).item()).toBe(5.125 / 3);
    expect(numbers(huber(tensor([infinity, nan]), 0, { reduction: "none" }))).toEqual([infinity, nan]);
  });
  it("has the clipped difference as its derivative", () => {
    const total = (a: Tensor, b: Tensor) => huber(a, b, { reduction: "sum" });
    expect(vjp(total, p, t).pullback(1).map(numbers)).toEqual([
      [-0.5, 1, -1],
      [0.5, -1, 1],
    ]);
    expect(slopes((x) => huber(x, 0, { reduction: "sum" }), [infinity, -infinity])).toEqual([1, -1]);
  });
  it("accepts a scalar for either side, and no other shapes that broadcast", () => {
    expect(huber(1, p, { reduction: "sum" }).item()).toBe(0.5 + 1.5 + 5.5);
    expect(() => huber(tensor([[1], [2], [3]]), t)).toThrow(/^huber: prediction and target must have the same shape/);
  });
});

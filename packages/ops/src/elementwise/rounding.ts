import { ArgumentError, OutOfRangeError, tensor } from "@wengert/core";
import { type Binary, defineOp, describe, type Op, type Operand, show, type Unary } from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { pairDomainCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { mul, neg, numericDType } from "./arithmetic.ts";
import { isFinite as finite } from "./compare.ts";
import { elementwiseFunction } from "./declaring.ts";
import { where } from "./where.ts";

// This file declares ops that round to whole numbers, compute remainders, and replace NaN and infinities.

const samplePoints = [-1.75, -0.25, 0.375, 2.25]; // between the jumps

/** Returns the largest whole number ≤ x. The gradient is 0. */
export const floor: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "floor",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.floor(a[p]!);
  },
  null,
  { allowsIntegers: true, samplePoints },
);

/** Returns the smallest whole number ≥ x. The gradient is 0. */
export const ceil: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "ceil",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.ceil(a[p]!);
  },
  null,
  { allowsIntegers: true, samplePoints },
);

/** Returns x without its fraction, rounded toward 0. The gradient is 0. */
export const trunc: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "trunc",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = Math.trunc(a[p]!);
  },
  null,
  { allowsIntegers: true, samplePoints },
);

/**
 * Returns the nearest whole number; halves go to the even neighbor, so 0.5 becomes 0 and 1.5 becomes 2. The gradient is
 * 0.
 */
export const round: Op<Unary> = /* @__PURE__ */ elementwiseFunction(
  "round",
  (n, y, o, a, i, s) => {
    for (let l = 0, p = i; l < n; l++, p += s) y[o + l] = roundHalfToEven(a[p]!);
  },
  null,
  { allowsIntegers: true, samplePoints },
);

function roundHalfToEven(x: number): number {
  const shift = x < 0 || Object.is(x, -0) ? -(2 ** 52) : 2 ** 52; // |x| + 2⁵² has no digits below 1
  if (!(Math.abs(x) < 2 ** 52)) return x;
  const y = x + shift - shift;
  return y === 0 && shift < 0 ? -0 : y;
}

/**
 * Returns the remainder y = a − b ⌊a / b⌋, which has the sign of b, as in NumPy and Python. The VJP maps the cotangent
 * g to g for a and −g ⌊a / b⌋ for b. int32 inputs give int32.
 * @throws OutOfRangeError if the inputs are int32 and a divisor is 0
 */
export const mod: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "mod",
  shape: (inputs) => broadcastShape(inputs),
  dtype: (inputs) => numericDType(inputs),
  batch: "broadcast",
  kernel: (out, inputs, _, operands) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        if (b[q] === 0 && y instanceof Int32Array) throw zeroDivisorError("modulo 0", operands);
        y[o + l] = remainder(a[p]!, b[q]!);
      }
    }),
  vjp: [
    (g, { inputs: [a] }) => unbroadcast(g, a),
    (g, { inputs: [a, b] }) => unbroadcast(neg(mul(g, floorDivide(a, b))), b),
  ],
  nonFinite: /* @__PURE__ */ pairDomainCause("b ≠ 0", (_, b) => b !== 0),
  samples: () => [
    [tensor([-3.25, 7.5]), tensor([2, 1.75])],
    [tensor([[1.5], [-0.75]]), tensor([1.25, 4, 2])],
  ],
});

function remainder(a: number, b: number): number {
  const r = a % b; // exact, with the sign of a
  if (r === 0) return b < 0 ? -0 : 0;
  return r < 0 === b < 0 ? r : r + b;
}

/**
 * Returns ⌊a / b⌋, so that a = b · floorDivide(a, b) + mod(a, b) up to rounding, as in NumPy and Python. The gradient is
 * 0. int32 inputs give int32, where −2³¹ / −1 wraps around. A float divided by 0 is a / b, which is infinite or NaN.
 * @throws OutOfRangeError if the inputs are int32 and a divisor is 0
 */
export const floorDivide: Op<Binary> = /* @__PURE__ */ defineOp({
  name: "floorDivide",
  shape: (inputs) => broadcastShape(inputs),
  dtype: (inputs) => numericDType(inputs),
  batch: "broadcast",
  kernel: (out, inputs, _, operands) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        if (b[q] === 0 && y instanceof Int32Array) throw zeroDivisorError("divided by 0", operands);
        y[o + l] = wholeQuotient(a[p]!, b[q]!);
      }
    }),
  vjp: [null, null],
  nonFinite: /* @__PURE__ */ pairDomainCause("b ≠ 0", (_, b) => b !== 0),
  samples: () => [
    [tensor([-3.25, 7.5]), tensor([2, 1.75])],
    [tensor([[1.5], [-0.75]]), tensor([1.25, 4, 2])],
  ],
});

/**
 * Returns ⌊a / b⌋. Math.floor(a / b) could be too large by 1, because a / b is rounded: for a = 0.3 − 2⁻⁵⁴ and b = 0.1,
 * a / b gives 3. The remainder r of the division is exact, so (a − r) / b is whole except for its rounding error, which
 * Math.round removes.
 */
function wholeQuotient(a: number, b: number): number {
  if (b === 0) return a / b;
  const r = a % b; // exact, with the sign of a
  const y = Math.round((a - r) / b) - (r !== 0 && r < 0 !== b < 0 ? 1 : 0);
  return y === 0 ? 0 * (a / b) : y; // 0 has the sign of a / b
}

function zeroDivisorError(operation: string, [a, b]: readonly [Operand, Operand]): OutOfRangeError {
  const hint = `write where(equal(${b.label ?? "b"}, 0), 1, ${b.label ?? "b"})`;
  return new OutOfRangeError(`${describe(a, "a")} ${operation} is not an int32; ${hint}`);
}

interface Replacements {
  /** Replaces NaN. Default: 0. */
  readonly nan?: number | undefined;
  /** The number that replaces Infinity. Default: the largest number of the dtype. */
  readonly posInf?: number | undefined;
  /** The number that replaces −Infinity. Default: the most negative number of the dtype. */
  readonly negInf?: number | undefined;
}

/**
 * Returns x with its NaN and infinities replaced by finite numbers. The VJP passes the cotangent where x is finite, and
 * gives 0 elsewhere. A gradient may still be NaN: the VJP rule of an earlier op may multiply this 0 by an infinity.
 */
export const nanToNum: Op<Unary, Replacements> = /* @__PURE__ */ defineOp({
  name: "nanToNum",
  options: { nan: 0, posInf: undefined, negInf: undefined },
  params: (options) => {
    const [name, bad] =
      Object.entries(options).find(([, value]) => value !== undefined && typeof value !== "number") ?? [];
    if (name === undefined) return options;
    throw new ArgumentError(`${name} must be a number, got ${show(bad)}; for tensors, use where(isFinite(x), x, y)`);
  },
  shape: ([x]) => x.shape,
  batch: "broadcast",
  kernel: (out, inputs, { nan, posInf, negInf }) =>
    elementwise(out, inputs, (n, y, o, a, i, s) => {
      const largest = y instanceof Float32Array ? 2 ** 128 - 2 ** 104 : Number.MAX_VALUE;
      const [forNaN, above, below] = [nan ?? 0, posInf ?? largest, negInf ?? -largest];
      for (let l = 0, p = i; l < n; l++, p += s) {
        const x = a[p]!;
        y[o + l] = x === Infinity ? above : x === -Infinity ? below : Number.isNaN(x) ? forNaN : x;
      }
    }),
  vjp: [(g, { inputs: [x] }) => where(finite(x), g, 0)],
  samples: () => [[irregular([2, 3])], [irregular([3]), { nan: 1, posInf: 2, negInf: -2 }]],
});

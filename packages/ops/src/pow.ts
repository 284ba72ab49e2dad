import { type Binary, defineOp, describe, type Op, type Operand, OutOfRangeError } from "@wengert/core";
import { mul, numeric, sub } from "./arithmetic.ts";
import { broadcastShape } from "./axes.ts";
import { ofPower } from "./causes.ts";
import { equal, greaterEqual, logicalAnd } from "./compare.ts";
import { log } from "./functions.ts";
import { elementwise } from "./loops.ts";
import { irregular, positive } from "./samples.ts";
import { unbroadcast } from "./sum.ts";
import { where } from "./where.ts";

/**
 * y = aᵇ, with IEEE's 1ᵇ = a⁰ = 1. ā = g b aᵇ⁻¹, which is 0 for b = 0 whatever a; b̄ = g aᵇ ln a, which at a = 0 is the
 * limit for a > 0 (0 for b ≥ 0, never 0 × ln 0; −Infinity for b < 0), and NaN for a negative base. Of int32 it is int32,
 * modulo 2³².
 * @throws OutOfRangeError for a negative exponent of integers.
 */
export const pow: Op<Binary> = defineOp({
  name: "pow",
  shape: (inputs) => broadcastShape("pow", inputs),
  dtype: (inputs) => numeric("pow", inputs),
  kernel: (out, inputs, _, operands) =>
    elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
      if (y instanceof Int32Array) {
        for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) y[o + l] = integerPower(a[p]!, b[q]!, operands);
        return;
      }
      for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) {
        const base = a[p]!;
        const exponent = b[q]!;
        // JavaScript has NaN for 1 ** NaN and (±1) ** ±Infinity
        const isOne = base === 1 || (base === -1 && Math.abs(exponent) === Infinity);
        y[o + l] = isOne ? 1 : base ** exponent;
      }
    }),
  vjp: [
    (g, { inputs: [a, b] }) => {
      const isConstant = equal(b, 0);
      const slope = mul(b, pow(a, sub(where(isConstant, 1, b), 1)));
      return unbroadcast(where(isConstant, 0, mul(g, slope)), a);
    },
    (g, { inputs: [a, b], output }) => {
      const isConstant = logicalAnd(equal(a, 0), greaterEqual(b, 0));
      return unbroadcast(mul(g, mul(output, log(where(isConstant, 1, a)))), b);
    },
  ],
  nonFinite: ofPower,
  samples: () => [
    [positive([2, 2]), irregular([2, 2], 2)],
    [positive([2, 1]), irregular([3], 2)],
  ],
});

/** base ** exponent modulo 2³², by squaring. */
function integerPower(base: number, exponent: number, operands: readonly [Operand, Operand]): number {
  if (exponent < 0) throw noInteger(exponent, operands);
  let [power, square] = [1, base];
  for (let e = exponent; e > 0; e >>= 1) {
    if (e & 1) power = Math.imul(power, square);
    square = Math.imul(square, square);
  }
  return power;
}

/** The error for a power that has a fraction. */
function noInteger(exponent: number, [a, b]: readonly [Operand, Operand]): OutOfRangeError {
  const float = (name: string) => `cast(${name}, { dtype: "float64" })`;
  const isNumber = b.shape.length === 0 && b.label === undefined;
  const cure = `write pow(${float(a.label ?? "a")}, ${isNumber ? exponent : float(b.label ?? "b")})`;
  return new OutOfRangeError(`pow: ${describe(a, "a")} to the power of ${exponent} is no int32; ${cure}`);
}

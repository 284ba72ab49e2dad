import { OutOfRangeError, type Tensor } from "@wengert/core";
import {
  type Binary,
  type Data,
  defineOp,
  describe,
  type Op,
  type Operand,
  type OpSpec,
  sharedFloat,
  type VjpRule,
} from "@wengert/core/extend";
import { broadcastShape } from "../declaring/axes.ts";
import { powCause, xlogyCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, positive } from "../declaring/samples.ts";
import { elementwise } from "../loops/strided.ts";
import { product, productError, sumError } from "../numerics/doubleDouble.ts";
import { exp, expPair, ldexp, logPair } from "../numerics/exponential.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { add, type DTypeRule, div, mul, numericDType, sub } from "./arithmetic.ts";
import { equal, isFinite as finite, logicalAnd, logicalNot } from "./compare.ts";
import { abs, log } from "./functions.ts";
import { where } from "./where.ts";

type Rule = VjpRule<Binary, undefined>;

/** Computes f(a, b) for the elements a = as[p] and b = bs[q] of two arrays, and stores it in out[o]. */
type PairFunction = (
  out: Data,
  o: number,
  as: Data,
  p: number,
  bs: Data,
  q: number,
  operands: readonly [Operand, Operand],
) => void;

/**
 * Declares y = f(a, b) elementwise. The VJP rules return cotangents with the shape of y, which are then summed over
 * broadcast axes.
 */
function pairwiseOp(
  name: string,
  f: PairFunction,
  toA: Rule,
  toB: Rule,
  {
    nonFinite,
    dtype = sharedFloat,
  }: { readonly nonFinite?: OpSpec<Binary>["nonFinite"] & object; readonly dtype?: DTypeRule } = {},
): Op<Binary> {
  return defineOp<Binary>({
    name,
    shape: (inputs) => broadcastShape(inputs),
    dtype: (inputs) => dtype(inputs),
    batch: "broadcast",
    kernel: (out, inputs, _, operands) =>
      elementwise(out, inputs, (n, y, o, a, i, s, b, j, t) => {
        for (let l = 0, p = i, q = j; l < n; l++, p += s, q += t) f(y, o + l, a, p, b, q, operands);
      }),
    vjp: [
      (g, call) => unbroadcast(toA(g, call), call.inputs[0]),
      (g, call) => unbroadcast(toB(g, call), call.inputs[1]),
    ],
    ...(nonFinite === undefined ? {} : { nonFinite }),
    samples: () => [
      [positive([2, 2]), irregular([2, 2], 2)],
      [positive([2, 1]), irregular([3], 2)],
    ],
  });
}

/** Returns whether aᵇ is computed as exp(b ln a). */
const isOrdinary = (a: number, b: number): boolean =>
  a > 0 && a < Infinity && Math.abs(b) < 2 ** 64 && b !== 1 && b !== 2;

/**
 * Returns aᵇ for the pairs a, b that the formula exp(b ln a) does not handle. By IEEE 754, 1ᵇ = a⁰ = 1, but JavaScript
 * returns NaN for 1 ** NaN and (±1) ** ±Infinity.
 */
function specialPower(a: number, b: number): number {
  if (b === 1 || b === 2) return b === 1 ? a : a * a;
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

const pair = /* @__PURE__ */ new Float64Array(2);

/**
 * Writes (b − decrement) ln a to `pair` as a sum of two doubles. One double is not precise enough, because exp
 * amplifies its rounding error.
 */
function writeLogPower(as: Data, p: number, bs: Data, q: number, decrement: 0 | 1): void {
  const b = bs[q]! - decrement;
  logPair(pair, as, p);
  const x = b * pair[0]!;
  pair[1] = productError(b, pair[0]!, x) + (b * pair[1]! + sumError(bs[q]!, -decrement, b) * pair[0]!);
  pair[0] = x;
}

/**
 * Returns y = aᵇ. As in IEEE 754, 1ᵇ and a⁰ are 1, even for NaN. int32 inputs give int32, modulo 2³². The VJP maps the
 * cotangent g to g b aᵇ⁻¹ for a, and to g aᵇ ln a for b. The cotangent for a is 0 if b = 0. The factor aᵇ ln a has
 * special values: at a = 0, it is 0 for b ≥ 0 and −Infinity for b < 0; for a < 0, it is NaN.
 * @throws OutOfRangeError if the inputs are int32 and an exponent is negative
 */
export const pow: Op<Binary> = /* @__PURE__ */ pairwiseOp(
  "pow",
  (out, o, as, p, bs, q, operands) => {
    if (out instanceof Int32Array) out[o] = integerPower(as[p]!, bs[q]!, operands);
    else if (isOrdinary(as[p]!, bs[q]!)) {
      writeLogPower(as, p, bs, q, 0);
      out[o] = exp(pair[0]!, pair[1]!);
    } else out[o] = specialPower(as[p]!, bs[q]!);
  },
  (g, { inputs: [a, b] }) => {
    const isLost = logicalAnd(equal(b, 0), logicalNot(finite(g))); // x⁰ is constant, so 0 × Infinity is 0 here
    return mul(where(isLost, 0, g), powSlope(a, b));
  },
  (g, { inputs: [a], output }) => mul(g, xlogy(a, output)),
  { dtype: numericDType, nonFinite: powCause },
);

/** Returns base ** exponent modulo 2³², by repeated squaring. */
function integerPower(base: number, exponent: number, operands: readonly [Operand, Operand]): number {
  if (exponent < 0) throw fractionalPowerError(exponent, operands);
  let [power, square] = [1, base];
  for (let e = exponent; e > 0; e >>= 1) {
    if (e & 1) power = Math.imul(power, square);
    square = Math.imul(square, square);
  }
  return power;
}

/** Returns the error for an int32 power whose result would be a fraction. */
function fractionalPowerError(exponent: number, [a, b]: readonly [Operand, Operand]): OutOfRangeError {
  const float = (name: string) => `cast(${name}, { dtype: "float64" })`;
  const isNumber = b.shape.length === 0 && b.label === undefined;
  const hint = `write pow(${float(a.label ?? "a")}, ${isNumber ? exponent : float(b.label ?? "b")})`;
  return new OutOfRangeError(`${describe(a, "a")} to the power of ${exponent} is not an int32; ${hint}`);
}

/**
 * Returns the derivative of aᵇ by a: y = b aᵇ⁻¹, corrected for the rounding of b − 1. The VJP maps the cotangent g to g
 * b (b − 1) aᵇ⁻² for a and g aᵇ⁻¹ (1 + b ln a) for b. For b = 0, y is 0 for any a, and the derivatives of y at a = 0
 * and a = ∞ are 0.
 */
export const powSlope: Op<Binary> = /* @__PURE__ */ pairwiseOp(
  "powSlope",
  (out, o, as, p, bs, q) => {
    const b = bs[q]!;
    if (b === 0) out[o] = 0;
    else if (isOrdinary(as[p]!, b - 1)) {
      writeLogPower(as, p, bs, q, 1);
      const k = expPair(pair, Math.min(pair[0]!, 800), pair[1]!); // e⁸⁰⁰ overflows
      out[o] = ldexp(product(b, pair[0]!, pair[1]!), k);
    } else out[o] = b * specialPower(as[p]!, b - 1);
  },
  (g, { inputs: [a, b] }) => mul(g, mul(b, powSlope(a, sub(where(isConstantPower(a, b), 1, b), 1)))),
  (g, { inputs: [a, b] }) => {
    const power = pow(a, sub(where(isConstantPower(a, b), 1, b), 1));
    const slope = mul(power, add(where(equal(b, 0), 0, mul(b, safeLog(power, a))), 1));
    return where(isConstantPower(a, b), 0, mul(g, slope));
  },
  { nonFinite: powCause },
);

/**
 * Returns y = b ln a, rounded once. The VJP maps the cotangent g to g b / a for a and g ln a for b. For a = 0, y is 0
 * if b is finite and −b if b is infinite.
 */
export const xlogy: Op<Binary> = /* @__PURE__ */ pairwiseOp(
  "xlogy",
  (out, o, as, p, cs, q) => {
    const a = as[p]!;
    if (a > 0 && a < Infinity) {
      logPair(pair, as, p);
      out[o] = product(cs[q]!, pair[0]!, pair[1]!);
    } else if (a !== 0) out[o] = cs[q]! * Math.log(a);
    else out[o] = Math.abs(cs[q]!) === Infinity ? -cs[q]! : 0;
  },
  (g, { inputs: [a, c] }) => mul(g, where(isZeroProduct(a, c), 0, div(c, where(isZeroProduct(a, c), 1, a)))),
  (g, { inputs: [a, c] }) => mul(g, safeLog(c, a)),
  { nonFinite: xlogyCause },
);

/** Returns a mask: true where b = 0 and a is 0, infinite or NaN. There, aᵇ is 1 for every a, so its derivative by a is 0. */
const isConstantPower = (a: Tensor, b: Tensor): Tensor => logicalAnd(equal(b, 0), logicalNot(finite(log(abs(a)))));

/** Returns true where a = 0 and the factor c is finite. There, the product c ln a is replaced by its limit 0. */
const isZeroProduct = (a: Tensor, c: Tensor): Tensor => logicalAnd(equal(a, 0), finite(c));
/** Returns ln a, but 0 where a = 0 and the factor c is finite. There, the product c ln a is replaced by its limit 0. */
const safeLog = (c: Tensor, a: Tensor): Tensor => log(where(isZeroProduct(a, c), 1, a));

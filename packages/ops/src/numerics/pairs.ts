import { productError, sumError } from "./doubleDouble.ts";
import { ldexp } from "./exponential.ts";

// The functions in this file compute with pairs: a pair [a, da] is the sum a + da of two doubles, with 106 bits. Each
// function is within about 2⁻¹⁰⁰ of the exact result (Hida, Li and Bailey, Library for double-double and quad-double
// arithmetic, 2007). The absolute value of a pair must be between 10⁻²⁷⁰ and 10²⁷⁰, or 0.

export type Pair = readonly [number, number];

/** Returns the sum a + b of two doubles as a pair. */
export function sumOf(a: number, b: number): Pair {
  const sum = a + b;
  return [sum, sumError(a, b, sum)];
}

export function add(a: Pair, b: Pair): Pair {
  const high = a[0] + b[0];
  const low = a[1] + b[1];
  const lowRest = sumError(a[1], b[1], low);
  const middle = sumError(a[0], b[0], high) + low;
  const sum = high + middle;
  const rest = middle - (sum - high) + lowRest;
  const total = sum + rest;
  return [total, rest - (total - sum)];
}

export const negate = (a: Pair): Pair => [-a[0], -a[1]];
export const sub = (a: Pair, b: Pair): Pair => add(a, negate(b));

export function mul(a: Pair, b: Pair): Pair {
  const product = a[0] * b[0];
  const rest = productError(a[0], b[0], product) + (a[0] * b[1] + a[1] * b[0]);
  const total = product + rest;
  return [total, rest - (total - product)];
}

/** Returns the product a x of a double-double number `a` and a double `x`. */
export function times(a: Pair, x: number): Pair {
  const product = a[0] * x;
  const rest = productError(a[0], x, product) + a[1] * x;
  const total = product + rest;
  return [total, rest - (total - product)];
}

export function div(a: Pair, b: Pair): Pair {
  const q = a[0] / b[0];
  const remainder = sub(a, times(b, q));
  const r = remainder[0] / b[0];
  const s = sub(remainder, times(b, r))[0] / b[0];
  const total = q + r;
  return [total, r - (total - q) + s];
}

/** Returns the quotient a / n of a double-double number `a` and a double `n`. */
export function over(a: Pair, n: number): Pair {
  const q = a[0] / n;
  const product = q * n;
  const r = (a[0] - product - productError(q, n, product) + a[1]) / n;
  const total = q + r;
  return [total, r - (total - q)];
}

/** Returns 1 / b. */
export const inverse = (b: Pair): Pair => div(one, b);

/** Returns a 2ᵏ. */
export const scale = (a: Pair, k: number): Pair => [ldexp(a[0], k), ldexp(a[1], k)];

/** Returns the nearest double. */
export const toDouble = (a: Pair): number => a[0] + a[1];

/** Returns the power aⁿ of a double-double number `a` for a whole n ≥ 0, by repeated squaring. */
export function power(a: Pair, n: number): Pair {
  let [result, square] = [one, a];
  for (let e = n; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = mul(result, square);
    if (e > 1) square = mul(square, square);
  }
  return result;
}

export const one: Pair = [1, 0];
const ln2: Pair = [Math.LN2, 2.3190468138462996e-17];
const halvings = 4;

/** Returns e^x / 2ᵏ for a double-double number `x`, and the whole number k. */
export function expScaled(x: Pair): readonly [Pair, k: number] {
  const k = Math.round(x[0] / Math.LN2);
  const r = scale(sub(x, times(ln2, k)), -halvings); // below 0.022
  let series: Pair = [0, 0];
  for (let n = 15; n >= 1; n--) series = mul(r, over(add(one, series), n));
  let y = series; // e^r − 1
  for (let i = 0; i < halvings; i++) y = add(times(y, 2), mul(y, y));
  return [add(one, y), k];
}

/** Returns ln a for a double-double number a > 0: the logarithm of its first double, improved by a Newton step. */
export function log(a: Pair): Pair {
  if (a[0] < 2 ** -900 || a[0] > 2 ** 900) {
    const k = a[0] < 1 ? -500 : 500;
    return add(log(scale(a, -k)), times(ln2, k));
  }
  const y = Math.log(a[0]);
  const [e, k] = expScaled([-y, 0]);
  const t = add(scale(mul(a, e), k), [-1, 0]); // a e^−y − 1, about 10⁻¹⁶
  return add([y, 0], add(t, [(t[0] * t[0]) / -2, 0]));
}

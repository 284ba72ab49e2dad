import { productError, quotient, sumError } from "./doubleDouble.ts";
import { ldexp } from "./exponential.ts";

const pair = /* @__PURE__ */ new Float64Array(2);

/**
 * Writes 4⁻ᵏ (a² + b²) to `pair` as a sum of two doubles and returns k, for finite a and b that are not both 0. The
 * power of four keeps the squares from overflowing and underflowing.
 */
function writeSquare(pair: Float64Array, a: number, b: number): number {
  const largest = Math.max(Math.abs(a), Math.abs(b));
  const k = largest > 2 ** 500 ? 600 : largest < 2 ** -400 ? -600 : 0;
  const [x, y] = [ldexp(a, -k), ldexp(b, -k)];
  const [p, q] = [x * x, y * y];
  pair[0] = p + q;
  pair[1] = productError(x, x, p) + productError(y, y, q) + sumError(p, q, pair[0]!);
  return k;
}

/**
 * Writes 2⁻ᵏ √(a² + b²) to `pair` as a sum of two doubles and returns k, for a and b that are finite and not both 0.
 */
function writeHypot(pair: Float64Array, a: number, b: number): number {
  const k = writeSquare(pair, a, b);
  const root = Math.sqrt(pair[0]!);
  const square = root * root;
  pair[1] = (pair[0]! - square - productError(root, root, square) + pair[1]!) / (2 * root);
  pair[0] = root;
  return k;
}

/** Returns √(a² + b²), rounded once. As in IEEE 754, it is Infinity if a or b is infinite, even if the other is NaN. */
export function hypot(a: number, b: number): number {
  if (Math.abs(a) === Infinity || Math.abs(b) === Infinity) return Infinity;
  if (a === 0 || b === 0) return Math.abs(a === 0 ? b : a);
  const k = writeHypot(pair, a, b);
  return ldexp(pair[0]! + pair[1]!, k);
}

/** Returns a / √(a² + b²), rounded once; 0 if a = b = 0, and the limit if a or b is infinite. */
export function hypotSlope(a: number, b: number): number {
  if (Math.abs(a) === Infinity) return Math.abs(b) === Infinity ? Number.NaN : Math.sign(a) + 0 * b;
  if (a === 0) return Number.isNaN(b) ? b : a;
  if (Math.abs(b) === Infinity) return a / b;
  const k = writeHypot(pair, a, b);
  return quotient(ldexp(a, -k), 0, pair[0]!, pair[1]!);
}

/** Returns x / (x² + y²), rounded once. Intermediate results do not overflow. Returns NaN if x = y = 0. */
export function atan2Slope(y: number, x: number): number {
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) return 0 / (x + y);
  if (y === 0) return x === 0 ? Number.NaN : 1 / x;
  if (x === 0) return x;
  const k = writeSquare(pair, x, y);
  return ldexp(quotient(ldexp(x, -k), 0, pair[0]!, pair[1]!), -k);
}

import * as tables from "./constants.ts";
import { power } from "./exponential.ts";

// Computes ln x, with the same bits in every engine, unlike Math.log. Write x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2; then
// ln x = k ln 2 + ln(1 + f). With s = f / (2 + f), ln(1 + f) = f − f²/2 + s (f²/2 + R). R = 2 artanh(s) / s − 2 is a
// series in s². The method is from fdlibm's e_log.c (Sun Microsystems, 1993).

// Constants of this module are inlined by V8, but imported constants are looked up on each use. So imported constants
// are copied here.
const c0 = tables.artanh0;
const c1 = tables.artanh1;
const c2 = tables.artanh2;
const c3 = tables.artanh3;
const c4 = tables.artanh4;
const c5 = tables.artanh5;
const c6 = tables.artanh6;
const ln2 = 32 * tables.step; // products with k are exact
const ln2Rest = 32 * tables.stepRest;
const smallest = 2 ** -1022;

/** The lookup table of 2⁻ᵏ for k = −1023 … 1024. */
const inverses = /* @__PURE__ */ inversePowers(new Float64Array(2048));
function inversePowers(inverses: Float64Array): Float64Array {
  for (let k = -1023; k <= 1024; k++) inverses[k + 1023] = power(-k);
  return inverses;
}

const double = /* @__PURE__ */ new Float64Array(1);
const words = /* @__PURE__ */ new Int32Array(double.buffer);

/** Returns ln(2ⁿ x), within 1 ulp. */
export function log(x: number, n: number): number {
  if (!(x >= smallest && x < Infinity)) return logAtEdge(x);
  double[0] = x;
  const exponent = (words[1]! + 0x95f62) >> 20; // k + 1023, decided by the upper word of x
  const f = x * inverses[exponent]! - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (c1 + w * (c3 + w * c5));
  const even = z * (c0 + w * (c2 + w * (c4 + w * c6)));
  const k = exponent - 1023 + n;
  return s * (half + (even + odd)) + k * ln2Rest - half + f + k * ln2;
}

/** Returns the logarithm of an x that is subnormal, infinite, 0, negative or NaN, which `log` does not handle. */
function logAtEdge(x: number): number {
  if (x > 0) return x < smallest ? log(x * 2 ** 54, -54) : x;
  return x === 0 ? -Infinity : Number.NaN;
}

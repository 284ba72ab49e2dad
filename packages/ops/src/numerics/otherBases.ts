import type { Data } from "@wengert/core/extend";
import { productError } from "./doubleDouble.ts";
import { exp, logPair } from "./exponential.ts";

// This file computes powers of 2, and logarithms to the bases 2 and 10. Each constant is a sum of two doubles; the
// second double is the rounding error of the first.

const ln2Rest = 2.3190468138462996e-17;
const log2eRest = 2.0355273740931033e-17;
const log10eRest = 1.098319650216765e-17;

/** Returns 2ˣ, within 0.53 ulp. The result is exact for whole x. */
export function exp2(x: number): number {
  const t = Math.max(-1100, Math.min(x, 1100)) * Math.LN2; // 2^±1100 is 0 or Infinity
  return Math.abs(x) > 1100 ? exp(t, 0) : exp(t, productError(x, Math.LN2, t) + x * ln2Rest);
}

const pair = /* @__PURE__ */ new Float64Array(2);

/** Returns log₂ a for a = values[p], rounded once. */
export const log2 = (values: Data, p: number): number => logTimes(values, p, Math.LOG2E, log2eRest);
/** Returns log₁₀ a for a = values[p], rounded once. */
export const log10 = (values: Data, p: number): number => logTimes(values, p, Math.LOG10E, log10eRest);

/** Returns ln a multiplied by the constant c + dc, for a = values[p]. */
function logTimes(values: Data, p: number, c: number, dc: number): number {
  const a = values[p]!;
  if (!(a > 0 && a < Infinity)) return Math.log(a);
  logPair(pair, values, p);
  const y = pair[0]! * c;
  return y + (productError(pair[0]!, c, y) + pair[0]! * dc + pair[1]! * c);
}

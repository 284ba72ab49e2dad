import { logGamma, psi } from "./gamma.ts";
import { log } from "./logarithm.ts";
import { add, type Pair, sub, sumOf, times, toDouble } from "./pairs.ts";
import { polygamma } from "./polygamma.ts";

/** Returns ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b) for a, b ≥ 0; NaN for negative numbers. */
export function betaln(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  if (!(small >= 0) || Number.isNaN(large)) return Number.NaN;
  if (small === 0) return large === Infinity ? Number.NaN : Infinity;
  if (large === Infinity) return -Infinity;
  if (a === 1 || b === 1) return 0 - log(a === 1 ? b : a, 0); // B(1, b) is 1 / b
  if (large < 1e-9) return Math.log1p(small / large) - Math.log(small); // B(a, b) is 1 / a + 1 / b
  if (small > 1e-6 * large) {
    if (large > 1e100) return -(large * Math.log1p(small / large) + small * Math.log1p(large / small));
    const sum = logGamma(sumOf(small, large));
    return toDouble(sub(add(logGamma([small, 0]), logGamma([large, 0])), sum));
  }
  // ln Γ(large) − ln Γ(large + small) is computed by Taylor's series, since the difference of two close numbers would
  // cancel.
  if (small > 1e100) return small * (Math.log(small / large) - 1);
  const curvature = (small / 2) * (polygamma(1, large) + (small / 3) * polygamma(2, large));
  const slope: Pair = add(psi([large, 0]), [curvature, 0]);
  return toDouble(sub(logGamma([small, 0]), times(slope, small)));
}

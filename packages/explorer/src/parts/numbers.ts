const minus = "−";

/**
 * Formats a number with at most `digits` significant digits and a real minus sign. Very small or large numbers look
 * like 1.2e−8.
 */
export function short(x: number, digits = 4): string {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : `${minus}∞`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e6) return signed(String(x));
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa = "", exponent = ""] = x.toExponential(digits - 1).split("e");
    return signed(`${trimmed(mantissa)}e${exponent.replace("+", "")}`);
  }
  return signed(trimmed(x.toPrecision(digits)));
}

/** Formats a number with all its digits. */
export const exact = (x: number): string =>
  Number.isFinite(x) ? signed(Object.is(x, -0) ? "-0" : String(x)) : short(x);

/** Formats the numbers of a column or a table with the same number of decimals, unless their sizes differ too much. */
export function aligned(xs: ArrayLike<number>, digits = 4): string[] {
  const list = Array.from(xs);
  const sizes = list.filter((x) => Number.isFinite(x) && x !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (sizes.length === 0 || list.every((x) => !Number.isFinite(x) || Number.isInteger(x)))
    return list.map((x) => short(x, digits));
  if (most >= 1e5 || least < 1e-4 || most / least > 1e5) return list.map((x) => short(x, digits - 1));
  const whole = Math.max(1, Math.floor(Math.log10(most)) + 1);
  const wanted = Math.max(0, ...list.map((x) => decimalsOf(x, digits)));
  const decimals = Math.min(wanted, Math.max(digits - whole, -Math.floor(Math.log10(least)) + 1, 0), 6);
  return list.map((x) => (x === 0 ? "0" : Number.isFinite(x) ? signed(x.toFixed(decimals)) : short(x)));
}

const decimalsOf = (x: number, digits: number): number =>
  Number.isFinite(x) && x !== 0 ? (/\.(\d*)$/.exec(trimmed(x.toPrecision(digits)))?.[1]?.length ?? 0) : 0;

/** Formats a shape as `2 × 3`, or as `scalar`. */
export const shapeText = (shape: readonly number[]): string => (shape.length === 0 ? "scalar" : shape.join(" × "));

const trimmed = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
const signed = (text: string): string => text.replaceAll("-", minus);

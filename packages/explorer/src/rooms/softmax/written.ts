import { short } from "../../parts/numbers.ts";

// How the room writes numbers: in the address, in fields that the reader types into, in formulas.

const words: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Infinity,
  infinity: Infinity,
  "∞": Infinity,
};

/** A number as a reader may write it: 1e3, −2, inf, nan. `undefined` if it is none. */
export function read(text: string): number | undefined {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".").toLowerCase();
  const [, sign, word] = /^([+-]?)(.*)$/.exec(plain)!;
  const named = words[word!];
  if (named !== undefined) return sign === "-" ? -named : named;
  const found = plain === "" ? Number.NaN : Number(plain);
  return Number.isNaN(found) ? undefined : found;
}

/** All digits of a number, such that `read` gives it again. */
export const write = (x: number): string =>
  Number.isNaN(x) ? "nan" : Number.isFinite(x) ? String(x) : x > 0 ? "inf" : "-inf";

/** Numbers as a field of the address, which writes a space as +. */
export const writeAll = (xs: readonly number[]): string => xs.map(write).join(" ");

export function readAll(text: string | undefined): readonly number[] | undefined {
  const found = text?.trim().split(/\s+/).map(read);
  return found?.every((x) => x !== undefined) ? (found as number[]) : undefined;
}

/** A number in TeX, with `digits` significant digits at most. */
export function tex(x: number, digits = 4): string {
  if (Number.isNaN(x)) return "\\text{NaN}";
  if (!Number.isFinite(x)) return x > 0 ? "\\infty" : "-\\infty";
  const [mantissa, exponent] = short(x, digits).replaceAll("−", "-").split("e");
  return exponent === undefined ? mantissa! : `${mantissa} \\cdot 10^{${exponent}}`;
}

/** As a factor, or after a minus: in parentheses where a sign would be misread. */
export const factor = (x: number, digits = 4): string => (x < 0 ? `(${tex(x, digits)})` : tex(x, digits));

const below = "₀₁₂₃₄₅₆₇₈₉";
/** x₀ */
export const indexed = (name: string, i: number): string => `${name}${below[i]}`;

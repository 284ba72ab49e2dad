import { short } from "../../parts/numbers.ts";

// The number formats of the Softmax page: in the URL, in text fields and in formulas.

const words: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Infinity,
  infinity: Infinity,
  "∞": Infinity,
};

/** Parses a number that a user typed, such as 1e3, −2, inf or nan. Returns `undefined` for other text. */
export function read(text: string): number | undefined {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".").toLowerCase();
  const [, sign, word] = /^([+-]?)(.*)$/.exec(plain)!;
  const named = words[word!];
  if (named !== undefined) return sign === "-" ? -named : named;
  const found = plain === "" ? Number.NaN : Number(plain);
  return Number.isNaN(found) ? undefined : found;
}

/** Formats a number with enough digits that `read` returns exactly the same number. */
export const write = (x: number): string =>
  Number.isNaN(x) ? "nan" : Number.isFinite(x) ? String(x) : x > 0 ? "inf" : "-inf";

/** Formats a list of numbers as a URL parameter. Spaces in the text become + in the URL. */
export const writeAll = (xs: readonly number[]): string => xs.map(write).join(" ");

export function readAll(text: string | undefined): readonly number[] | undefined {
  const found = text?.trim().split(/\s+/).map(read);
  return found?.every((x) => x !== undefined) ? (found as number[]) : undefined;
}

/** Formats a number in TeX with at most `digits` significant digits. */
export function tex(x: number, digits = 4): string {
  if (Number.isNaN(x)) return "\\text{NaN}";
  if (!Number.isFinite(x)) return x > 0 ? "\\infty" : "-\\infty";
  const [mantissa, exponent] = short(x, digits).replaceAll("−", "-").split("e");
  return exponent === undefined ? mantissa! : `${mantissa} \\cdot 10^{${exponent}}`;
}

/** Formats a number in TeX for use in a product or after a minus sign: negative numbers get parentheses. */
export const factor = (x: number, digits = 4): string => (x < 0 ? `(${tex(x, digits)})` : tex(x, digits));

const below = "₀₁₂₃₄₅₆₇₈₉";
/** Returns a name with an index, such as x₀. */
export const indexed = (name: string, i: number): string => `${name}${below[i]}`;

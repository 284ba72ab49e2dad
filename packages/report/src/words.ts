/** Formats a fraction as a percentage, and NaN as "–". */
export const percentText = (share: number): string => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(2)} %`);

/** Formats a whole number with thousands separators. */
export const integerText = (value: number): string => value.toLocaleString("en");

/** Formats a number with four decimals, or with three significant digits if it is very small or large. */
export function decimalText(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "–" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? x.toPrecision(3) : x.toFixed(4);
}

/** Shortens a name to at most `maxLength` characters, with "…" at its end. */
export function shortName(name: string, maxLength = 18): string {
  const characters = [...name.replace(/\p{Control}/gu, " ")];
  return characters.length <= maxLength ? characters.join("") : `${characters.slice(0, maxLength - 1).join("")}…`;
}

/** Returns at most `maxLength` evenly spaced entries of a list. The last entry is always included. */
export function evenlySpaced<T>(list: readonly T[], maxLength: number): T[] {
  const stride = Math.ceil(list.length / maxLength);
  return list.filter((_, i) => (list.length - 1 - i) % stride === 0);
}

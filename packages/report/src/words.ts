/** A fraction in per cent; – for NaN. */
export const percentText = (share: number): string => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(2)} %`);

/** A whole number with commas at the thousands. */
export const integerText = (value: number): string => value.toLocaleString("en");

/** Four digits after the point, or as many that count where the number is small or large. */
export function decimalText(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "–" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? x.toPrecision(3) : x.toFixed(4);
}

/** A name with `maxLength` characters at most. */
export function shortName(name: string, maxLength = 18): string {
  const characters = [...name.replace(/\p{Control}/gu, " ")];
  return characters.length <= maxLength ? characters.join("") : `${characters.slice(0, maxLength - 1).join("")}…`;
}

/** At most `maxLength` of a list, evenly spread, the last among them. */
export function evenlySpaced<T>(list: readonly T[], maxLength: number): T[] {
  const stride = Math.ceil(list.length / maxLength);
  return list.filter((_, i) => (list.length - 1 - i) % stride === 0);
}

/** A share of 1 in per cent; – where it is a share of nothing. */
export const percent = (share: number): string => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(2)} %`);

/** A whole number with commas at the thousands. */
export const whole = (value: number): string => value.toLocaleString("en");

/** Four digits after the point, or as many that count where the number is small or large. */
export function decimal(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "–" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? x.toPrecision(3) : x.toFixed(4);
}

/** A name with `most` characters at most. */
export function short(name: string, most = 18): string {
  const characters = [...name.replace(/\p{Control}/gu, " ")];
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}

/** At most `most` of a list, evenly spread, the last among them. */
export function thinned<T>(list: readonly T[], most: number): T[] {
  const stride = Math.ceil(list.length / most);
  return list.filter((_, i) => (list.length - 1 - i) % stride === 0);
}

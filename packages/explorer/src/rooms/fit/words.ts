/** Formats a fraction as a percentage. */
export const percent = (share: number): string =>
  Number.isNaN(share) ? "–" : `${(100 * share).toFixed(share > 0.995 && share < 1 ? 2 : 1)} %`;

export const whole = (x: number): string => x.toLocaleString("en");

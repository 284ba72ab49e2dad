import { isDark } from "../../page/scheme.ts";

type Rgb = readonly [number, number, number];

/**
 * The colors of classes, after Okabe and Ito (2008). Readers with any kind of color blindness can distinguish these
 * colors. Each class also has its own shape, so that no reader depends on the color.
 */
const colors = {
  light: ["#1f6fb4", "#d9730d", "#00795a", "#b0488a", "#8a6d00", "#3d3f46"],
  dark: ["#62aef2", "#f0964a", "#35c29c", "#e08cc2", "#d8bf4a", "#c3c6cd"],
} as const;

export const colorOfClass = (k: number): string => colors[isDark.value ? "dark" : "light"][k % 6]!;

export const rgbOf = (hex: string): Rgb =>
  [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as unknown as Rgb;

export const paper = (): Rgb => (isDark.value ? [27, 30, 36] : [255, 255, 255]);

/** The shape of each class as an SVG path, centered at the origin and about 14 units wide. */
export const shapes = [
  "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z", // a disc
  "M0-7.2 6.8 5.4H-6.8z", // a triangle
  "M-5.5-5.5h11v11h-11z", // a square
  "M0-7.6 7 0 0 7.6-7 0z", // a diamond
  "M-2.2-6.5h4.4v4.3h4.3v4.4h-4.3v4.3h-4.4v-4.3h-4.3v-4.4h4.3z", // a plus
  "M0-7.6 2.1-2.4 7.6-2.2 3.3 1.3 4.7 6.6 0 3.6-4.7 6.6-3.3 1.3-7.6-2.2-2.1-2.4z", // a star
] as const;

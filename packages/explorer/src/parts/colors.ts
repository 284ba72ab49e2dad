import { isDark } from "../page/scheme.ts";

// The color maps of heat maps. Each hue has one meaning: blue shows values, orange shows cotangents, and violet shows
// tangents. Zero has the background color, and negative numbers are gray. A sequential map has only the positive half of a
// diverging map. Lightness varies most, so readers with any kind of color blindness can distinguish the colors.

export type ColorMap = "diverging" | "sequential";
export type Hue = "value" | "cotangent" | "tangent";
type Rgb = readonly [number, number, number];

interface Colors {
  readonly zero: string;
  /** The colors of negative numbers, from the smallest to the largest magnitude. */
  readonly negative: readonly string[];
  /** The colors of positive numbers, from the smallest to the largest magnitude. */
  readonly positive: Readonly<Record<Hue, readonly string[]>>;
}
const colors: Readonly<Record<"light" | "dark", Colors>> = {
  light: {
    zero: "#f7f6f2",
    negative: ["#dddcd8", "#b9b8b4", "#8d8d8b", "#5f6062", "#35373b"],
    positive: {
      value: ["#cfe0ee", "#8fb8dc", "#4686c0", "#175a9c", "#083667"],
      cotangent: ["#f8e0c6", "#f2b27a", "#d97f2c", "#a94f06", "#6f3000"],
      tangent: ["#ecdcf4", "#cfa6e4", "#a76ac8", "#7d3aa1", "#501d6f"],
    },
  },
  dark: {
    zero: "#22262d",
    negative: ["#393d44", "#5a5f67", "#878c94", "#b6bac0", "#e4e6e8"],
    positive: {
      value: ["#213f60", "#2c6299", "#4a8ed0", "#86bdf2", "#cfe6ff"],
      cotangent: ["#4a3119", "#875022", "#c67a33", "#f0aa63", "#ffdfb8"],
      tangent: ["#3e2a4c", "#66417f", "#9a68bb", "#c99ae6", "#eedbfb"],
    },
  },
};

const tables = new Map<string, readonly Rgb[]>();
const size = 256;

function table({ map, hue = "value" }: Pick<Scale, "map" | "hue">): readonly Rgb[] {
  const scheme = isDark.value ? "dark" : "light";
  const key = `${scheme} ${map} ${hue}`;
  const known = tables.get(key);
  if (known) return known;
  const { zero, negative, positive } = colors[scheme];
  const points = [...(map === "diverging" ? negative.toReversed() : []), zero, ...positive[hue]].map(toLab);
  const made = Array.from({ length: size }, (_, i) => {
    const at = (i / (size - 1)) * (points.length - 1);
    const low = Math.min(Math.floor(at), points.length - 2);
    const [a, b] = [points[low]!, points[low + 1]!];
    return fromLab([0, 1, 2].map((c) => a[c]! + (b[c]! - a[c]!) * (at - low)) as unknown as Rgb);
  });
  tables.set(key, made);
  return made;
}

/**
 * A color scale: a color map, and the number `most` that gets the last color of the map. In a diverging map, −most gets
 * the first color.
 */
export interface Scale {
  readonly map: ColorMap;
  readonly most: number;
  /** The hue of positive numbers. Default: the hue of values (blue). */
  readonly hue?: Hue | undefined;
}

/**
 * Returns the color scale for a range of numbers. If any number is negative, the scale is diverging and symmetric about
 * 0. Otherwise the scale is sequential and starts at 0.
 */
export function scaleFor(
  range: { readonly least: number; readonly most: number },
  { map, hue }: { readonly map?: ColorMap | undefined; readonly hue?: Hue | undefined } = {},
): Scale {
  const [least, most] = [Math.min(range.least, 0), Math.max(range.most, 0)];
  return { map: map ?? (least < 0 ? "diverging" : "sequential"), most: Math.max(-least, most) || 1, hue };
}

/** Returns the color of a number on a color scale. NaN has its own color. */
export function colorOf(x: number, { map, most, hue }: Scale): Rgb {
  if (Number.isNaN(x)) return isDark.value ? [122, 44, 74] : [243, 196, 212];
  const at = map === "diverging" ? (x / most + 1) / 2 : x / most;
  return table({ map, hue })[Math.round(Math.min(Math.max(at, 0), 1) * (size - 1))]!;
}

/**
 * Returns the color of a single number: a light shade of the hue. A scalar has no other number to compare with, so its
 * color says only its kind and its sign.
 */
export const colorOfScalar = (x: number, hue: Hue = "value"): Rgb =>
  colorOf(Number.isNaN(x) ? x : 0.25 * Math.sign(x), { map: "diverging", most: 1, hue });

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;

/** Returns the text color, black or white, that contrasts more with a background color. */
export function inkOn(color: Rgb): string {
  const [r, g, b] = color.map((c) =>
    c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  ) as unknown as Rgb;
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

/** Returns a CSS gradient of the color map, for a legend. */
export const gradient = (scale: Pick<Scale, "map" | "hue">): string => {
  const all = table(scale);
  const parts = Array.from({ length: 9 }, (_, i) => css(all[Math.round((i / 8) * (size - 1))]!));
  return `linear-gradient(to right, ${parts.join(", ")})`;
};

// The conversion to the OKLab color space (B. Ottosson, 2020), in which linearly interpolated colors look evenly
// spaced.
function toLab(hex: string): Rgb {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([L, A, B]: Rgb): Rgb {
  const l = (L + 0.3963377774 * A + 0.2158037573 * B) ** 3;
  const m = (L - 0.1055613458 * A - 0.0638541728 * B) ** 3;
  const s = (L - 0.0894841775 * A - 1.291485548 * B) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((c) => {
    const gamma = c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055;
    return Math.round(Math.min(Math.max(gamma, 0), 1) * 255);
  }) as unknown as Rgb;
}

import { isArray, show } from "../checks/errors.ts";
import { type ReadonlyNdArray, type Shape, sizeOf } from "./ndarray.ts";

/** Returns a shape as text for messages, such as "[2, 3]". Also accepts an invalid shape with entries of any type. */
export function shapeText(shape: readonly unknown[], depth = 1): string {
  const visible = Array.from({ length: Math.min(shape.length, maxEntries) }, (_, i) => entryText(shape[i], depth));
  return `[${visible.join(", ")}${shape.length > maxEntries ? ", …" : ""}]`;
}
const maxEntries = 33;

function entryText(x: unknown, depth: number): string {
  if (typeof x === "number") return String(x);
  return depth > 0 && isArray(x) ? shapeText(x, depth - 1) : show(x);
}

/**
 * Escapes line breaks and other control characters, with which a tensor's label could forge lines of a printed table.
 */
export const escapeControls = (text: string): string =>
  /[\p{Cc}\u2028\u2029]/u.test(text)
    ? text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) =>
        JSON.stringify(c)
          .slice(1, -1)
          .replace(/^[^\\]$/u, codeOf),
      )
    : text;
const codeOf = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Formats a number for messages, with at most six significant digits. */
export const numberText = (x: number): string => String(Number(x.toPrecision(6)));

/** Converts a position in row-major order to a multi-index, as NumPy's unravel_index does. */
export function unravelIndex(at: number, shape: Shape): number[] {
  let rest = at;
  return shape
    .toReversed()
    .map((n) => {
      const i = rest % n;
      rest = Math.floor(rest / n);
      return i;
    })
    .reverse();
}

const edgeItems = 3; // entries shown at each end of an abbreviated axis
const threshold = 1000; // elements, as in NumPy
const maxBrackets = 1e5; // the limit for the brackets of a text; 20 axes of size 2 exceed it

/**
 * Formats the elements of `a` in nested brackets, as NumPy does. `indent` is the length of the preceding text on the
 * line.
 */
export function arrayText(a: ReadonlyNdArray, dtype: string, indent = 0): string {
  // For an axis of size 0, only the brackets are printed.
  const visibleBrackets = a.shape.reduce((count, n) => count * Math.min(n || 1, 2 * edgeItems + 1), 1);
  if (visibleBrackets > maxBrackets) return sizeOf(a.shape) === 0 ? "[]" : "[...]";
  const abbreviated = a.shape.reduce((count, n) => count * (n || 1), 1) > threshold;
  const visible: number[] = [];
  const text = nestedText(a, abbreviated, indent, (x) => `\0${visible.push(x) - 1}\0`);
  const texts =
    dtype === "bool" ? visible.map((x) => (x ? "true" : "false")) : formatNumbers(visible, dtype !== "int32");
  const width = Math.max(0, ...texts.map((word) => word.length));
  return text.replace(/\0(\d+)\0/g, (_, i) => texts[i]!.padStart(width));
}

function nestedText(a: ReadonlyNdArray, abbreviated: boolean, indent: number, format: (x: number) => string): string {
  if (a.shape.length === 0) return format(a.get());
  const n = a.shape[0]!;
  const entries: string[] = [];
  for (let i = 0; i < n; i++) {
    if (abbreviated && n > 2 * edgeItems && i === edgeItems) {
      entries.push("...");
      i = n - edgeItems;
    }
    const rest = a.shape.slice(1).map(() => null);
    entries.push(nestedText(a.pick(i, ...rest), abbreviated, indent + 1, format));
  }
  const gap = a.shape.length === 1 ? ", " : `,${"\n".repeat(a.shape.length - 1)}${" ".repeat(indent + 1)}`;
  return `[${entries.join(gap)}]`;
}

/**
 * Formats all numbers with the same number of decimals, at most eight. Uses scientific notation where a small number
 * would otherwise show as 0.
 */
function formatNumbers(xs: readonly number[], isFloat: boolean): string[] {
  if (!isFloat) return xs.map(String);
  const sizes = xs.filter((x) => Number.isFinite(x) && x !== 0).map(Math.abs);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  const scientific = sizes.length > 0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e6);
  const shortest = (x: number) => (scientific ? x.toExponential(8) : x.toFixed(8)).replace(/\.?0+(?=$|e)/, "");
  const decimals = Math.max(0, ...xs.filter(Number.isFinite).map((x) => /\.(\d+)/.exec(shortest(x))?.[1]?.length ?? 0));
  return xs.map((x) => {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
    if (scientific) return x.toExponential(decimals);
    return decimals === 0 ? `${Object.is(x, -0) ? "-0" : x.toFixed(0)}.` : x.toFixed(decimals);
  });
}

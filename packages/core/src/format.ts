import { isArray, show } from "./errors.ts";
import { type ReadonlyNdArray, type Shape, sizeOf } from "./ndarray.ts";

/** [2, 3] as a message shows it; what should be a shape, or a list of lists, may hold anything. */
export function shapeText(shape: readonly unknown[], depth = 1): string {
  const shown = Array.from({ length: Math.min(shape.length, mostShown) }, (_, i) => entryText(shape[i], depth));
  return `[${shown.join(", ")}${shape.length > mostShown ? ", …" : ""}]`;
}
const mostShown = 33;

function entryText(x: unknown, depth: number): string {
  if (typeof x === "number") return String(x);
  return depth > 0 && isArray(x) ? shapeText(x, depth - 1) : show(x);
}

/** One number in a sentence: six significant digits at most. */
export const numberText = (x: number): string => String(Number(x.toPrecision(6)));

/** The place of the element number `at`, counted row by row, in an array of `shape`. */
export function indexOf(at: number, shape: Shape): number[] {
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

const edge = 3; // entries shown at either end of an abbreviated axis
const abbreviateAbove = 1000; // elements, as in NumPy

/** The elements of `a` in nested brackets, laid out as NumPy does it. `indent` is what already stands on the line. */
export function arrayText(a: ReadonlyNdArray, dtype: string, indent = 0): string {
  const abbreviated = sizeOf(a.shape) > abbreviateAbove;
  const shown: number[] = [];
  const text = layout(a, abbreviated, indent, (x) => `\0${shown.push(x) - 1}\0`);
  const words = dtype === "bool" ? shown.map((x) => (x ? "true" : "false")) : numberWords(shown, dtype !== "int32");
  const width = Math.max(0, ...words.map((word) => word.length));
  return text.replace(/\0(\d+)\0/g, (_, i) => words[i]!.padStart(width));
}

function layout(a: ReadonlyNdArray, abbreviated: boolean, indent: number, place: (x: number) => string): string {
  if (a.shape.length === 0) return place(a.get());
  const n = a.shape[0]!;
  const entries: string[] = [];
  for (let i = 0; i < n; i++) {
    if (abbreviated && n > 2 * edge && i === edge) {
      entries.push("...");
      i = n - edge;
    }
    const rest = a.shape.slice(1).map(() => null);
    entries.push(layout(a.pick(i, ...rest), abbreviated, indent + 1, place));
  }
  const gap = a.shape.length === 1 ? ", " : `,${"\n".repeat(a.shape.length - 1)}${" ".repeat(indent + 1)}`;
  return `[${entries.join(gap)}]`;
}

/** All with the same number of decimals, at most eight; in scientific notation where that would hide the small ones. */
function numberWords(xs: readonly number[], isFloat: boolean): string[] {
  if (!isFloat) return xs.map(String);
  const sizes = xs.filter((x) => Number.isFinite(x) && x !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const scientific = sizes.length > 0 && (most >= 1e8 || least < 1e-4 || most / least > 1e6);
  const shortest = (x: number) => (scientific ? x.toExponential(8) : x.toFixed(8)).replace(/\.?0+(?=$|e)/, "");
  const decimals = Math.max(0, ...xs.filter(Number.isFinite).map((x) => /\.(\d+)/.exec(shortest(x))?.[1]?.length ?? 0));
  return xs.map((x) => {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
    if (scientific) return x.toExponential(decimals);
    return decimals === 0 ? `${Object.is(x, -0) ? "-0" : x.toFixed(0)}.` : x.toFixed(decimals);
  });
}

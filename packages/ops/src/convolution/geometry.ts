import { ShapeError } from "@wengert/core";
import { describe, isList, type Operand, type Shape, shapeText, show } from "@wengert/core/extend";

/** A single number for all axes, or a list with a number for each axis. */
export type Sizes = number | readonly number[];

/** The padding along each axis: the numbers of entries added before and after the input. */
export type Widths = readonly (readonly [before: number, after: number])[];

/**
 * The padding around the input x. "valid" adds no entries. "same" adds as many entries as are needed for ⌈n / stride⌉
 * windows along an axis of size n. If that number is odd, the extra entry is after x. A list gives a pair [before,
 * after] for each axis.
 */
export type Padding = "valid" | "same" | Widths;

/**
 * Returns the value of an option as a list, with a number for each axis.
 * @throws ShapeError unless `value` is a whole number ≥ 1, or a list of `count` such numbers
 */
export function sizesOption(name: string, value: unknown, count: number): readonly number[] {
  const list: unknown[] = !isList(value)
    ? new Array(count).fill(value)
    : value.length === count
      ? [...value]
      : [undefined];
  if (list.every(isSize)) return list;
  const listText = count > 1 ? `, or a list of ${count}` : "";
  throw new ShapeError(`${name} must be a whole number of at least 1${listText}, got ${textOf(value)}`);
}

const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 1;
const textOf = (value: unknown): string => (isList(value) ? shapeText(value as Shape) : show(value));

/**
 * How windows slide along some axes of an array: the sizes of a window, the steps between windows (strides), and the
 * steps between the entries of a window (dilations).
 */
export interface Sliding {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** Returns how many entries a window spans along each axis, including the gaps that dilation leaves. */
export const spanOf = (size: number, dilation: number): number => dilation * (size - 1) + 1;

/**
 * Returns the padding of each axis as a pair [before, after], for axes of the given lengths. `named` lists the accepted
 * names, such as "same".
 * @throws ShapeError for other names, and unless a list has a pair of whole numbers ≥ 0 for each axis
 */
export function paddingOption(
  padding: unknown,
  lengths: readonly number[],
  { size, stride, dilation }: Sliding,
  named: readonly string[] = ["valid", "same"],
): Widths {
  if (typeof padding === "string" && named.includes(padding))
    return lengths.map((n, i) => {
      const missing = spanOf(size[i]!, dilation[i]!) - 1;
      if (padding === "valid") return [0, 0];
      if (padding === "causal") return [missing, 0];
      return halved(Math.max((Math.ceil(n / stride[i]!) - 1) * stride[i]! + missing + 1 - n, 0));
    });
  return explicitPadding(padding, lengths.length, named);
}

/**
 * Splits a number of padding entries between the two ends of an axis. If the number is odd, the end gets the extra
 * entry.
 */
export const halved = (total: number): readonly [before: number, after: number] => [total >> 1, total - (total >> 1)];

/** Returns a copy of a list of pairs. @throws ShapeError unless it has `count` pairs of whole numbers ≥ 0 */
export function explicitPadding(padding: unknown, count: number, named: readonly string[]): Widths {
  const isListOfPairs = isList(padding) && padding.length === count;
  const pairs = isListOfPairs
    ? Array.from(padding, (pair) => (isList(pair) && pair.length === 2 ? [...pair] : []))
    : [];
  if (pairs.length === count && pairs.every((pair) => pair.length === 2 && pair.every(isWidth)))
    return pairs as unknown as Widths;
  const names = named.map((name) => `"${name}"`).join(", ");
  const example = shapeText(new Array(count).fill([1, 1]) as unknown as Shape);
  const meant = typeof padding === "string" ? named.find((name) => name === padding.toLowerCase()) : undefined;
  const pairText = `${count === 1 ? "a list with one pair" : `a list of ${count} pairs`} [before, after]`;
  throw new ShapeError(
    `padding must be ${names}, or ${pairText} of whole numbers of at least 0; got ${textOf(padding)}; write padding: ${meant === undefined ? example : `"${meant}"`}`,
  );
}

const isWidth = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;

/**
 * Returns the number of windows along each axis of the given lengths.
 * @throws ShapeError if x, with its padding, is smaller than one window
 */
export function windowCounts(
  x: Operand,
  axes: readonly number[],
  { size, stride, dilation }: Sliding,
  padding?: Widths,
): readonly number[] {
  return axes.map((axis, i) => {
    const [before, after] = padding?.[i] ?? [0, 0];
    const length = before + x.shape[axis]! + after;
    const span = spanOf(size[i]!, dilation[i]!);
    const count = Math.floor((length - span) / stride[i]!) + 1;
    if (count >= 1) return count;
    const padded = before + after > 0 ? " with its padding" : "";
    throw new ShapeError(
      `a window spans ${span} entries along axis ${axis} of ${describe(x, "x")}, which has ${length}${padded}; use a smaller window${padding ? " or more padding" : ""}`,
    );
  });
}

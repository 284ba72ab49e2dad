import { ArgumentError } from "@wengert/core";
import type { Graph, ValueInfo } from "../format/model.ts";

// An exported file can have one dynamic size, such as the batch size. The exporter finds this size by comparing two
// traces of one function. Other numbers in the graph may depend on this size.

/**
 * A dynamic size of an exported file, such as the batch size. `sizes` are the values of the dynamic size in two traces
 * of one function.
 */
export interface Dimension {
  readonly name: string;
  readonly sizes: Pair;
  /** The name of a graph input whose axis `axis` has the dynamic size, such as the batch size. */
  readonly input: string;
  readonly axis: number;
}

/** The values that one number has in two traces of a function. */
export type Pair = readonly [first: number, second: number];

/** The number `slope` · n + `offset`, where n is the dynamic size, such as the batch size. */
export interface Line {
  readonly slope: number;
  readonly offset: number;
}

/**
 * Returns the line through the points (n, a) and (m, b), where n and m are the sizes of two traces. Returns `undefined`
 * if the slope or the offset is not a whole number, or if the slope is negative.
 *
 * Two values of a nonlinear formula also lie on a line. For a convex function such as n², the line has a slope above 1
 * and a negative offset, so such a line gives `undefined`. For a rounded quotient such as n / 2, the slope is below 1,
 * because the two sizes differ by at least 2.
 */
export function lineThrough([a, b]: Pair, { sizes: [n, m] }: Pick<Dimension, "sizes">): Line | undefined {
  const slope = (b - a) / (m - n);
  const offset = a - slope * n;
  if (!Number.isInteger(slope) || slope < 0 || (slope > 1 && offset < 0)) return undefined;
  return { slope, offset };
}

/**
 * Returns the size of an axis that may depend on a dynamic size: a number, or a text such as "2*batch" if the dynamic
 * size has the name "batch".
 */
export function sizeAlong({ slope, offset }: Line, name: string): number | string {
  if (slope === 0) return offset;
  const multiple = slope === 1 ? name : `${slope}*${name}`;
  return offset === 0 ? multiple : `${multiple}${offset > 0 ? "+" : "-"}${Math.abs(offset)}`;
}

const fix = "trace the same function twice, with arguments that differ in one size";

const describeValue = ({ name, type, shape }: ValueInfo): string => `${name}: ${type} [${shape.join(", ")}]`;

/**
 * Returns the size in which the inputs of two graphs differ.
 * @throws ArgumentError unless the inputs differ in one size and its multiples
 */
export function dimensionOf(first: Graph, second: Graph, name: string): Dimension {
  const count = Math.max(first.inputs.length, second.inputs.length);
  const found: { readonly input: string; readonly axis: number; readonly sizes: Pair }[] = [];
  for (let i = 0; i < count; i++) {
    const [a, b] = [first.inputs[i], second.inputs[i]];
    if (a === undefined || b === undefined || !isAlike(a, b))
      throw new ArgumentError(
        `toOnnx: the programs have different inputs, ${a ? describeValue(a) : "none"} and ${b ? describeValue(b) : "none"}; ${fix}`,
      );
    for (const [axis, n] of a.shape.entries())
      if (n !== b.shape[axis]) found.push({ input: a.name, axis, sizes: [n as number, b.shape[axis] as number] });
  }
  if (found.length === 0)
    throw new ArgumentError(
      "toOnnx: the inputs of the program otherSize have the same shapes; trace it with another batch size",
    );
  const smallest = found.reduce((least, each) => (each.sizes[0] < least.sizes[0] ? each : least));
  const [n, m] = smallest.sizes;
  if (Math.min(n, m) < 2 || Math.abs(n - m) < 2)
    throw new ArgumentError(
      `toOnnx: the sizes of the two traces must be at least 2, and differ by at least 2, got ${n} and ${m}; use sizes such as 8 and 12`,
    );
  for (const { input, axis, sizes } of found) {
    if (sizes[0] % n === 0 && sizes[0] / n === sizes[1] / m) continue;
    throw new ArgumentError(
      `toOnnx: axis ${axis} of ${input} has the sizes ${sizes.join(" and ")}, and axis ${smallest.axis} of ${smallest.input} has ${n} and ${m}; only one size and its multiples may differ`,
    );
  }
  return { name, ...smallest };
}

const isAlike = (a: ValueInfo, b: ValueInfo): boolean =>
  a.name === b.name && a.type === b.type && a.shape.length === b.shape.length;

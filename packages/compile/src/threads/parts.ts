import { type Shape, sizeOf } from "@wengert/core/extend";
import type { KernelCall } from "../instructions/instruction.ts";
import { broadcastTo, type Group, type GroupSum } from "../loops/groups.ts";
import { type Value, widthOf } from "../memory/layout.ts";

// Long kernel calls and fused loops are divided among threads. A single thread computes each element of the result,
// with the same operations in the same order for any number of threads. The bits therefore do not depend on the number
// of threads.

/**
 * A kernel call or a fused loop is divided among threads only if its estimated time on one thread is at least this
 * number of nanoseconds. Starting a thread's work and waiting for its end takes about 2 µs.
 */
const minTime = 10_000;

/** Divides `count` rows into `parts` ranges, each with a multiple of `unit` rows. Returns fewer ranges if there are few rows. */
function rangesOf(count: number, parts: number, unit: number): [start: number, rows: number][] {
  const step = Math.ceil(count / parts / unit) * unit;
  const ranges: [number, number][] = [];
  for (let start = 0; start < count; start += step) ranges.push([start, Math.min(step, count - start)]);
  return ranges;
}

/**
 * Divides a kernel call among threads, and returns the arguments for each thread. Returns `undefined` if one thread
 * makes the whole call.
 */
export function partsOfCall({ rows }: KernelCall, args: readonly number[], threads: number): number[][] | undefined {
  if (rows === undefined || rows.time < minTime) return undefined;
  const ranges = rangesOf(args[rows.count]!, threads, rows.unit);
  if (ranges.length < 2) return undefined;
  return ranges.map(([start, count]) => {
    const part = [...args];
    part[rows.count] = count;
    for (const [argument, bytes] of rows.addresses)
      if (argument < part.length && part[argument] !== 0) part[argument]! += start * bytes;
    return part;
  });
}

/** A thread sums at least this number of columns. */
const minColumns = 16;

/** Divides a fused loop into loops over ranges of one axis. Returns `undefined` if one thread runs the whole loop. */
export function partsOfGroup(group: Group, threads: number): Group[] | undefined {
  const { shape, dtype, steps, sums } = group;
  // An operation on a vector of 16 bytes takes about 0.5 ns, and its loads and stores take about another 0.5 ns.
  if ((sizeOf(shape) * widthOf(dtype) * steps.length) / 16 < minTime) return undefined;
  const axis = dividedAxis(group, threads);
  if (axis === undefined) return undefined;
  const ranges = rangesOf(shape[axis]!, threads, axis === shape.length - 1 ? 4 : 1);
  if (ranges.length < 2) return undefined;
  return ranges.map(([start, count]) => {
    const narrowed = new Map<Value, Value>();
    const narrow = (x: Value): Value => {
      const known = narrowed.get(x);
      if (known !== undefined) return known;
      const own = axis - (shape.length - x.shape.length);
      const isRepeated = own < 0 || x.shape[own] === 1;
      const part: Value = isRepeated
        ? x
        : { ...x, shape: x.shape.with(own, count), offset: x.offset + start * broadcastTo(x, shape)[axis]! };
      narrowed.set(x, part);
      return part;
    };
    return {
      ...group,
      shape: shape.with(axis, count),
      steps: steps.map((step) => ({ ...step, inputs: step.inputs.map(narrow), output: narrow(step.output) })),
      sums: sums.map((sum) => ({
        ...sum,
        computed: { ...sum.computed, output: partOfSum(sum, shape, axis, start, count) },
      })),
    };
  });
}

/**
 * Returns the axis along which threads divide a fused loop. Each thread computes whole sums: some rows if the loop sums
 * rows, and some columns if the loop sums columns. Returns `undefined` if the loop cannot be divided.
 */
function dividedAxis({ shape, sums: [sum] }: Group, threads: number): number | undefined {
  const first = sum === undefined || sum.isOfRows ? 0 : sum.boundary;
  const axis = shape.findIndex((size, k) => k >= first && size > 1);
  if (axis < 0 || (sum?.isOfRows && axis >= sum.boundary)) return undefined;
  return first > 0 && sizeOf(shape.slice(axis)) < minColumns * threads ? undefined : axis;
}

/** Returns a view of the part of a sum that one thread computes: `count` indices along `axis`, from `start` on. */
function partOfSum(
  { computed: { output }, isOfRows, boundary }: GroupSum,
  shape: Shape,
  axis: number,
  start: number,
  count: number,
): Value {
  const stride = sizeOf(shape.slice(axis + 1, isOfRows ? boundary : undefined));
  return { ...output, shape: [count * stride], stride: [1], offset: output.offset + start * stride };
}

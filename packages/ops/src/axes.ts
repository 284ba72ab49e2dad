import {
  ArgumentError,
  describe,
  isList,
  type Operand,
  OutOfRangeError,
  ShapeError,
  shapeText,
  show,
  sizeCure,
} from "@wengert/core";
import { isSameShape, type Shape } from "@wengert/core/ndarray";

/** An axis, or several; −1 is the last. */
export type Axes = number | readonly number[];

/** `axis` counted from 0. @throws OutOfRangeError, ArgumentError. */
export function axisOf(who: string, x: Operand, axis: number | undefined, rank: number = x.shape.length): number {
  if (axis === undefined || !Number.isInteger(axis))
    throw new ArgumentError(`${who}: axis must be a whole number, got ${show(axis)}${axisCure(axis)}`);
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  const range = rank === 0 ? "a scalar has no axes" : `it must be from ${-rank} to ${rank - 1}`;
  throw new OutOfRangeError(`${who}: ${describe(x)} has no axis ${axis}; ${range}`);
}

const axisCure = (axis: unknown): string =>
  axis === undefined ? "; write { axis: ... }" : isList(axis) ? "; it takes one axis" : "";

/** The axes counted from 0, in ascending order; all of them where `axis` is absent. @throws also for a repeated axis. */
export function axesOf(who: string, x: Operand, axis: Axes | undefined): readonly number[] {
  if (axis === undefined) return [...x.shape.keys()];
  const list = isList(axis) ? axis.slice(0, x.shape.length + 1) : [axis]; // one too many is named twice
  if (list.length === 1) return [axisOf(who, x, list[0])];
  const axes = Array.from(list, (each) => axisOf(who, x, each)).sort((a, b) => a - b);
  const twice = axes.find((each, i) => each === axes[i - 1]);
  if (twice === undefined) return axes;
  throw new OutOfRangeError(
    `${who}: axis ${twice} of ${describe(x)} is named twice in ${shapeText(axis as Shape)}; name it once`,
  );
}

/** The shape among the options of a call. @throws ShapeError for what is none; sizes are at least `least`. */
export function shapeOf(who: string, options: { readonly shape?: unknown }, least = 0): Shape {
  const { shape } = options;
  const sizes = isList(shape) && shape.length <= 64 ? ([...shape] as Shape) : undefined; // the caller may change his list
  if (sizes?.every((n) => Number.isSafeInteger(n) && n >= least)) return sizes;
  const came = isList(shape) ? shapeText(shape) : show(shape);
  const listed = `; write { shape: [${typeof shape === "number" ? shape : "..."}] }`;
  const cure = sizes ? (least < 0 ? "" : sizeCure(sizes)) : isList(shape) ? "" : listed;
  throw new ShapeError(`${who}: expected { shape: [sizes] }, whole numbers of at least ${least}; got ${came}${cure}`);
}

export interface AxisOption {
  readonly axis?: Axes | undefined;
}

export interface ReduceOptions {
  /** The axes to reduce, counted from the end where negative. Default: all. */
  readonly axis?: Axes | undefined;
  /** Whether the reduced axes stay, with size 1. Default: no. */
  readonly keepDims?: boolean | undefined;
}

export const reduceDefaults = { axis: undefined, keepDims: false };

/** What a reduction keeps of its options. */
export interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export const reductionOf = (who: string, x: Operand, { axis, keepDims }: ReduceOptions): Reduction => ({
  axes: axesOf(who, x, axis),
  keepDims: flagOf(who, "keepDims", keepDims),
});

/** An option that is true or false. @throws ArgumentError. */
export function flagOf(who: string, name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${who}: ${name} must be true or false, got ${show(value)}`);
}

/** `shape` with size 1 at `axes`. */
export const keptShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((n, i) => (axes.includes(i) ? 1 : n));

/** The shape of a reduction. */
export const reducedShape = (shape: Shape, { axes, keepDims }: Reduction): Shape =>
  keepDims ? keptShape(shape, axes) : shape.filter((_, i) => !axes.includes(i));

const aAndB = ["a", "b"];

/**
 * The shape to which all inputs broadcast by NumPy's rules, but for the `last` axes, which stay out of it.
 * @throws ShapeError that names the axis.
 */
export function broadcastShape(
  who: string,
  inputs: readonly Operand[],
  names: readonly string[] = aAndB,
  last = 0,
): Shape {
  let shape: Shape = [];
  for (let k = 0; k < inputs.length; k++) {
    const whole = inputs[k]!.shape;
    const other = last === 0 ? whole : whole.slice(0, -last);
    if (k === 0) shape = other;
    else if (other.length > 0 && !isSameShape(other, shape))
      shape = broadcastPair(who, shape, other, inputs, names, last);
  }
  return shape;
}

/** The shape of two of the inputs. It stands apart, as shapes are mostly the same, and calls need not pay for the closure. */
function broadcastPair(
  who: string,
  a: Shape,
  b: Shape,
  inputs: readonly Operand[],
  names: readonly string[],
  last: number,
): Shape {
  const shape: number[] = [];
  for (let axis = -Math.max(a.length, b.length); axis < 0; axis++) {
    const m = a.at(axis) ?? 1;
    const n = b.at(axis) ?? 1;
    shape.push(m === 1 ? n : m);
    if (m === n || m === 1 || n === 1) continue;
    const named = inputs.map((x, k) => ({ ...x, label: x.label ?? names[k] })).filter(({ shape }) => shape.length > 0);
    const listText = new Intl.ListFormat("en").format(named.map((x) => describe(x)));
    throw new ShapeError(
      `${who}: ${listText} do not broadcast: sizes ${m} and ${n} at axis ${axis - last}; ${cureFor(named)}`,
    );
  }
  return shape;
}

/** The shape that all inputs must have. @throws ShapeError. */
export function commonShape(who: string, inputs: readonly Operand[], names: readonly string[]): Shape {
  const [first] = inputs as [Operand];
  const odd = inputs.findIndex(({ shape }) => !isSameShape(shape, first.shape));
  if (odd < 0) return first.shape;
  const [wanted, came] = [describe(first, names[0]), describe(inputs[odd]!, names[odd])];
  throw new ShapeError(`${who}: ${came} must have the shape of ${wanted}`);
}

/** The usual mistakes: the axis of a reduction that is gone, [N] beside [N, K], and a transposed matrix. */
function cureFor(inputs: readonly Operand[]): string {
  for (const { label, shape } of inputs) {
    for (const { shape: whole } of inputs) {
      const gone = whole.findIndex((_, i) => String(whole.toSpliced(i, 1)) === String(shape));
      if (gone >= 0)
        return `did you mean expandDims(${label}, { axis: ${gone} }), or a reduction to ${label} with { keepDims: true }?`;
    }
  }
  const [a, b] = inputs.filter(({ shape }) => shape.length === 2);
  if (a && b && String(a.shape) === String(b.shape.toReversed())) return `did you mean transpose(${b.label})?`;
  return "sizes must be equal, or 1, counted from the last axis";
}

import { ArgumentError, OutOfRangeError, ShapeError } from "@wengert/core";
import {
  describe,
  isList,
  isSameShape,
  type Operand,
  type Shape,
  shapeText,
  show,
  sizeHint,
} from "@wengert/core/extend";

/** The option for an axis or a list of axes; −1 is the last axis. */
export type Axes = number | readonly number[];

/**
 * Returns `axis` counted from 0.
 * @throws ArgumentError unless `axis` is an integer, OutOfRangeError if x has no such axis.
 */
export function axisOf(x: Operand, axis: number | undefined, rank: number = x.shape.length): number {
  if (axis === undefined || !Number.isInteger(axis))
    throw new ArgumentError(`axis must be a whole number, got ${show(axis)}${axisHint(axis)}`);
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  const range = rank === 0 ? "a scalar has no axes" : `it must be from ${-rank} to ${rank - 1}`;
  throw new OutOfRangeError(`${describe(x)} has no axis ${axis}; ${range}`);
}

const axisHint = (axis: unknown): string =>
  axis === undefined ? "; write { axis: ... }" : isList(axis) ? "; it takes one axis" : "";

/**
 * Returns the axes counted from 0, in ascending order; all axes if `axis` is undefined.
 * @throws ArgumentError unless the axes are integers, OutOfRangeError if x has no such axis or an axis is repeated.
 */
export function axesOf(x: Operand, axis: Axes | undefined): readonly number[] {
  if (axis === undefined) return [...x.shape.keys()];
  const list = isList(axis) ? axis.slice(0, x.shape.length + 1) : [axis]; // a longer list must repeat an axis
  if (list.length === 1) return [axisOf(x, list[0])];
  const axes = Array.from(list, (each) => axisOf(x, each)).sort((a, b) => a - b);
  const repeated = axes.find((each, i) => each === axes[i - 1]);
  if (repeated === undefined) return axes;
  throw new OutOfRangeError(
    `axis ${repeated} of ${describe(x)} is named twice in ${shapeText(axis as Shape)}; name it once`,
  );
}

/**
 * Returns a copy of the option `shape`.
 * @throws ShapeError unless the option is a list of integers ≥ `minimum`.
 */
export function shapeOption(options: { readonly shape?: unknown }, minimum = 0): Shape {
  const { shape } = options;
  if (isList(shape) && shape.length > 64) throw new ShapeError(`a shape has at most 64 axes, got ${shape.length}`);
  const sizes = isList(shape) ? ([...shape] as Shape) : undefined; // a copy, as callers may change theirs
  if (sizes?.every((n) => Number.isSafeInteger(n) && n >= minimum)) return sizes;
  const got = isList(shape) ? shapeText(shape) : show(shape);
  const listHint = `; write { shape: [${typeof shape === "number" ? shape : "..."}] }`;
  const hint = sizes ? (minimum < 0 ? "" : sizeHint(sizes)) : isList(shape) ? "" : listHint;
  throw new ShapeError(`expected { shape: [sizes] }, whole numbers of at least ${minimum}; got ${got}${hint}`);
}

export interface AxisOption {
  readonly axis?: Axes | undefined;
}

export interface ReduceOptions {
  /** The axes to reduce; negative axes count from the end. Default: all. */
  readonly axis?: Axes | undefined;
  /** Whether to keep the reduced axes, with size 1. Default: false. */
  readonly keepDims?: boolean | undefined;
}

export const reduceDefaults = { axis: undefined, keepDims: false };

/** The parameters of a reduction, with axes counted from 0. */
export interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export const reductionOf = (x: Operand, { axis, keepDims }: ReduceOptions): Reduction => ({
  axes: axesOf(x, axis),
  keepDims: booleanOption("keepDims", keepDims),
});

/** Returns the value of a boolean option. @throws ArgumentError unless the value is a boolean. */
export function booleanOption(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${name} must be true or false, got ${show(value)}`);
}

/** Returns `shape` with the sizes of the axes `axes` replaced by 1. */
export const keepDimsShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((n, i) => (axes.includes(i) ? 1 : n));

/** Returns the output shape of a reduction over axes of `shape`. */
export const reducedShape = (shape: Shape, { axes, keepDims }: Reduction): Shape =>
  keepDims ? keepDimsShape(shape, axes) : shape.filter((_, i) => !axes.includes(i));

const defaultNames = ["a", "b"];

/**
 * Returns the shape to which all inputs broadcast by NumPy's rules. Ignores the last `skipLast` axes of each input.
 * @throws ShapeError if the inputs do not broadcast; the message names the axis.
 */
export function broadcastShape(
  inputs: readonly Operand[],
  names: readonly string[] = defaultNames,
  skipLast = 0,
): Shape {
  let shape: Shape = [];
  for (let k = 0; k < inputs.length; k++) {
    const larger = inputs[k]!.shape;
    const other = skipLast === 0 ? larger : larger.slice(0, -skipLast);
    if (k === 0) shape = other;
    else if (other.length > 0 && !isSameShape(other, shape))
      shape = broadcastPair(shape, other, inputs, names, skipLast);
  }
  return shape;
}

/**
 * Returns the broadcast shape of two inputs. This is a separate function, so that its closures are not created in calls
 * with equal shapes.
 */
function broadcastPair(
  a: Shape,
  b: Shape,
  inputs: readonly Operand[],
  names: readonly string[],
  skipLast: number,
): Shape {
  const shape: number[] = [];
  for (let axis = -Math.max(a.length, b.length); axis < 0; axis++) {
    const m = a.at(axis) ?? 1;
    const n = b.at(axis) ?? 1;
    shape.push(m === 1 ? n : m);
    if (m === n || m === 1 || n === 1) continue;
    const labeled = inputs
      .map((x, k) => ({ ...x, label: x.label ?? names[k] }))
      .filter(({ shape }) => shape.length > 0);
    const listText = new Intl.ListFormat("en").format(labeled.map((x) => describe(x)));
    throw new ShapeError(
      `${listText} do not broadcast: sizes ${m} and ${n} at axis ${axis - skipLast}; ${broadcastHint(labeled)}`,
    );
  }
  return shape;
}

/** Returns the common shape of all inputs. @throws ShapeError if the shape of an input differs. */
export function commonShape(inputs: readonly Operand[], names: readonly string[]): Shape {
  const [first] = inputs as [Operand];
  const mismatch = inputs.findIndex(({ shape }) => !isSameShape(shape, first.shape));
  if (mismatch < 0) return first.shape;
  const [expected, got] = [describe(first, names[0]), describe(inputs[mismatch]!, names[mismatch])];
  throw new ShapeError(`${got} must have the shape of ${expected}`);
}

/**
 * Suggests a fix for the three usual mistakes with shapes that do not broadcast: a reduction dropped an axis, [N] is
 * combined with [N, K], or a matrix is transposed.
 */
function broadcastHint(inputs: readonly Operand[]): string {
  for (const { label, shape } of inputs) {
    for (const { shape: larger } of inputs) {
      const removedAxis = larger.findIndex((_, i) => String(larger.toSpliced(i, 1)) === String(shape));
      if (removedAxis >= 0)
        return `did you mean expandDims(${label}, { axis: ${removedAxis} }), or a reduction to ${label} with { keepDims: true }?`;
    }
  }
  const [a, b] = inputs.filter(({ shape }) => shape.length === 2);
  if (a && b && String(a.shape) === String(b.shape.toReversed())) return `did you mean transpose(${b.label})?`;
  return "sizes must be equal, or 1, counted from the last axis";
}

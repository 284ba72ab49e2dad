import {
  ArgumentError,
  DTypeError,
  describe,
  isFloat,
  isList,
  OutOfRangeError,
  ShapeError,
  shapeText,
  show,
  Tensor,
  TracedValueError,
  tensorCure,
} from "@wengert/core";
import { type Data, isSameShape, ndarray, rows as rowMajor, type Shape } from "@wengert/core/ndarray";

/** Where the classes are, and what they are called. */
export interface ClassOptions {
  /** The axis of the classes, counted from the end where negative. Default: the last. */
  readonly axis?: number | undefined;
  /** The names of the classes in their order, for results and errors. Default: "0", "1", … */
  readonly classes?: readonly string[] | undefined;
}

/** Scores as a list of rows, with a label for each. */
export interface Rows {
  readonly who: string;
  readonly scores: Tensor;
  readonly targets: Tensor;
  /** Row after row, the class last. */
  readonly values: Data;
  readonly labels: Data;
  /** How many rows there are. */
  readonly count: number;
  /** How many classes there are: K. */
  readonly K: number;
  /** Their names, if there are any. */
  readonly classes: readonly string[] | undefined;
}

/**
 * The rows of `scores` along `axis` with their labels, each of which is a class. There is at least one.
 * @throws ArgumentError, DTypeError, ShapeError, OutOfRangeError, TracedValueError.
 */
export function rowsOf(who: string, scores: Tensor, labels: Tensor, options: ClassOptions): Rows {
  mustBeTensor(who, "scores", scores);
  if (!isFloat(scores.dtype)) {
    const cure = `write cast(${scores.label ?? "scores"}, { dtype: "float64" })`;
    throw new DTypeError(`${who}: scores are floats, ${describe(scores, "scores")} is ${scores.dtype}; ${cure}`);
  }
  const axis = axisOf(who, scores, options.axis);
  const K = scores.shape[axis]!;
  mustBeLabels(who, labels, scores.shape.toSpliced(axis, 1), { scores, axis });
  const moved = (list: Shape): Shape => [...list.toSpliced(axis, 1), list[axis]!];
  const { data, shape, stride, offset } = scores.array!;
  const values = rowMajor(ndarray(data, moved(shape), moved(stride), offset));
  const classes = namesOf(who, K, options.classes, describe(scores, "scores"));
  mustBeClasses(who, labels, { K, classes, source: describe(scores, "scores") });
  return { who, scores, targets: labels, values, labels: rowMajor(labels.array!), count: labels.size, K, classes };
}

/**
 * The class of the highest score in each row, the first of equal ones.
 * @throws OutOfRangeError for a row that holds NaN: it has no highest score.
 */
export function guessesOf({ who, scores, targets, values, count, K }: Rows): Int32Array {
  const guesses = new Int32Array(count);
  for (let i = 0, at = 0; i < count; i++, at += K) {
    let best = 0;
    for (let k = 0; k < K; k++) {
      const score = values[at + k]!;
      if (Number.isNaN(score)) throw notANumber(who, scores, targets, i);
      if (score > values[at + best]!) best = k;
    }
    guesses[i] = best;
  }
  return guesses;
}

export const notANumber = (who: string, scores: Tensor, labels: Tensor, row: number): OutOfRangeError =>
  new OutOfRangeError(
    `${who}: ${rowText(labels, row)} of ${describe(scores, "scores")} holds NaN, which is no score; nonFinite(f, ...) finds the step that made it`,
  );

/** @throws ShapeError, DTypeError, TracedValueError for what are no labels of `scores`, or of guesses where there is no `axis`. */
export function mustBeLabels(who: string, labels: Tensor, wanted: Shape, of: { scores: Tensor; axis?: number }): void {
  mustBeTensor(who, "labels", labels);
  const name = labels.label ?? "labels";
  if (!isSameShape(labels.shape, wanted)) throw misfit(who, labels, wanted, of);
  if (labels.dtype !== "int32")
    throw new DTypeError(
      `${who}: labels are int32, ${describe(labels, "labels")} is ${labels.dtype}; write cast(${name}, { dtype: "int32" })`,
    );
  if (labels.size === 0) throw new ShapeError(`${who}: there are no rows, ${describe(labels, "labels")} is empty`);
}

function misfit(
  who: string,
  labels: Tensor,
  wanted: Shape,
  { scores, axis }: { scores: Tensor; axis?: number },
): ShapeError {
  const came = describe(labels, "labels");
  const hasShape = (shape: Shape) => isSameShape(labels.shape, shape);
  if (hasShape(scores.shape))
    return new ShapeError(
      `${who}: labels are class indices, int32 ${shapeText(wanted)}; ${came} has the shape of the scores; are they one-hot? write argmax(${labels.label ?? "labels"}, { axis: ${axis} })`,
    );
  const other = axis === undefined ? -1 : scores.shape.findIndex((_, k) => hasShape(scores.shape.toSpliced(k, 1)));
  const where = other < 0 ? "" : `; are the classes along axis ${other}? write { axis: ${other} }`;
  const isSwapped = labels.shape.length > scores.shape.length;
  const cure = isSwapped ? "; are the arguments swapped? the scores come first" : where;
  const whose = axis === undefined ? describe(scores, "guesses") : `${describe(scores, "scores")} along axis ${axis}`;
  return new ShapeError(`${who}: for ${whose} labels are int32 ${shapeText(wanted)}, got ${came}${cure}`);
}

/** @throws OutOfRangeError for what is none of K classes; `source` says where their number is from, if they have no names. */
export function mustBeClasses(
  who: string,
  labels: Tensor,
  { K, classes, source }: { K: number; classes: readonly string[] | undefined; source: string },
): void {
  const list = rowMajor(labels.array!);
  const row = list.findIndex((label) => label < 0 || label >= K);
  if (row < 0) return;
  const [label, name] = [list[row]!, labels.label ?? "labels"];
  const known = classes && K <= 10 ? `: ${classes.join(", ")}` : `, from ${source}`;
  const cure = label === K ? `; are they counted from 1? write sub(${name}, 1)` : "";
  throw new OutOfRangeError(
    `${who}: label ${label} of ${rowText(labels, row)} of ${describe(labels, "labels")} is no class: they are 0 … ${K - 1} (K = ${K}${known})${cure}`,
  );
}

/** The names of K classes, if there are any. @throws ArgumentError, ShapeError for what are not K names, each different. */
export function namesOf(
  who: string,
  K: number | undefined,
  classes: unknown,
  source = "",
): readonly string[] | undefined {
  if (classes === undefined) return undefined;
  if (!isList(classes) || !classes.every((name): name is string => typeof name === "string"))
    throw new ArgumentError(`${who}: classes is a list of names, one a class, got ${show(classes)}`);
  if (K !== undefined && classes.length !== K)
    throw new ShapeError(`${who}: ${classes.length} names were given for K = ${K} classes (${source})`);
  const k = classes.findIndex((name, i) => classes.indexOf(name) < i);
  if (k < 0) return [...classes];
  throw new ArgumentError(
    `${who}: the classes ${classes.indexOf(classes[k]!)} and ${k} are both called ${JSON.stringify(classes[k])}; give each a name of its own`,
  );
}

/** `row 3`, or `row [1, 0]` where rows lie along several axes. */
export function rowText({ shape }: Tensor, row: number): string {
  if (shape.length === 1) return `row ${row}`;
  const index = shape.map((n, axis) => Math.floor(row / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % n);
  return `row ${shapeText(index)}`;
}

export function mustBeTensor(who: string, what: string, x: unknown): asserts x is Tensor {
  if (!(x instanceof Tensor))
    throw new ArgumentError(`${who}: ${what} must be a tensor, got ${show(x)}${tensorCure(x)}`);
  if (x.array === undefined)
    throw new TracedValueError(
      `${who}: ${describe(x, what)} has no value while a program is traced; return it from the program, and measure it outside`,
    );
}

function axisOf(who: string, scores: Tensor, axis: unknown): number {
  const rank = scores.shape.length;
  if (typeof axis !== "number" || !Number.isInteger(axis))
    throw new ArgumentError(`${who}: axis must be a whole number, got ${show(axis)}`);
  if (rank === 0) throw new ShapeError(`${who}: scores have an axis of classes, got ${describe(scores, "scores")}`);
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new OutOfRangeError(
    `${who}: ${describe(scores, "scores")} has no axis ${axis}; it must be from ${-rank} to ${rank - 1}`,
  );
}

import { ArgumentError, DTypeError, OutOfRangeError, ShapeError, Tensor, TracedValueError } from "@wengert/core";
import {
  type Data,
  describe,
  isFloat,
  isList,
  isSameShape,
  ndarray,
  type OtherNames,
  ravel as rowMajor,
  type Shape,
  shapeText,
  show,
  tensorHint,
} from "@wengert/core/extend";

/** Options of a metric: the axis of the classes and their names. */
export interface ClassOptions {
  /** The axis of the classes. A negative axis counts from the end. Default: the last axis. */
  readonly axis?: number | undefined;
  /** The names of the classes in order, used in results and error messages. Default: "0", "1", … */
  readonly classes?: readonly string[] | undefined;
}

/** The options of metrics that predict a class. */
export interface PredictionOptions extends ClassOptions {
  /**
   * The probability above which class 1 is predicted, from 0 to 1, if each row has a single score (the logit of class
   * 1). Default 0.5, the probability of the logit 0.
   */
  readonly threshold?: number | undefined;
}

/** Names of `classes` in scikit-learn. */
export const classNames: OtherNames = { targetnames: "classes", labels: "classes", displaylabels: "classes" };

/** Scores as a list of rows, and a label for each row. */
export interface Rows {
  readonly caller: string;
  readonly scores: Tensor;
  readonly targets: Tensor;
  /** The scores in row-major order, with the classes along the last axis. */
  readonly values: Data;
  readonly labels: Data;
  /** The number of rows. */
  readonly count: number;
  /** K, the number of classes. */
  readonly K: number;
  /** The names of the classes, if the caller passed them. */
  readonly classes: readonly string[] | undefined;
}

/**
 * Moves the class axis of `scores` last and checks the labels. The result has at least one row, and its labels are from
 * 0 to K − 1 for K classes.
 * @throws ArgumentError, DTypeError, ShapeError, OutOfRangeError, TracedValueError for invalid arguments
 */
export function scoreRows(caller: string, scores: Tensor, labels: Tensor, options: ClassOptions): Rows {
  mustBeTensor(caller, "scores", scores);
  mustBeFloats(caller, scores);
  const axis = axisOf(caller, scores, options.axis ?? -1);
  const K = scores.shape[axis]!;
  mustBeLabels(caller, labels, scores.shape.toSpliced(axis, 1), { scores, axis });
  const classesLast = (list: Shape): Shape => [...list.toSpliced(axis, 1), list[axis]!];
  const { data, shape, stride, offset } = scores.array!;
  const values = rowMajor(ndarray(data, classesLast(shape), classesLast(stride), offset));
  const classes = namesOf(caller, K, options.classes, describe(scores, "scores"));
  mustBeClasses(caller, labels, { K, classes, source: describe(scores, "scores") });
  return { caller, scores, targets: labels, values, labels: rowMajor(labels.array!), count: labels.size, K, classes };
}

/**
 * Returns the class with the highest score in each row, or the first such class.
 * @throws OutOfRangeError for a row that holds NaN
 */
export function predictedClasses({ caller, scores, targets, values, count, K }: Rows): Int32Array {
  const predictions = new Int32Array(count);
  for (let i = 0, at = 0; i < count; i++, at += K) {
    let best = 0;
    for (let k = 0; k < K; k++) {
      const score = values[at + k]!;
      if (Number.isNaN(score)) throw nanScoreError(caller, scores, targets, i);
      if (score > values[at + best]!) best = k;
    }
    predictions[i] = best;
  }
  return predictions;
}

export const nanScoreError = (caller: string, scores: Tensor, labels: Tensor, row: number): OutOfRangeError =>
  new OutOfRangeError(
    `${caller}: ${rowText(labels, row)} of ${describe(scores, "scores")} holds NaN; nonFinite(f, ...) finds the step that produced it`,
  );

/**
 * Checks the dtype and shape of labels. If `axis` is missing, `scores` are predicted classes.
 * @throws ShapeError, DTypeError, TracedValueError
 */
export function mustBeLabels(
  caller: string,
  labels: Tensor,
  expected: Shape,
  of: { scores: Tensor; axis?: number },
): void {
  mustBeTensor(caller, "labels", labels);
  const name = labels.label ?? "labels";
  if (!isSameShape(labels.shape, expected)) throw labelsShapeError(caller, labels, expected, of);
  if (labels.dtype !== "int32")
    throw new DTypeError(
      `${caller}: labels must be int32, got ${describe(labels, "labels")} of dtype ${labels.dtype}; write cast(${name}, { dtype: "int32" })`,
    );
  if (labels.size === 0)
    throw new ShapeError(`${caller}: at least one row is needed, got the empty ${describe(labels, "labels")}`);
}

function labelsShapeError(
  caller: string,
  labels: Tensor,
  expected: Shape,
  { scores, axis }: { scores: Tensor; axis?: number },
): ShapeError {
  const got = describe(labels, "labels");
  const hasShape = (shape: Shape) => isSameShape(labels.shape, shape);
  if (hasShape(scores.shape))
    return new ShapeError(
      `${caller}: labels must be class indices, int32 ${shapeText(expected)}, but ${got} has the shape of the scores; if they are one-hot, write argmax(${labels.label ?? "labels"}, { axis: ${axis} })`,
    );
  const likelyAxis = axis === undefined ? -1 : scores.shape.findIndex((_, k) => hasShape(scores.shape.toSpliced(k, 1)));
  const where = likelyAxis < 0 ? "" : `; are the classes along axis ${likelyAxis}? write { axis: ${likelyAxis} }`;
  const isSwapped = labels.shape.length > scores.shape.length;
  const hint = isSwapped ? "; are the arguments swapped? the scores come first" : where;
  const subject = axis === undefined ? describe(scores, "guesses") : `${describe(scores, "scores")} along axis ${axis}`;
  return new ShapeError(`${caller}: labels for ${subject} must be int32 ${shapeText(expected)}, got ${got}${hint}`);
}

/**
 * Checks that labels are from 0 to K − 1 for K classes. If the classes have no names, the error message contains
 * `source`, which explains the number K.
 * @throws OutOfRangeError
 */
export function mustBeClasses(
  caller: string,
  labels: Tensor,
  { K, classes, source }: { K: number; classes: readonly string[] | undefined; source: string },
): void {
  const list = rowMajor(labels.array!);
  const row = list.findIndex((label) => label < 0 || label >= K);
  if (row < 0) return;
  const [label, name] = [list[row]!, labels.label ?? "labels"];
  const known = classes && K <= 10 ? `: ${classes.join(", ")}` : `, from ${source}`;
  const hint = label === K ? `; are they counted from 1? write sub(${name}, 1)` : "";
  throw new OutOfRangeError(
    `${caller}: labels must be in 0 … ${K - 1} (K = ${K}${known}), got ${label} in ${rowText(labels, row)} of ${describe(labels, "labels")}${hint}`,
  );
}

/**
 * Returns the class names, or `undefined` if the caller passed none.
 * @throws ArgumentError unless the names are different strings, ShapeError unless there is a name for each class
 */
export function namesOf(
  caller: string,
  K: number | undefined,
  classes: unknown,
  source = "",
): readonly string[] | undefined {
  if (classes === undefined) return undefined;
  if (!isList(classes) || !classes.every((name): name is string => typeof name === "string"))
    throw new ArgumentError(`${caller}: classes must be a list of strings, one per class, got ${show(classes)}`);
  if (K !== undefined && classes.length !== K)
    throw new ShapeError(
      `${caller}: classes must have one name for each of the K = ${K} classes of ${source}, got ${classes.length} names`,
    );
  const indices = new Map<string, number>();
  for (const [k, name] of classes.entries()) {
    const earlier = indices.get(name);
    if (earlier !== undefined)
      throw new ArgumentError(
        `${caller}: class names must be unique, got ${JSON.stringify(name)} for classes ${earlier} and ${k}; rename one`,
      );
    indices.set(name, k);
  }
  return [...classes];
}

/** Names a row for a message: `row 3`, or `row [1, 0]` if the labels have several axes. */
export function rowText({ shape }: Tensor, row: number): string {
  if (shape.length === 1) return `row ${row}`;
  const index = shape.map((n, axis) => Math.floor(row / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % n);
  return `row ${shapeText(index)}`;
}

/** @throws DTypeError unless scores are floats */
export function mustBeFloats(caller: string, scores: Tensor): void {
  if (isFloat(scores.dtype)) return;
  const hint = `write cast(${scores.label ?? "scores"}, { dtype: "float64" })`;
  throw new DTypeError(
    `${caller}: scores must be floats, got ${describe(scores, "scores")} of dtype ${scores.dtype}; ${hint}`,
  );
}

export function mustBeTensor(caller: string, what: string, x: unknown): asserts x is Tensor {
  if (!(x instanceof Tensor))
    throw new ArgumentError(`${caller}: ${what} must be a tensor, got ${show(x)}${tensorHint(x)}`);
  if (x.array === undefined)
    throw new TracedValueError(
      `${caller}: ${describe(x, what)} has no value while a program is traced; return it from the program and compute the metric outside`,
    );
}

function axisOf(caller: string, scores: Tensor, axis: unknown): number {
  const rank = scores.shape.length;
  if (typeof axis !== "number" || !Number.isInteger(axis))
    throw new ArgumentError(`${caller}: axis must be a whole number, got ${show(axis)}`);
  if (rank === 0) throw new ShapeError(`${caller}: scores must have a class axis, got ${describe(scores, "scores")}`);
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new OutOfRangeError(
    `${caller}: ${describe(scores, "scores")} has no axis ${axis}; it must be from ${-rank} to ${rank - 1}`,
  );
}

import { DTypeError, ShapeError } from "@wengert/core";
import { describe, isFloat, type Operand, type Shape, shapeText, sharedFloat } from "@wengert/core/extend";

/** The axis of the classes. At each index of the other axes, the logits have a row of K numbers, for K classes. */
export interface Classes {
  readonly axis: number;
}

/**
 * Returns the shape of the losses: the shape of the logits without the axis of the classes.
 * @throws DTypeError, ShapeError unless `labels` has a class index for each row of logits.
 */
export function labelLossShape(logits: Operand, labels: Operand, axis: number): Shape {
  const rows = rowShape(logits, axis);
  if (labels.dtype === "int32" && isSame(labels.shape, rows)) return rows;
  throw targetError(logits, labels, axis);
}

/**
 * Returns the shape of the losses: the shape of the logits without the axis of the classes.
 * @throws DTypeError, ShapeError unless `probabilities` has a probability for each logit.
 */
export function probabilityLossShape(logits: Operand, probabilities: Operand, axis: number): Shape {
  if (!isFloat(probabilities.dtype) || !isSame(probabilities.shape, logits.shape))
    throw targetError(logits, probabilities, axis);
  sharedFloat([logits, probabilities], ["logits", "target"]);
  return rowShape(logits, axis);
}

/** @throws ShapeError unless the cotangent `g` has an entry for each row of logits. */
export function checkCotangents(rows: Shape, g: Operand): void {
  if (!isSame(rows, g.shape))
    throw new ShapeError(`${describe(g, "g")} must have the shape ${shapeText(rows)}, one number per row`);
}

const rowShape = ({ shape }: Operand, axis: number): Shape => shape.toSpliced(axis, 1);
const isSame = (a: Shape, b: Shape): boolean => String(a) === String(b);

/** Returns the error for a target that is neither labels nor probabilities, with the likely fix. */
function targetError(logits: Operand, target: Operand, axis: number): DTypeError | ShapeError {
  const [z, t, name] = [describe(logits, "logits"), describe(target, "target"), target.label ?? "target"];
  if (target.dtype !== "int32" && isSame(target.shape, rowShape(logits, axis)))
    return new DTypeError(
      `class indices must be int32, got ${t} with dtype ${target.dtype}; write cast(${name}, { dtype: "int32" })`,
    );
  const float = isFloat(logits.dtype) ? logits.dtype : "float64";
  if (!isFloat(target.dtype) && isSame(target.shape, logits.shape))
    return new DTypeError(
      `${t} is ${target.dtype} and has the shape of ${z}; are they one-hot? write cast(${name}, ` +
        `{ dtype: "${float}" }) for probabilities, or argmax(${name}, { axis: ${axis} }) for labels`,
    );
  const expected = `int32 ${shapeText(rowShape(logits, axis))}, or probabilities, ${float} ${shapeText(logits.shape)}`;
  return new ShapeError(
    `for ${z} along axis ${axis} the target must be class indices, ${expected}; got ${target.dtype} ${t}${targetHint(logits, target)}`,
  );
}

/**
 * Suggests a fix for targets that follow the conventions of other libraries: classes on axis 1, or targets as the first
 * argument.
 */
function targetHint(logits: Operand, target: Operand): string {
  const rowAxis = (x: Operand, y: Operand) => x.shape.findIndex((_, axis) => isSame(rowShape(x, axis), y.shape));
  const [axis, swapped] = [rowAxis(logits, target), rowAxis(target, logits)];
  if (axis >= 0) return `; are the classes along axis ${axis}? write { axis: ${axis} }`;
  return swapped < 0 ? "" : "; are the arguments swapped? the logits come first";
}

import { ShapeError, type Tensor } from "@wengert/core";
import {
  type BatchCall,
  type Binary,
  describe,
  isSameShape,
  type Operand,
  type Shape,
  shapeText,
  sizeOf,
} from "@wengert/core/extend";
import { reshape } from "../shapes/reshape.ts";
import { broadcastTo } from "../shapes/sum.ts";

/**
 * Returns the shape of the losses, which is the shape of the predictions. Losses do not broadcast, because a prediction
 * [N, 1] and a target [N] would give N × N losses, and a fit would learn wrong weights without an error.
 * @throws ShapeError unless the shapes are equal or one is []. The message suggests a call of `squeeze` if it helps.
 */
export function lossShape(inputs: readonly [Operand, Operand], names: readonly [string, string]): Shape {
  const [{ shape: prediction }, { shape: target }] = inputs;
  if (target.length === 0 || isSameShape(prediction, target)) return prediction;
  if (prediction.length === 0) return target;
  const [a, b] = inputs.map((x, k) => ({ ...x, label: x.label ?? names[k] })) as [Operand, Operand];
  throw new ShapeError(
    `${names.join(" and ")} must have the same shape, or one must be a scalar, []; got ${describe(a)} and ` +
      `${describe(b)}${shapeHint(a, b) ?? shapeHint(b, a) ?? ""}`,
  );
}

/**
 * Applies a loss to a batch. If an input is a scalar in each batch entry, it is repeated to the shape of the other
 * input, because losses do not broadcast.
 */
export function batchOfLosses<P>({ operands, params, size, withBatch, again }: BatchCall<Binary, P>): Tensor {
  const shape = [size, ...lossShape(operands, ["a", "b"])];
  const fitted = operands.map((_, k) => {
    const x = withBatch(k);
    if (isSameShape(x.shape, shape)) return x;
    return broadcastTo(reshape(x, { shape: shape.map((n, axis) => (axis === 0 ? n : 1)) }), { shape });
  });
  return again(params, fitted);
}

/** Suggests how to reshape x to the shape of `other`, or to a scalar; undefined if neither is possible. */
function shapeHint({ label, shape }: Operand, other: Operand): string | undefined {
  const axes = extraAxes(shape, other.shape) ?? (sizeOf(shape) === 1 ? [...shape.keys()] : undefined);
  if (axes) return `; write squeeze(${label}, { axis: ${axes.length === 1 ? axes[0] : shapeText(axes)} })`;
  const missing = other.shape.length - shape.length;
  const broadcasts = missing >= 0 && shape.every((n, i) => n === 1 || n === other.shape[i + missing]);
  return broadcasts ? `; write broadcastTo(${label}, { shape: ${shapeText(other.shape)} })` : undefined;
}

/** If `shape` is `other` with additional axes of size 1, returns these axes; otherwise returns undefined. */
function extraAxes(shape: Shape, other: Shape): number[] | undefined {
  const extra: number[] = [];
  for (const [axis, n] of shape.entries()) {
    if (n === other[axis - extra.length]) continue;
    if (n !== 1) return undefined;
    extra.push(axis);
  }
  return shape.length - extra.length === other.length ? extra : undefined;
}

import type { Tensor } from "@wengert/core";
import { binaryRows, isBinary } from "./binary.ts";
import { classOptions, probabilityRows } from "./probabilities.ts";
import { type ClassOptions, mustBeTensor } from "./rows.ts";

/**
 * Returns the mean of −log p over the rows, where p is the probability of the label. The result equals `crossEntropy`
 * of the logits. Probabilities are not clipped, so a probability of 0 for a label gives Infinity.
 *
 * `probabilities` are floats with the classes along `axis`; each row sums to 1. `labels` are int32, with the shape of
 * the probabilities without `axis`. For logits, `crossEntropy(logits, labels)` is more precise.
 *
 * For two classes, `probabilities` may be the logits of class 1, [N] or [N, 1], with labels 0 or 1 of any dtype. The
 * result then equals `binaryCrossEntropy` of the logits.
 *
 * @throws ShapeError, DTypeError if `probabilities` and `labels` are incompatible
 * @throws OutOfRangeError for a label outside 0 … K − 1, or a row that holds NaN or does not sum to 1
 */
export function logLoss(probabilities: Tensor, labels: Tensor, options?: ClassOptions): number {
  const { axis, classes } = classOptions("logLoss", options);
  mustBeTensor("logLoss", "scores", probabilities);
  let sum = 0;
  if (isBinary(probabilities, labels, axis)) {
    const { logits, labels: trueLabels, count } = binaryRows("logLoss", probabilities, labels, classes);
    for (let i = 0; i < count; i++) sum += softplus(trueLabels[i] === 1 ? -logits[i]! : logits[i]!);
    return sum / count;
  }
  const rows = probabilityRows("logLoss", probabilities, labels, { axis, classes });
  for (let i = 0; i < rows.count; i++) sum -= Math.log(rows.values[i * rows.K + rows.labels[i]!]!);
  return sum / rows.count;
}

/** Returns log(1 + exp(z)) without overflow: this is −log p for the probability p = 1 / (1 + exp(z)). */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

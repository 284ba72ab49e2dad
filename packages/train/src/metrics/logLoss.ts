import type { Tensor } from "@wengert/core";
import { classOptions, probabilityRows } from "./probabilities.ts";
import type { ClassOptions } from "./rows.ts";

/**
 * Returns the mean of −log p over the rows, where p is the probability of the label. It equals `crossEntropy` of the
 * logits. Probabilities are not clipped, so a probability of 0 for a label gives Infinity.
 *
 * `probabilities` are floats with the classes along `axis`; each row sums to 1. `labels` are int32, with the shape of
 * the probabilities without `axis`. For logits, `crossEntropy(logits, labels)` is more precise.
 *
 * @throws ShapeError, DTypeError if `probabilities` and `labels` are incompatible
 * @throws OutOfRangeError for a label outside 0 … K − 1, or a row that holds NaN or does not sum to 1
 */
export function logLoss(probabilities: Tensor, labels: Tensor, options?: ClassOptions): number {
  const rows = probabilityRows("logLoss", probabilities, labels, classOptions("logLoss", options));
  let sum = 0;
  for (let i = 0; i < rows.count; i++) sum -= Math.log(rows.values[i * rows.K + rows.labels[i]!]!);
  return sum / rows.count;
}

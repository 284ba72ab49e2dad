import type { Tensor } from "@wengert/core";
import { classOptions, probabilityRows } from "./probabilities.ts";
import type { ClassOptions } from "./rows.ts";

/**
 * The mean of −log p over the rows, p being the probability of the label: `crossEntropy` of the logits, had one kept them. It is
 * exact: 0 for a row that is sure and right, Infinity where a label has the probability 0, which nothing hides.
 *
 * `probabilities` are floats with the classes along `axis`, each row with the sum 1; `labels` are int32, of their shape without
 * `axis`. From logits, `crossEntropy(logits, labels)` is more precise.
 *
 * @throws ShapeError, DTypeError where they do not fit; OutOfRangeError for a label that is no class, and for a row that holds
 * NaN or no probabilities.
 */
export function logLoss(probabilities: Tensor, labels: Tensor, options?: ClassOptions): number {
  const rows = probabilityRows("logLoss", probabilities, labels, classOptions("logLoss", options));
  let sum = 0;
  for (let i = 0; i < rows.count; i++) sum -= Math.log(rows.values[i * rows.K + rows.labels[i]!]!);
  return sum / rows.count;
}

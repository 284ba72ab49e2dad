import { OutOfRangeError, ShapeError, type Tensor } from "@wengert/core";
import { describe } from "@wengert/core/extend";
import { binaryRows, isBinary } from "./binary.ts";
import { mustBeFloats, mustBeTensor } from "./rows.ts";

/**
 * Returns the area under the ROC curve: the probability that a random row of class 1 has a higher score than a random
 * row of class 0, where equal scores count half (the statistic U of H. Mann and D. Whitney 1947). Takes O(N log N).
 *
 * `scores` are floats [N] or [N, 1], logits or probabilities of class 1, because only their order matters. `labels` are
 * 0 or 1, [N] or [N, 1], of any dtype.
 *
 * @throws ArgumentError, ShapeError, DTypeError if `scores` and `labels` are incompatible
 * @throws OutOfRangeError for a label other than 0 and 1, a NaN, or if a class has no rows
 */
export function rocAuc(scores: Tensor, labels: Tensor): number {
  const caller = "rocAuc";
  mustBeTensor(caller, "scores", scores);
  mustBeFloats(caller, scores);
  mustBeTensor(caller, "labels", labels);
  if (!isBinary(scores, labels, undefined)) {
    const [name, K] = [scores.label ?? "scores", scores.shape[1]];
    const hint = K === 2 ? `; write slice(softmax(${name}), { start: [0, 1] }) for the probability of class 1` : "";
    throw new ShapeError(
      `${caller}: one score per row is needed, [N] or [N, 1], got ${describe(scores, "scores")}${hint}`,
    );
  }
  const rows = binaryRows(caller, scores, labels);
  const [zeros, ones] = [0, 1].map((label) =>
    Float64Array.from(rows.logits).filter((_, i) => rows.labels[i] === label),
  );
  const [others, ranked] = [zeros!.sort(), ones!.sort()];
  if (others.length === 0 || ranked.length === 0)
    throw new OutOfRangeError(
      `${caller}: rows of both classes are needed, got ${others.length} of class 0 and ${ranked.length} of class 1`,
    );
  // The loop visits the rows of class 1 in ascending order of scores. For each row, it counts the rows of class 0 with
  // a lower score, and those with a lower or equal score.
  let [below, notAbove, sum] = [0, 0, 0];
  for (const score of ranked) {
    while (below < others.length && others[below]! < score) below++;
    while (notAbove < others.length && others[notAbove]! <= score) notAbove++;
    sum += (below + notAbove) / 2;
  }
  return sum / (others.length * ranked.length);
}

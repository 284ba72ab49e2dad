import { OutOfRangeError, type Tensor } from "@wengert/core";
import { describe, withDefaults } from "@wengert/core/extend";
import { type ClassOptions, classNames, nanScoreError, type Rows, rowText, scoreRows } from "./rows.ts";

/**
 * Returns the allowed difference of 1 and the sum of a row's probabilities. The tolerance grows with the number of
 * classes, because float32 rounding errors add up.
 */
const tolerance = 1e-3;

/**
 * Checks that each row holds probabilities.
 * @throws OutOfRangeError for a row with a negative number, or with a sum other than 1
 */
export function probabilityRows(caller: string, probabilities: Tensor, labels: Tensor, options: ClassOptions): Rows {
  const rows = scoreRows(caller, probabilities, labels, options);
  const { values, count, K } = rows;
  for (let i = 0, at = 0; i < count; i++, at += K) {
    let [sum, smallest] = [0, 0];
    for (let k = 0; k < K; k++) {
      sum += values[at + k]!;
      smallest = Math.min(smallest, values[at + k]!);
    }
    if (Number.isNaN(sum)) throw nanScoreError(caller, probabilities, labels, i);
    if (smallest >= 0 && Math.abs(sum - 1) <= tolerance) continue;
    const problem = smallest < 0 ? `holds ${smallest}` : `sums to ${sum}`;
    const [x, y] = [probabilities.label ?? "scores", labels.label ?? "labels"];
    throw new OutOfRangeError(
      `${caller}: ${rowText(labels, i)} of ${describe(probabilities, "scores")} ${problem}, so it does not hold probabilities; for logits, write softmax(${x}), or crossEntropy(${x}, ${y}) for the loss`,
    );
  }
  return rows;
}

export const classOptions = (caller: string, options: ClassOptions | undefined): ClassOptions =>
  withDefaults<ClassOptions>(caller, options, { axis: undefined, classes: undefined }, classNames);

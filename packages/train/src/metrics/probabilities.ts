import { complete, describe, OutOfRangeError, type Tensor } from "@wengert/core";
import { type ClassOptions, notANumber, type Rows, rowsOf, rowText } from "./rows.ts";

/** By how much a row of float32 probabilities may miss 1: what rounding does to sums of many. */
const tolerance = 1e-3;

/** Rows that are probabilities. @throws OutOfRangeError for a row that holds a number below 0, or does not sum to 1. */
export function probabilityRows(who: string, probabilities: Tensor, labels: Tensor, options: ClassOptions): Rows {
  const rows = rowsOf(who, probabilities, labels, options);
  const { values, count, K } = rows;
  for (let i = 0, at = 0; i < count; i++, at += K) {
    let [sum, least] = [0, 0];
    for (let k = 0; k < K; k++) {
      sum += values[at + k]!;
      least = Math.min(least, values[at + k]!);
    }
    if (Number.isNaN(sum)) throw notANumber(who, probabilities, labels, i);
    if (least >= 0 && Math.abs(sum - 1) <= tolerance) continue;
    const came = least < 0 ? `holds ${least}` : `sums to ${sum}`;
    const [x, y] = [probabilities.label ?? "scores", labels.label ?? "labels"];
    throw new OutOfRangeError(
      `${who}: ${rowText(labels, i)} of ${describe(probabilities, "scores")} ${came}, so it holds no probabilities; of logits they are softmax(${x}), and crossEntropy(${x}, ${y}) is their loss`,
    );
  }
  return rows;
}

export const classOptions = (who: string, options: ClassOptions | undefined): ClassOptions =>
  complete<ClassOptions>(who, options, { axis: -1, classes: undefined });

import type { Tensor } from "@wengert/core";
import { cast, cumsum, div, randomUniform, softmax } from "@wengert/ops";

/**
 * Draws an index for each row of scores [n, K], with the probabilities softmax(scores / temperature). A temperature below 1
 * makes likely indices even likelier. `temperature` is a number, or a tensor [n, 1].
 */
export function draw(scores: Tensor, temperature: number | Tensor, key: Tensor): number[] {
  const probabilities = softmax(div(cast(scores, { dtype: "float64" }), temperature));
  const rows = cumsum(probabilities, { axis: 1 }).toNested<number[][]>();
  const u = randomUniform(key, { shape: [rows.length] }).toNested<number[]>();
  return rows.map((upTo, i) => upTo.findIndex((sum) => sum > u[i]! * upTo.at(-1)!)); // the total may round to less than 1
}

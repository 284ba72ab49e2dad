import { type Tensor, tensor } from "@wengert/core";
import { cast, cumsum, div, foldIn, randomUniform, softmax, take } from "@wengert/ops";
import { type Model, predict } from "./model.ts";

export interface SampleOptions {
  readonly heads: number;
  /** How many characters to write. */
  readonly length: number;
  /** What the scores are divided by: below 1 likely characters become likelier. */
  readonly temperature: number;
  readonly key: Tensor;
}

/** Goes on from `prompt`, character by character, each drawn by the probabilities that the model gives it. */
export function sample(
  model: Model,
  prompt: readonly number[],
  { heads, length, temperature, key }: SampleOptions,
): number[] {
  const text = [...prompt];
  for (let i = 0; i < length; i++) {
    const read = text.slice(-model.places.shape[0]!); // it sees no further back
    const { logits } = predict(model, tensor([read], { dtype: "int32" }), heads);
    const last = cast(take(take(logits, 0, { axis: 0 }), -1, { axis: 0 }), { dtype: "float64" });
    const upTo = cumsum(softmax(div(last, temperature)), { axis: 0 }).toNested<number[]>();
    const u = randomUniform(foldIn(key, i), { shape: [] }).item() * upTo.at(-1)!; // which may be a rounding short of 1
    text.push(upTo.findIndex((sum) => sum > u));
  }
  return text;
}

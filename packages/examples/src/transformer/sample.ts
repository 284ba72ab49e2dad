import { type Tensor, tensor } from "@wengert/core";
import { cast, cumsum, div, foldIn, randomUniform, softmax, take } from "@wengert/ops";
import { type Model, predict } from "./model.ts";

export interface SampleOptions {
  readonly heads: number;
  /** The number of characters to generate. */
  readonly length: number;
  /** The temperature, by which the scores are divided. A temperature below 1 makes likely characters even likelier. */
  readonly temperature: number;
  readonly key: Tensor;
}

/** Continues `prompt` character by character, drawing each character from the probabilities of the model. */
export function sample(
  model: Model,
  prompt: readonly number[],
  { heads, length, temperature, key }: SampleOptions,
): number[] {
  const text = [...prompt];
  for (let i = 0; i < length; i++) {
    const read = text.slice(-model.places.shape[0]!); // the model's context
    const { logits } = predict(model, tensor([read], { dtype: "int32" }), heads);
    const last = cast(take(take(logits, 0, { axis: 0 }), -1, { axis: 0 }), { dtype: "float64" });
    const upTo = cumsum(softmax(div(last, temperature)), { axis: 0 }).toNested<number[]>();
    const u = randomUniform(foldIn(key, i), { shape: [] }).item() * upTo.at(-1)!; // the total may round to less than 1
    text.push(upTo.findIndex((sum) => sum > u));
  }
  return text;
}

import { type Tensor, tensor } from "@wengert/core";
import { foldIn, reshape, slice } from "@wengert/ops";
import { draw } from "../shared/draw.ts";
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
    const last = slice(logits, { start: [0, -1] }); // [1, 1, K]
    text.push(draw(reshape(last, { shape: [1, last.size] }), temperature, foldIn(key, i))[0]!);
  }
  return text;
}

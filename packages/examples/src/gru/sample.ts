import { type Tensor, tensor } from "@wengert/core";
import { foldIn } from "@wengert/ops";
import { draw } from "../shared/draw.ts";
import { initialState, type Model, read } from "./model.ts";

interface SampleOptions {
  /** The number of characters to generate. */
  readonly length: number;
  readonly key: Tensor;
}

/**
 * Continues `prompt` character by character, once for each temperature. The state of the recurrent unit carries all
 * that the model remembers, so the text may be longer than the texts in training.
 */
export function sample(
  model: Model,
  prompt: readonly number[],
  temperatures: readonly number[],
  { length, key }: SampleOptions,
): number[][] {
  const n = temperatures.length;
  const texts = temperatures.map(() => [...prompt]);
  const column = tensor(temperatures.map((temperature) => [temperature]));
  let h = initialState(model, n);
  for (let i = 0; i < prompt.length + length - 1; i++) {
    const codes = tensor(Int32Array.from(texts, (text) => text[i]!));
    const { scores, state } = read(model, codes, h);
    h = state;
    if (i < prompt.length - 1) continue;
    const drawn = draw(scores, column, foldIn(key, i));
    for (const [k, code] of drawn.entries()) texts[k]!.push(code);
  }
  return texts;
}

import type { Tensor } from "@wengert/core";
import { crossEntropy } from "@wengert/ops";
import { lossOnText, type TextPlan } from "../shared/learnText.ts";
import type { Windows } from "../shared/windows.ts";
import { type Model, predict } from "./model.ts";

/** Returns the mean of −log p over all positions of all texts, where p is the probability of the true next character. */
export const lossOf = (model: Model, { read, next }: Windows, heads: number): Tensor =>
  crossEntropy(predict(model, read, heads).logits, next);

/** Returns the loss of the model on the whole held-out text. */
export const lossOnAll = (
  model: Model,
  held: Tensor,
  { heads, ...plan }: Pick<TextPlan, "places" | "batch" | "eager"> & { readonly heads: number },
): Promise<number> => lossOnText((model: Model, windows) => lossOf(model, windows, heads), model, held, plan);

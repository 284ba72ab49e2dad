import type { Tensor } from "@wengert/core";
import { crossEntropy } from "@wengert/ops";
import { adamw, chain, clipByGlobalNorm, cosine, type Fit, fit, measure, type Optimizer, warmUp } from "@wengert/train";
import { finishedFit } from "../shared/fitted.ts";
import { type Model, predict } from "./model.ts";
import type { Text } from "./text.ts";
import { allWindows, randomWindows, type Windows } from "./windows.ts";

export interface Plan {
  readonly steps: number;
  readonly batch: number;
  readonly places: number;
  readonly heads: number;
  readonly rate: number;
  readonly key: Tensor;
  /** The training steps at which `learn` keeps a copy of the model. */
  readonly looks: ReadonlySet<number>;
  /** The path of the checkpoint file, and whether to resume from this file. */
  readonly checkpoint: string;
  readonly resume: boolean;
}

export interface Learned {
  readonly fit: Fit<Model>;
  /** The kept copies of the model by step, including the final model. */
  readonly models: ReadonlyMap<number, Model>;
}

/** Returns the mean of −log p over all positions of all texts, where p is the probability of the true next character. */
export const lossOf = (model: Model, { read, next }: Windows, heads: number): Tensor =>
  crossEntropy(predict(model, read, heads).logits, next);

/**
 * Fits the model to random windows of the text. Twenty times during training, measures the loss on a sample of held-out
 * windows.
 */
export async function learn(start: Model, text: Text, plan: Plan, stop: AbortSignal): Promise<Learned> {
  const { steps, batch, places, heads, key, looks, checkpoint, resume } = plan;
  const models = new Map<number, Model>();
  const fitting = fit(
    (model: Model, windows: Windows, { step, training }) => {
      if (training && looks.has(step)) models.set(step, model);
      return lossOf(model, windows, heads);
    },
    start,
    ({ key }) => randomWindows(text.train, { count: batch, places, key }),
    {
      optimizer: optimizer(plan),
      steps,
      key,
      history: { everySteps: Math.ceil(steps / 100) },
      validation: { data: allWindows(text.held, places, 256), everySteps: Math.ceil(steps / 20), batchSize: batch },
      signal: stop,
      progress: true,
      checkpoint: { path: checkpoint },
      resume: resume ? checkpoint : false,
    },
  );
  const fitted = await finishedFit(fitting);
  return { fit: fitted, models: models.set(fitted.step, fitted.params) };
}

/** Returns AdamW as used for GPT-2, with gradients clipped to norm 1, and a learning rate with linear warmup and cosine decay. */
function optimizer({ steps, rate }: Plan): Optimizer {
  const rising = Math.ceil(steps / 20);
  const falling = cosine({ from: rate, to: rate / 10, steps: Math.max(1, steps - rising) });
  return chain(
    clipByGlobalNorm(1),
    adamw({ learningRate: warmUp({ steps: rising, learningRate: falling }), betas: [0.9, 0.99] }),
  );
}

/** Returns the loss of the model on the whole held-out text. */
export async function lossOnAll(
  model: Model,
  held: Tensor,
  { places, batch, heads }: Pick<Plan, "places" | "batch" | "heads">,
): Promise<number> {
  const loss = (model: Model, windows: Windows) => lossOf(model, windows, heads);
  return (await measure(loss, model, allWindows(held, places), { batchSize: batch })).loss;
}

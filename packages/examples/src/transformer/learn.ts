import type { Tensor } from "@wengert/core";
import { crossEntropy } from "@wengert/ops";
import { adamw, chain, clipByGlobalNorm, cosine, type Fit, fit, measure, type Optimizer, warmUp } from "@wengert/train";
import { toldOfMistakes } from "../shared/fitted.ts";
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
  /** After how many steps the model is kept as it is then. */
  readonly looks: ReadonlySet<number>;
  /** A file, and whether to go on from it. */
  readonly checkpoint: string;
  readonly resume: boolean;
}

export interface Learned {
  readonly fit: Fit<Model>;
  /** The model as it was after so many steps, the last among them. */
  readonly models: ReadonlyMap<number, Model>;
}

/** The mean of −log p of what came next, over all places of all texts. */
export const lossOf = (model: Model, { read, next }: Windows, heads: number): Tensor =>
  crossEntropy(predict(model, read, heads).logits, next);

/** Fits the model to windows anywhere in the text; a part of what is held out is measured twenty times. */
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
  const fitted = await toldOfMistakes(fitting);
  return { fit: fitted, models: models.set(fitted.step, fitted.params) };
}

/** AdamW as for GPT-2: gradients no longer than 1, a rate that rises in a straight line and falls along a cosine. */
function optimizer({ steps, rate }: Plan): Optimizer {
  const rising = Math.ceil(steps / 20);
  const falling = cosine({ from: rate, to: rate / 10, steps: Math.max(1, steps - rising) });
  return chain(
    clipByGlobalNorm(1),
    adamw({ learningRate: warmUp({ steps: rising, learningRate: falling }), betas: [0.9, 0.99] }),
  );
}

/** The loss on all that is held out. */
export async function lossOnAll(
  model: Model,
  held: Tensor,
  { places, batch, heads }: Pick<Plan, "places" | "batch" | "heads">,
): Promise<number> {
  const loss = (model: Model, windows: Windows) => lossOf(model, windows, heads);
  return (await measure(loss, model, allWindows(held, places), { batchSize: batch })).loss;
}

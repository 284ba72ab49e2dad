import { compile } from "@wengert/compile";
import type { Tensor } from "@wengert/core";
import type { TreesOnly } from "@wengert/core/extend";
import { adamw, chain, clipByGlobalNorm, cosine, type Fit, fit, measure, type Optimizer, warmUp } from "@wengert/train";
import { finishedFit } from "./fitted.ts";
import type { Text } from "./text.ts";
import { allWindows, randomWindows, type Windows } from "./windows.ts";

export interface TextPlan {
  readonly steps: number;
  readonly batch: number;
  readonly places: number;
  readonly rate: number;
  readonly key: Tensor;
  /** The training steps after which `learnText` copies the parameters, to show how the model improves. */
  readonly looks: ReadonlySet<number>;
  /** The path of the checkpoint file, and whether to resume from this file. */
  readonly checkpoint: string;
  readonly resume: boolean;
  /** Whether to run op by op, without `compile`. */
  readonly eager: boolean;
}

export interface Learned<M> {
  readonly fit: Fit<M>;
  /** Copies of the model from several training steps, and the final model. The key is the number of the step. */
  readonly models: ReadonlyMap<number, M>;
}

type WindowLoss<M> = (model: M, windows: Windows) => Tensor;

/**
 * Fits a model to random windows of the text. Twenty times during training, measures the loss on a sample of held-out
 * windows.
 */
export async function learnText<M>(
  loss: WindowLoss<M>,
  start: M & TreesOnly<M>,
  text: Text,
  plan: TextPlan,
  stop: AbortSignal,
): Promise<Learned<M>> {
  const { steps, batch, places, key, looks, checkpoint, resume, eager } = plan;
  const models = new Map<number, M>(looks.has(0) && !resume ? [[0, start]] : []);
  const fitting = fit<M, Windows, Tensor>(
    loss,
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
      onStep: ({ step, params }) => looks.has(step) && models.set(step, params),
      checkpoint: { path: checkpoint },
      resume: resume ? checkpoint : false,
      compile: eager ? undefined : compile,
    },
  );
  const fitted = await finishedFit(fitting);
  return { fit: fitted, models: models.set(fitted.step, fitted.params) };
}

/** Returns AdamW as used for GPT-2, with gradients clipped to norm 1, and a learning rate with linear warmup and cosine decay. */
function optimizer({ steps, rate }: TextPlan): Optimizer {
  const rising = Math.ceil(steps / 20);
  const falling = cosine({ from: rate, to: rate / 10, steps: Math.max(1, steps - rising) });
  return chain(
    clipByGlobalNorm(1),
    adamw({ learningRate: warmUp({ steps: rising, learningRate: falling }), betas: [0.9, 0.99] }),
  );
}

/** Returns the loss of a model on the whole held-out text. */
export async function lossOnText<M>(
  loss: WindowLoss<M>,
  model: M & TreesOnly<M>,
  held: Tensor,
  { places, batch, eager }: Pick<TextPlan, "places" | "batch" | "eager">,
): Promise<number> {
  const options = { batchSize: batch, compile: eager ? undefined : compile };
  return (await measure<M, Windows, Tensor>(loss, model, allWindows(held, places), options)).loss;
}

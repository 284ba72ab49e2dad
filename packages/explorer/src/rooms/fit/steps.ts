import { type Tensor, valueAndGrad } from "@wengert/core";
import { adam, applyUpdates, momentum, type Optimizer, sgd } from "@wengert/train";
import { loss, type Model } from "./model.ts";
import type { Activation, OptimizerName } from "./protocol.ts";

/** The state of an optimizer: a tree of tensors. */
export type State = Readonly<Record<string, unknown>>;

interface Stepped {
  readonly model: Model;
  readonly state: State;
  readonly value: Tensor;
}

/** A training step: the loss, its gradient, and the update of the parameters. `lambda` is omitted if it is 0. */
export type Step = (
  model: Model,
  state: State,
  batch: { readonly X: Tensor; readonly labels: Tensor },
  rate: Tensor,
  lambda?: Tensor,
) => Stepped;

const makers = { sgd, momentum, adam } as const;
const optimizerWith = (name: OptimizerName, rate: () => Tensor): Optimizer<State> =>
  makers[name]({ learningRate: rate }) as unknown as Optimizer<State>;

/** Returns the state of an optimizer before its first step. */
export const initialState = (name: OptimizerName, model: Model): State =>
  optimizerWith(name, () => {
    throw new Error("the initial state has no learning rate");
  }).init<Model>(model);

function eagerStep(name: OptimizerName, activation: Activation): Step {
  return (model, state, batch, rate, lambda) => {
    const { value, grad } = valueAndGrad((each: Model) => loss(each, batch, activation, lambda))(model);
    const stepped = optimizerWith(name, () => rate).update<Model>(grad as Model, state, model);
    return { model: applyUpdates<Model>(model, stepped.updates), state: stepped.state, value };
  };
}

let compile: typeof import("@wengert/compile").compile | undefined;
const known = new Map<string, Step>();

/**
 * Loads the compiler once. All later training steps are compiled to plans. If the compiler cannot be loaded, such as
 * offline, training steps run without plans.
 */
export const loadCompiler = (): Promise<void> => (loading ??= load());
let loading: Promise<void> | undefined;

async function load(): Promise<void> {
  try {
    ({ compile } = await import("@wengert/compile"));
    known.clear();
  } catch {
    compile = undefined;
  }
}

export const isCompiled = (): boolean => compile !== undefined;

/**
 * Returns the training step for an optimizer and an activation. The function is cached with its compiled plans. If the
 * user moves a point, a new fit starts and reuses the plans.
 */
export function stepWith(name: OptimizerName, activation: Activation): Step {
  const key = `${name} ${activation}`;
  const found = known.get(key);
  if (found) return found;
  const eager = eagerStep(name, activation);
  // Each new point changes the number of rows, and each number of rows needs its own plan. So up to 64 plans are kept.
  const step = compile ? (compile(eager as never, { maxPlans: 64 }) as unknown as Step) : eager;
  known.set(key, step);
  return step;
}

import { ArgumentError, type Tensor } from "@wengert/core";
import { leaves } from "@wengert/core/extend";
import { add, cast, sum } from "@wengert/ops";
import { Attempt, type Compile } from "../checks/attempt.ts";
import { applyUpdates, type StateTree } from "../optimizers/optimizer.ts";
import type { Context, Objective } from "./loss.ts";
import { type StepParts, type StepResult, type TakeStep, takeStep } from "./step.ts";

// With the option `compile`, a training step is one compiled function: the loss, its gradient and the update.

/** The return value of a compiled training step. */
interface Update<P> {
  readonly params: P;
  readonly optimizer: StateTree;
  readonly loss: Tensor;
  readonly aux?: unknown;
  /**
   * The sum of the loss, all gradients and all new parameters. This sum is finite only if all of these numbers are
   * finite.
   */
  readonly total: Tensor;
}

/**
 * Returns a function that runs a training step as compiled code. If the step produces NaN or infinity, runs the step
 * again without compilation, to find the first number that is not finite.
 */
export function compiledStep<P, B>(parts: StepParts<P, B>, compile: Compile): TakeStep<P, B> {
  const { objective, optimizer } = parts;
  const attempt = new Attempt(
    "fit",
    "the training step",
    compile,
    (params: P, state: StateTree, batch: B, key: Tensor) => {
      const { value: loss, grad, aux } = objective.gradient(params, batch, constantContext("fit", key, true));
      type Untyped = Tensor; // `fit` has checked that P is a tree
      const next = optimizer.update(grad as Untyped, state, params as Untyped);
      const newParams = applyUpdates(params as Untyped, next.updates) as P;
      const total = leaves("fit", [loss, grad, newParams], "params").reduce(
        (t, x) => add(t, cast(sum(x), { dtype: t.dtype })),
        cast(loss, { dtype: "float64" }),
      );
      return { params: newParams, optimizer: next.state as StateTree, loss, total, ...withAux(aux) };
    },
  );
  return ({ params, optimizer: state }, batch, context) => {
    const eagerly = () => takeStep(parts, { params, optimizer: state }, batch, context);
    const finish = (step: Update<P> | StepResult<P>): StepResult<P> => {
      if (!("total" in step)) return step;
      if (!Number.isFinite(step.total.item())) return eagerly();
      return { params: step.params, optimizer: step.optimizer, loss: step.loss.item(), aux: step.aux };
    };
    const step = attempt.call([params, state, batch.batch, context.key], eagerly);
    return step instanceof Promise ? step.then(finish) : finish(step);
  };
}

/** Returns an objective whose loss and gradient are computed by compiled functions. */
export function compiledObjective<P, B>(caller: string, objective: Objective<P, B>, compile: Compile): Objective<P, B> {
  const values = new Attempt(caller, "the loss", compile, (params: P, batch: B, key: Tensor) => {
    const [loss, aux] = objective.value(params, batch, constantContext(caller, key, false)) as readonly [
      Tensor,
      unknown,
    ];
    return { loss, ...withAux(aux) };
  });
  const gradients = new Attempt(caller, "the gradient", compile, (params: P, batch: B, key: Tensor) => {
    const { value, grad, aux } = objective.gradient(params, batch, constantContext(caller, key, true));
    return { value, grad, ...withAux(aux) };
  });
  return {
    value(params, batch, context) {
      type Pair = readonly [Tensor, unknown];
      const pairOf = (value: { loss: Tensor; aux?: unknown } | Pair): Pair =>
        "loss" in value ? [value.loss, value.aux] : value;
      const value = values.call([params, batch, context.key], () => objective.value(params, batch, context) as Pair);
      return value instanceof Promise ? value.then(pairOf) : pairOf(value);
    },
    gradient: (params, batch, context) => ({
      aux: undefined,
      ...gradients.callNow([params, batch, context.key], () => objective.gradient(params, batch, context)),
    }),
    report: objective.report,
  };
}

const withAux = (aux: unknown): { readonly aux?: unknown } => (aux === undefined ? {} : { aux });

/**
 * Returns the context that a compiled loss receives as its third argument. Reading a number that changes from step to
 * step throws, because a compiled function would keep the number of its first call.
 */
function constantContext(caller: string, key: Tensor, training: boolean): Context {
  const changing = (name: string): never => {
    throw new ArgumentError(`${caller}: the loss reads ${name}, a number that changes from step to step`);
  };
  return {
    key,
    training,
    get step(): number {
      return changing("step");
    },
    get epoch(): number {
      return changing("epoch");
    },
  };
}

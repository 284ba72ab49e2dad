import type { NonFiniteReport, Tensor } from "@wengert/core";
import { leaves, ravel, walk } from "@wengert/core/extend";
import { sum } from "@wengert/ops";
import { applyUpdates, type Optimizer, type StateTree } from "../optimizers/optimizer.ts";
import type { Batch } from "./data.ts";
import type { Context, Objective } from "./loss.ts";
import type { Ranks } from "./oneRank.ts";

/** A training step that was rejected because it produced a number that is not finite. */
export interface NonFiniteStep {
  /** The number of training steps that the fit took before the step with the non-finite number. */
  readonly step: number;
  readonly loss: number;
  /** A message that says which value is not finite, at which step, and how to fix it. */
  readonly message: string;
  /**
   * The report of the function `nonFinite` about the loss and its gradient. Undefined if the loss and its gradient are
   * finite. In that case, the optimizer computed the first non-finite number.
   */
  readonly report: NonFiniteReport | undefined;
}

/** The result of a training step: new parameters and optimizer state, or a report if a number was not finite. */
export type StepResult<P> =
  | { readonly params: P; readonly optimizer: StateTree; readonly loss: number; readonly aux: unknown }
  | NonFiniteStep;

export interface StepParts<P, B> {
  readonly objective: Objective<P, B>;
  readonly optimizer: Optimizer;
  readonly ranks: Ranks;
}

/** The parameters and the optimizer's state before a step. */
interface Before<P> {
  readonly params: P;
  readonly optimizer: StateTree;
}
export type TakeStep<P, B> = (
  before: Before<P>,
  batch: Batch<B>,
  context: Context,
) => StepResult<P> | Promise<StepResult<P>>;

export function takeStep<P, B>(
  { objective, optimizer, ranks }: StepParts<P, B>,
  { params, optimizer: state }: Before<P>,
  batch: Batch<B>,
  context: Context,
): StepResult<P> {
  const { loss, grad, aux } = ranks.gradient(objective, params, batch, context);
  const { step } = context;
  if (!Number.isFinite(loss) || !allFinite(grad)) {
    const report = batch.ownRows > 0 ? objective.report(params, batch.batch, context) : undefined;
    const problem = Number.isFinite(loss) ? "its gradient is not finite" : `the loss is ${loss}`;
    return { step, loss, report, message: `${problem} at step ${step + 1}${report ? `: ${report.message}` : ""}` };
  }
  type Untyped = Tensor; // checkParams has checked that P is a tree
  const next = optimizer.update(grad as Untyped, state, params as Untyped);
  const newParams = applyUpdates(params as Untyped, next.updates) as P;
  if (allFinite(newParams)) return { params: newParams, optimizer: next.state as StateTree, loss, aux };
  const message = `${firstNonFinite(newParams)} after step ${step + 1}, although loss and gradient are finite; the step is too large, so lower the learning rate or add clipByGlobalNorm`;
  return { step, loss, report: undefined, message };
}

/**
 * Returns whether all elements of a tree are finite. A finite sum of the elements proves that all are finite, and the
 * sum is cheap to compute. If the sum is not finite, each element is checked, because the sum of finite elements can
 * overflow.
 */
const allFinite = (tree: unknown): boolean =>
  leaves("fit", tree, "params").every((leaf) => Number.isFinite(sum(leaf).item()) || areFinite(leaf));

const areFinite = ({ array }: Tensor): boolean => ravel(array!).every(Number.isFinite);

function firstNonFinite(tree: unknown): string {
  let found = "";
  walk("fit", tree, "params", (leaf, path) => {
    if (found === "" && !areFinite(leaf))
      found = `${path} holds ${ravel(leaf.array!).find((x) => !Number.isFinite(x))}`;
  });
  return found;
}

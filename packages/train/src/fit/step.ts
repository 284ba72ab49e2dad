import type { NonFiniteReport, Tensor } from "@wengert/core";
import { leaves, ravel, walk } from "@wengert/core/extend";
import { sum } from "@wengert/ops";
import { applyUpdates, type Optimizer, type StateTree } from "../optimizers/optimizer.ts";
import type { Context, Objective } from "./loss.ts";

/** Why a step was not taken. */
export interface NonFiniteStep {
  /** The steps before it. */
  readonly step: number;
  readonly loss: number;
  /** What stopped being finite, where, and the likely cure, in words. */
  readonly message: string;
  /** What core's `nonFinite` found, unless the optimizer made the first number that is not finite. */
  readonly report: NonFiniteReport | undefined;
}

/** A step of training: what it comes to, or what was not finite. */
export type StepResult<P> =
  | { readonly params: P; readonly optimizer: StateTree; readonly loss: number; readonly aux: unknown }
  | NonFiniteStep;

export interface StepParts<P, B> {
  readonly objective: Objective<P, B>;
  readonly optimizer: Optimizer;
}

export function takeStep<P, B>(
  { objective, optimizer }: StepParts<P, B>,
  { params, optimizer: state }: { readonly params: P; readonly optimizer: StateTree },
  batch: B,
  context: Context,
): StepResult<P> {
  const { value, grad, aux } = objective.gradient(params, batch, context);
  const loss = value.item();
  const { step } = context;
  if (!Number.isFinite(loss) || !allFinite(grad)) {
    const report = objective.report(params, batch, context);
    const problem = Number.isFinite(loss) ? "its gradient is not finite" : `the loss is ${loss}`;
    return { step, loss, report, message: `${problem} at step ${step + 1}${report ? `: ${report.message}` : ""}` };
  }
  type Untyped = Tensor; // P is a tree, which was checked
  const next = optimizer.update(grad as Untyped, state, params as Untyped);
  const newParams = applyUpdates(params as Untyped, next.updates) as P;
  if (allFinite(newParams)) return { params: newParams, optimizer: next.state as StateTree, loss, aux };
  const message = `${firstNonFinite(newParams)} after step ${step + 1}, though loss and gradient are finite: the step is too long; a lower rate, or clipByGlobalNorm, shortens it`;
  return { step, loss, report: undefined, message };
}

/** A finite sum shows that all numbers are finite; only if it is not finite is each number checked. */
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

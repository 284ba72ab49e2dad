import { leaves, type NonFiniteReport, type Tensor, walk } from "@wengert/core";
import { rows } from "@wengert/core/ndarray";
import { sum } from "@wengert/ops";
import { applyUpdates, type Optimiser, type StateTree } from "../optimisers/optimiser.ts";
import type { Context, Objective } from "./loss.ts";

/** Why a step was not taken. */
export interface NonFinite {
  /** The steps before it. */
  readonly step: number;
  readonly loss: number;
  /** What stopped being finite, where, and the likely cure, in words. */
  readonly message: string;
  /** What core's `nonFinite` found, unless the optimiser made the first number that is not finite. */
  readonly report: NonFiniteReport | undefined;
}

/** A step of training: what it comes to, or what was not finite. */
export type Taken<P> =
  | { readonly params: P; readonly optimiser: StateTree; readonly loss: number; readonly aux: unknown }
  | NonFinite;

export interface Learner<P, B> {
  readonly objective: Objective<P, B>;
  readonly optimiser: Optimiser;
}

export function takeStep<P, B>(
  { objective, optimiser }: Learner<P, B>,
  { params, optimiser: state }: { readonly params: P; readonly optimiser: StateTree },
  batch: B,
  context: Context,
): Taken<P> {
  const { value, grad, aux } = objective.gradient(params, batch, context);
  const loss = value.item();
  const { step } = context;
  if (!Number.isFinite(loss) || !allFinite(grad)) {
    const report = objective.report(params, batch, context);
    const what = Number.isFinite(loss) ? "its gradient is not finite" : `the loss is ${loss}`;
    return { step, loss, report, message: `${what} at step ${step + 1}${report ? `: ${report.message}` : ""}` };
  }
  type Untyped = Tensor; // P is a tree, which was checked
  const next = optimiser.update(grad as Untyped, state, params as Untyped);
  const changed = applyUpdates(params as Untyped, next.updates) as P;
  if (allFinite(changed)) return { params: changed, optimiser: next.state as StateTree, loss, aux };
  const message = `${firstNonFinite(changed)} after step ${step + 1}, though loss and gradient are finite: the step is too long; a lower rate, or clipByGlobalNorm, shortens it`;
  return { step, loss, report: undefined, message };
}

/** One sum tells of most tensors; only where that overflows each number must be looked at. */
const allFinite = (tree: unknown): boolean =>
  leaves("fit", tree, "params").every((leaf) => Number.isFinite(sum(leaf).item()) || areFinite(leaf));

const areFinite = ({ array }: Tensor): boolean => rows(array!).every(Number.isFinite);

function firstNonFinite(tree: unknown): string {
  let found = "";
  walk("fit", tree, "params", (leaf, path) => {
    if (found === "" && !areFinite(leaf)) found = `${path} holds ${rows(leaf.array!).find((x) => !Number.isFinite(x))}`;
  });
  return found;
}

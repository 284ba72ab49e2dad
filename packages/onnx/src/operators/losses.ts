import { ones, type Tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { int, type Operator, operator, text } from "./operator.ts";

type Reduction = "none" | "mean" | "sum";

/** Returns the negative of the log-probabilities [N, C, …] at the labels [N, …]. Labels may have weights, or be ignored. */
function negativeLogLikelihood(
  logs: Tensor,
  labels: Tensor,
  weights: Tensor | undefined,
  { reduction, ignored }: { readonly reduction: Reduction; readonly ignored: number | undefined },
): Tensor {
  const isIgnored = ignored === undefined ? undefined : ops.equal(labels, ignored);
  const classes = isIgnored ? ops.where(isIgnored, 0, labels) : labels;
  const taken = ops.takeAlong(logs, ops.expandDims(classes, { axis: 1 }), { axis: 1 });
  const losses = ops.neg(ops.squeeze(taken, { axis: 1 }));
  const given = weights ? ops.take(weights, classes, { axis: 0 }) : undefined;
  const all = given ?? (isIgnored && ones(labels.shape, { dtype: logs.dtype }));
  const weight = all && isIgnored ? ops.where(isIgnored, 0, all) : all;
  const weighted = weight ? ops.mul(losses, weight) : losses;
  if (reduction === "none") return weighted;
  if (reduction === "sum") return ops.sum(weighted);
  return weight ? ops.div(ops.sum(weighted), ops.sum(weight)) : ops.mean(weighted);
}

const attributes = { reduction: text("mean", "none", "sum"), ignore_index: int(undefined) } as const;

export const lossOperators = (): readonly Operator[] => [
  operator("NegativeLogLikelihoodLoss", [2, 3], attributes, ([logs, labels, weights], { reduction, ignore_index }) =>
    negativeLogLikelihood(logs, labels, weights, { reduction, ignored: ignore_index }),
  ),
  operator(
    "SoftmaxCrossEntropyLoss",
    [2, 3],
    attributes,
    ([logits, labels, weights], { reduction, ignore_index }) => {
      const logs = ops.logSoftmax(logits, { axis: 1 });
      return [negativeLogLikelihood(logs, labels, weights, { reduction, ignored: ignore_index }), logs];
    },
    { outputs: 2 },
  ),
];

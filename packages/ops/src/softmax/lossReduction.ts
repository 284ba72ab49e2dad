import { ArgumentError, type Tensor } from "@wengert/core";
import { show } from "@wengert/core/extend";
import { mean } from "../reductions/mean.ts";
import { sum } from "../shapes/sum.ts";

/** How to combine losses: "mean", "sum", or "none", which returns the losses themselves. */
export type ReductionName = "mean" | "sum" | "none";

export function reduceLosses(caller: string, losses: Tensor, reduction: ReductionName | undefined): Tensor {
  if (reduction === "mean") return mean(losses);
  if (reduction === "sum") return sum(losses);
  if (reduction === "none") return losses;
  throw new ArgumentError(`${caller}: reduction must be "mean", "sum" or "none", got ${show(reduction)}`);
}

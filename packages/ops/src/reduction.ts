import { ArgumentError, show, type Tensor } from "@wengert/core";
import { mean } from "./mean.ts";
import { sum } from "./sum.ts";

/** What becomes of the losses of the elements or rows. */
export type ReductionName = "mean" | "sum" | "none";

export function reduced(who: string, losses: Tensor, reduction: ReductionName | undefined): Tensor {
  if (reduction === "mean") return mean(losses);
  if (reduction === "sum") return sum(losses);
  if (reduction === "none") return losses;
  throw new ArgumentError(`${who}: reduction must be "mean", "sum" or "none", got ${show(reduction)}`);
}

import { ArgumentError, DTypeError, type Tensor } from "@wengert/core";
import { isFloat, show, type TreesOnly, unflatten, walk, withDefaults } from "@wengert/core/extend";
import type { Communicator } from "@wengert/train";
import { meanOverRanks, mustBeCommunicator } from "@wengert/train/extend";
import { mustNotBeRecorded } from "./recording.ts";

export interface AllreduceMeanOptions {
  /**
   * The weight of the tree of the current rank, for example the rank's number of rows. Default 1. A tree of weight 0
   * contributes zero, even if it holds NaN.
   */
  readonly weight?: number | undefined;
}

const caller = "allreduceMean";

/**
 * Returns the weighted mean of a tree of float tensors over all ranks r: Σ wᵣ treeᵣ / Σ wᵣ, where wᵣ is the weight of
 * rank r. All ranks must pass trees of the same structure, dtypes and shapes, and receive the same mean. All tensors of
 * a dtype are sent in one buffer. The mean has no derivative: compute gradients first, and then their mean.
 * @throws TreeError, DTypeError unless all leaves are float tensors
 * @throws ArgumentError for an invalid weight, or if all ranks have the weight 0
 * @throws ArgumentError inside a function that is being differentiated, compiled or traced
 */
export function allreduceMean<T>(mpi: Communicator, tree: T & TreesOnly<T>, options?: AllreduceMeanOptions): T {
  mustBeCommunicator(caller, "mpi", mpi);
  mustNotBeRecorded(caller, "compute gradients first, and then write allreduceMean(mpi, grad)");
  const { weight } = withDefaults<AllreduceMeanOptions>(caller, options, { weight: 1 });
  if (typeof weight !== "number" || !(weight >= 0 && weight < Infinity))
    throw new ArgumentError(
      `${caller}: weight must be a finite number ≥ 0, got ${show(weight)}; write { weight: rows }`,
    );
  const leaves: Tensor[] = [];
  walk(caller, tree, "tree", (leaf, path) => {
    leaves.push(leaf);
    if (!isFloat(leaf.dtype))
      throw new DTypeError(
        `${caller}: ${path} must be a float, got ${leaf.dtype}; write cast(..., { dtype: "float64" }), or use allreduce`,
      );
  });
  return unflatten<T>(tree, meanOverRanks(caller, mpi, { leaves, weight }).leaves);
}

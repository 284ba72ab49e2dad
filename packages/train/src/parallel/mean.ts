import { ArgumentError, fromNdarray, type Tensor } from "@wengert/core";
import { ndarray, ravel, valuesOf } from "@wengert/core/extend";
import type { Communicator } from "./communicator.ts";

/** The contribution of one rank to a mean over all ranks. */
export interface Contribution {
  /** Float tensors with the same dtypes and shapes on all ranks. */
  readonly leaves: readonly Tensor[];
  /**
   * The weight of a rank's tensors in the mean, for example the number of rows on this rank. Tensors of weight 0
   * contribute zero, even if they are NaN.
   */
  readonly weight: number;
  /**
   * Numbers that are summed over all ranks without weights. The sums have the precision of the dtype of `leaves[0]`.
   */
  readonly sums?: readonly number[];
}

/** The mean over all ranks, equal on all ranks. */
export interface MeanOverRanks {
  readonly leaves: readonly Tensor[];
  /** The sum of the weights. */
  readonly weight: number;
  readonly sums: readonly number[];
}

/**
 * Returns the weighted mean Σ wᵣ xᵣ / Σ wᵣ over the ranks r. Sends one buffer for each dtype: all tensors of the dtype,
 * and the weight.
 * @throws ArgumentError on all ranks if all weights are 0
 * @throws TracedValueError during a trace
 */
export function meanOverRanks(
  caller: string,
  communicator: Communicator,
  { leaves, weight, sums = [] }: Contribution,
): MeanOverRanks {
  const means: Tensor[] = new Array(leaves.length);
  const dtypes = new Set(leaves.map(({ dtype }) => dtype));
  let [totalWeight, totals]: [number, readonly number[]] = [0, []];
  for (const dtype of dtypes) {
    const own = leaves.flatMap((leaf, i) => (leaf.dtype === dtype ? [{ leaf, i }] : []));
    const elements = own.reduce((n, { leaf }) => n + leaf.size, 0);
    const buffer = new (dtype === "float32" ? Float32Array : Float64Array)(elements + 1 + sums.length);
    let offset = 0;
    for (const { leaf } of own) {
      if (weight !== 0) setProducts(buffer, offset, weight, ravel(valuesOf(caller, leaf)));
      offset += leaf.size;
    }
    buffer.set([weight, ...sums], offset);
    communicator.allreduce(buffer);
    const total = buffer[offset]!;
    if (totals.length === 0) [totalWeight, totals] = [total, [...buffer.subarray(offset + 1)]];
    offset = 0;
    for (const { leaf, i } of own) {
      const values = buffer.subarray(offset, offset + leaf.size);
      for (let k = 0; k < values.length; k++) values[k]! /= total;
      const mean = fromNdarray(ndarray(values, leaf.shape), { label: leaf.label });
      means[i] = mean;
      offset += leaf.size;
    }
  }
  if (!(totalWeight > 0))
    throw new ArgumentError(
      `${caller}: the weights of all ranks must have a positive sum, got ${totalWeight}; give at least one rank a row`,
    );
  return { leaves: means, weight: totalWeight, sums: totals };
}

function setProducts(
  out: Float32Array | Float64Array,
  offset: number,
  factor: number,
  values: ArrayLike<number>,
): void {
  for (let k = 0; k < values.length; k++) out[offset + k] = factor * values[k]!;
}

import type { Tensor } from "@wengert/core";
import type { BatchCall, Inputs } from "@wengert/core/extend";
import { reshape } from "../shapes/reshape.ts";

/**
 * Applies an op of images [N, …] to a batch of them, by joining both axes: [size, N, …] becomes [size N, …]. `images`
 * lists the inputs that are images; the other inputs are shared by all entries.
 */
export function batchOfImages<I extends Inputs, P>(
  { inputs, withBatch, size, output, params, again }: BatchCall<I, P>,
  images: readonly number[],
  joinedParams: P = params,
): Tensor {
  const join = (x: Tensor) => reshape(x, { shape: [size * x.shape[1]!, ...x.shape.slice(2)] });
  const joined = again(
    joinedParams,
    inputs.map((x, k) => (images.includes(k) ? join(withBatch(k)) : x)),
  );
  return reshape(joined, { shape: [size, ...output.shape] });
}

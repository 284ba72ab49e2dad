import type { Tensor } from "@wengert/core";
import type { BatchCall, Inputs } from "@wengert/core/extend";
import { reshape } from "../shapes/reshape.ts";

/**
 * Applies an op whose inputs are images [N, …] to a batch of inputs. The batch axis and the first axis are merged:
 * [size, N, …] becomes [size × N, …]. `images` lists the positions of the inputs that are images. The other inputs are
 * the same for the whole batch.
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

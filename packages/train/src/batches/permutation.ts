import { fromNdarray, OutOfRangeError, show, type Tensor } from "@wengert/core";
import { ndarray } from "@wengert/core/ndarray";
import { randomUniform } from "@wengert/ops";
import { keyIn } from "../options.ts";

/**
 * 0 … count − 1 in an order that `key` decides, int32 [count]; each order is as likely as any other. `take(x,
 * permutation(key, n), { axis: 0 })` shuffles rows. (R. Durstenfeld 1964, after R. Fisher and F. Yates.)
 * @throws OutOfRangeError for a count that is none
 */
export function permutation(key: Tensor, count: number): Tensor {
  if (!(Number.isSafeInteger(count) && count >= 0 && count < 2 ** 31))
    throw new OutOfRangeError(`permutation: count must be a whole number from 0 to 2^31 − 1, got ${show(count)}`);
  keyIn("permutation", "key", key);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const { data: uniform } = randomUniform(key, { shape: [count] }).array!;
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * uniform[i]!); // of 53 bits: no order is more likely by as much as 2^−22
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return fromNdarray(ndarray(order, [count]));
}

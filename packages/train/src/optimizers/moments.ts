import { type Tensor, zeros } from "@wengert/core";
import { unflatten } from "@wengert/core/extend";
import { floatsOf } from "../checks/floats.ts";
import type { StateTree } from "./optimizer.ts";

/**
 * Returns a tensor of zeros for each parameter, with the shape and dtype of the parameter.
 * @throws DTypeError unless all parameters are floats
 */
export function zerosLike(caller: string, params: unknown): StateTree {
  const moments = floatsOf(caller, params).map(({ shape, dtype }) => zeros(shape, { dtype }));
  return unflatten(params as StateTree, moments);
}

/** Returns the step counter of an optimizer before the first step: an int32 scalar 0. */
export const zeroStep = (): Tensor => zeros([], { dtype: "int32" });

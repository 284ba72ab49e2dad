import { type Tensor, zeros } from "@wengert/core";
import { unflatten } from "@wengert/core/extend";
import { floatsOf } from "../checks/floats.ts";
import type { StateTree } from "./optimizer.ts";

/** Returns zeros for a moment of each parameter. @throws DTypeError unless all parameters are floats */
export function zerosLike(caller: string, params: unknown): StateTree {
  const moments = floatsOf(caller, params).map(({ shape, dtype }) => zeros(shape, { dtype }));
  return unflatten(params as StateTree, moments);
}

/** The step counter before the first step. */
export const zeroStep = (): Tensor => zeros([], { dtype: "int32" });

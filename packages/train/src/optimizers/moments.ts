import { type Tensor, zeros } from "@wengert/core";
import { unflatten } from "@wengert/core/extend";
import { floatsOf } from "../checks/floats.ts";
import type { StateTree } from "./optimizer.ts";

/** Zeros for a moment of each parameter. @throws DTypeError for a parameter that is no float */
export function zerosLike(caller: string, params: unknown): StateTree {
  const moments = floatsOf(caller, params).map(({ shape, dtype }) => zeros(shape, { dtype }));
  return unflatten(params as StateTree, moments);
}

/** The number of steps taken, before the first. */
export const zeroStep = (): Tensor => zeros([], { dtype: "int32" });

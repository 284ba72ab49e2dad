import { type Tensor, unflatten, zeros } from "@wengert/core";
import { floatsOf } from "../floats.ts";
import type { StateTree } from "./optimiser.ts";

/** Zeros for a moment of each parameter. @throws DTypeError for a parameter that is no float */
export function zerosLike(who: string, params: unknown): StateTree {
  const moments = floatsOf(who, params).map(({ shape, dtype }) => zeros(shape, { dtype }));
  return unflatten(params as StateTree, moments);
}

/** The number of steps taken, before the first. */
export const noSteps = (): Tensor => zeros([], { dtype: "int32" });

import { DTypeError, describe, isFloat, leaves, type Tensor, unflatten, zeros } from "@wengert/core";
import type { StateTree } from "./optimiser.ts";

/** Zeros for a moment of each parameter. @throws DTypeError for a parameter that is no float */
export function zerosLike(who: string, params: unknown): StateTree {
  const moments = leaves(who, params, "params").map((p) => {
    const { shape, dtype } = p;
    if (isFloat(dtype)) return zeros(shape, { dtype });
    const cure = `keep it out of params, or write cast(${p.label ?? "..."}, { dtype: "float64" })`;
    throw new DTypeError(`${who}: parameters are floats, ${describe(p)} is ${dtype}; ${cure}`);
  });
  return unflatten(params as StateTree, moments);
}

/** The number of steps taken, before the first. */
export const noSteps = (): Tensor => zeros([], { dtype: "int32" });

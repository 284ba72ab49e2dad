import { DTypeError, describe, isFloat, leaves, type Tensor } from "@wengert/core";

/** The leaves of parameters. @throws TreeError, DTypeError for one that is no float */
export function floatsOf(who: string, params: unknown): Tensor[] {
  const all = leaves(who, params, "params");
  const odd = all.find(({ dtype }) => !isFloat(dtype));
  if (odd === undefined) return all;
  const cure = `keep it out of params, or write cast(${odd.label ?? "..."}, { dtype: "float64" })`;
  throw new DTypeError(`${who}: parameters are floats, ${describe(odd)} is ${odd.dtype}; ${cure}`);
}

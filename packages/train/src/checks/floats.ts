import { DTypeError, type Tensor } from "@wengert/core";
import { describe, isFloat, leaves } from "@wengert/core/extend";

/** The leaves of parameters. @throws TreeError, DTypeError unless all are floats */
export function floatsOf(caller: string, params: unknown): Tensor[] {
  const all = leaves(caller, params, "params");
  const invalid = all.find(({ dtype }) => !isFloat(dtype));
  if (invalid === undefined) return all;
  const hint = `keep it out of params, or write cast(${invalid.label ?? "..."}, { dtype: "float64" })`;
  throw new DTypeError(`${caller}: parameters are floats, ${describe(invalid)} is ${invalid.dtype}; ${hint}`);
}

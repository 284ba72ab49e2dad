import { DTypeError, type Tensor } from "@wengert/core";
import { describe, isFloat, leaves } from "@wengert/core/extend";

/**
 * Returns the tensors of a parameter tree as a list.
 * @throws TreeError unless `params` is a tree, DTypeError unless all leaves are floats
 */
export function floatsOf(caller: string, params: unknown): Tensor[] {
  const all = leaves(caller, params, "params");
  const invalid = all.find(({ dtype }) => !isFloat(dtype));
  if (invalid === undefined) return all;
  const hint = `remove it from params, or write cast(${invalid.label ?? "..."}, { dtype: "float64" })`;
  throw new DTypeError(
    `${caller}: parameters must be floats, got ${describe(invalid)} of dtype ${invalid.dtype}; ${hint}`,
  );
}

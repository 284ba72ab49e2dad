import { isFloat, type NdArray, ravel, sizeOf, type Unchecked } from "@wengert/core/extend";
import type { Value } from "../memory/layout.ts";
import type { LabelCheck, OpCall } from "./instruction.ts";

/** Returns the elements of a tensor, as a view of the plan's memory. */
type ArrayOf = (value: Value) => NdArray;

/**
 * Thrown if a plan cannot compute the result for the values of its inputs, for example for an invalid label. The
 * function then runs eagerly, and the ops throw an error if the values are invalid.
 */
export class NoPlanHere extends Error {}

/**
 * Returns a function that runs an op on views of the plan's memory, in the way in which `@wengert/core` runs an op on
 * new arrays.
 */
export function opCall({ computed: { step, inputs, output } }: OpCall, arrayOf: ArrayOf): () => void {
  const [out, arrays] = [arrayOf(output), inputs.map(arrayOf)];
  const { kernel, view } = step.op;
  // An op with empty inputs and outputs runs only if it has indices to check. Otherwise a kernel might loop over a huge
  // axis although another axis has size 0.
  const isEmpty = output.buffer.size === 0 && inputs.every(({ shape, dtype }) => isFloat(dtype) || sizeOf(shape) === 0);
  return () => {
    if (isEmpty) return;
    const viewed = view?.(arrays as Unchecked, step.params);
    if (viewed !== undefined) out.data.set(ravel(viewed));
    else {
      out.data.fill(0);
      kernel!(out, arrays as Unchecked, step.params, step.inputs);
    }
  };
}

/** Returns a function that throws NoPlanHere for a label that is not a class. */
export function labelCheck({ labels, classes }: LabelCheck, arrayOf: ArrayOf): () => void {
  const array = arrayOf(labels);
  return () => {
    const values = ravel(array);
    for (let i = 0; i < values.length; i++)
      if (!(values[i]! >= 0 && values[i]! < classes)) throw new NoPlanHere("a label is not a class");
  };
}

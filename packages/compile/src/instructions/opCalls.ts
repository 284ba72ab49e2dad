import { isFloat, type NdArray, ravel, sizeOf, type Unchecked } from "@wengert/core/extend";
import type { Value } from "../memory/layout.ts";
import type { LabelCheck, OpCall } from "./instruction.ts";

/** Returns the elements of a tensor, as a view of WebAssembly memory. */
type ArrayOf = (value: Value) => NdArray;

/**
 * Thrown if a compiled program cannot compute a result, for example because a label is not the index of a class.
 * `compile` then runs the original function eagerly, and its ops throw an error for invalid values.
 */
export class NoPlanHere extends Error {}

/**
 * Returns a function that runs the kernel of an op on arrays in WebAssembly memory. The kernel writes its result to an
 * existing array, not to a new array.
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

/**
 * Returns a function that checks the labels of a loss. The function throws `NoPlanHere` for a label that is not the
 * index of a class.
 */
export function labelCheck({ labels, classes }: LabelCheck, arrayOf: ArrayOf): () => void {
  const array = arrayOf(labels);
  return () => {
    const values = ravel(array);
    for (let i = 0; i < values.length; i++)
      if (!(values[i]! >= 0 && values[i]! < classes)) throw new NoPlanHere("a label is not a class");
  };
}

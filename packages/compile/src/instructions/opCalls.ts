import { isFloat, type NdArray, ravel, sizeOf, type Unchecked } from "@wengert/core/extend";
import type { Value } from "../memory/layout.ts";
import type { LabelCheck, OpCall } from "./instruction.ts";

/** Returns the array of a value in the memory. */
type ArrayOf = (value: Value) => NdArray;

/** A plan cannot compute the result for these values. The op then decides whether they are a mistake. */
export class NoPlanHere extends Error {}

/** Returns the function that runs an op on views of the memory, as core does for new arrays. */
export function opCall({ computed: { step, inputs, output } }: OpCall, arrayOf: ArrayOf): () => void {
  const [out, arrays] = [arrayOf(output), inputs.map(arrayOf)];
  const { kernel, view } = step.op;
  // A kernel might loop over a huge axis beside one of size 0. It runs only if the op has indices to check.
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

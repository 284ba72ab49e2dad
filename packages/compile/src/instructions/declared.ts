import { isRowMajorValue } from "../memory/layout.ts";
import { at, type Rule } from "./instruction.ts";

/** Returns the kernel call that the declaration of an op describes, such as a convolution. */
export const declaredRule: Rule = (
  { step: { op, inputs: operands, output: result, params }, inputs, output },
  reserve,
) => {
  const areKernelInputs = inputs.every((x) => x.dtype === output.dtype && isRowMajorValue(x));
  const call = areKernelInputs ? op.kernelCall?.(operands, result, params) : undefined;
  if (call === undefined) return undefined;
  reserve(call.scratchBytes);
  const tensors = [...inputs, output];
  const args = call.args.map((argument) => (typeof argument === "object" ? at(tensors[argument.tensor]!) : argument));
  return [{ kind: "call", kernel: call.kernel, args, rows: call.rows }];
};

import { kernelCallOf } from "@wengert/ops/extend";
import { isRowMajorValue } from "../memory/layout.ts";
import { at, type Rule } from "./instruction.ts";

/** Returns the kernel call that an op describes as data (`withKernelCall`), such as a convolution. */
export const describedRule: Rule = ({ step, inputs, output }, reserve) => {
  const areKernelInputs = inputs.every((x) => x.dtype === output.dtype && isRowMajorValue(x));
  const call = areKernelInputs ? kernelCallOf(step.op.kernel, step.inputs, step.output, step.params) : undefined;
  if (call === undefined) return undefined;
  reserve(call.scratchBytes);
  const tensors = [...inputs, output];
  const args = call.args.map((argument) => (typeof argument === "object" ? at(tensors[argument.tensor]!) : argument));
  return [{ kind: "call", kernel: call.kernel, args, rows: call.rows }];
};

import { type Program, type Tensor, tensor, trace, vjp } from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import { allSamples, type Exported, noiseLike, ofFloats, withTensors } from "../../ops/test/support.ts";
import { toOnnx } from "../src/index.ts";

/**
 * Traces the call of an op, and the pullback of the op at a random cotangent. `sample` is a list of arguments for the
 * op, whose float tensors become the inputs of the traced program.
 */
export function gradientOf(call: Exported["call"], sample: readonly unknown[], dtype: "float32" | "float64") {
  const typed = withTensors(sample, (t) => (isFloat(t.dtype) ? tensor(t, { dtype }) : t));
  const { f, floats } = ofFloats(call, typed);
  const random = (y: Tensor) => (isFloat(y.dtype) ? tensor(noiseLike(y, 7), { dtype: y.dtype }) : y);
  const both = (...xs: Tensor[]): unknown => {
    const { value, pullback } = vjp(f, ...xs);
    return { value, grad: pullback(withTensors(value, random)) };
  };
  return { program: trace(both as (...xs: Tensor[]) => Tensor, ...floats) as Program, f: both, floats };
}

/** Returns the bytes of the exported file, or the message of the error that `toOnnx` throws. */
function exported(program: Program): Uint8Array | string {
  try {
    return toOnnx(program);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Exports every op with its gradient to an ONNX file in float32, for each list of sample arguments of the op. */
export const exportedSamples = allSamples.flatMap((each) => {
  const { program } = gradientOf(each.call, each.sample, "float32");
  // If the arguments of an op contain no float tensors, the traced program has no inputs and no steps.
  return program.steps.length === 0 ? [] : [{ ...each, result: exported(program) }];
});

import { Tensor } from "@wengert/core";
import { type Data, ndarray, ravel, valuesOf } from "@wengert/core/extend";
import type { OnnxRuntime, OnnxTensor } from "./runtime.ts";

/** Converts tensors between Wengert and ONNX Runtime. Both then share the memory of the elements. */
export interface Conversion {
  readonly toOnnx: (x: Tensor) => OnnxTensor;
  readonly fromOnnx: (x: OnnxTensor, like: Tensor) => Tensor;
}

/**
 * Returns the conversion for a runtime. Copies the elements of strided tensors only. Each tensor is converted once, and a
 * result that is an argument of a later call is not converted at all.
 */
export function conversionFor({ Tensor: OrtTensor }: OnnxRuntime): Conversion {
  const known = new WeakMap<Tensor, OnnxTensor>();
  return {
    toOnnx: (x) => {
      const converted =
        known.get(x) ?? new OrtTensor(x.dtype as never, ravel(valuesOf("compile", x)) as never, x.shape);
      known.set(x, converted);
      return converted;
    },
    fromOnnx: (x, { shape, dtype, label }) => {
      const result = new Tensor(shape, dtype, ndarray(x.data as Data, shape), label);
      known.set(result, x);
      return result;
    },
  };
}

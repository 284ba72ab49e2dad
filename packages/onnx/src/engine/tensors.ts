import { Tensor } from "@wengert/core";
import { type Data, ndarray, ravel, share, valuesOf } from "@wengert/core/extend";
import type { OnnxRuntime, OnnxTensor } from "./runtime.ts";

/**
 * Converts tensors between Wengert and ONNX Runtime. A tensor and its converted form share the memory of the elements.
 */
export interface Conversion {
  readonly toOnnx: (x: Tensor) => OnnxTensor;
  readonly fromOnnx: (x: OnnxTensor, like: Tensor) => Tensor;
}

/**
 * Returns the functions that convert tensors to and from ONNX Runtime. Only strided tensors are copied, and each tensor
 * is converted at most once. A result of ONNX Runtime that is an argument of a later call needs no conversion.
 */
export function conversionFor({ Tensor: OrtTensor }: OnnxRuntime): Conversion {
  const known = new WeakMap<Tensor, OnnxTensor>();
  return {
    toOnnx: (x) => {
      valuesOf("compile", x);
      const array = share(x); // a compiled function must not reuse the memory during the run
      const converted = known.get(x) ?? new OrtTensor(x.dtype as never, ravel(array) as never, x.shape);
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

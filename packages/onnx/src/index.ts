// The public functions: `toOnnx` writes ONNX files, `fromOnnx` reads them, and `onnx` runs compiled functions with ONNX Runtime.

export { type OnnxOptions, onnx } from "./engine/onnx.ts";
export type { OnnxRuntime, OnnxSession, OnnxTensor } from "./engine/runtime.ts";
export { type ToOnnxOptions, toOnnx } from "./export/toOnnx.ts";
export {
  type FromOnnxOptions,
  fromOnnx,
  type OnnxModel,
  type OnnxParameters,
  type OnnxValue,
} from "./import/fromOnnx.ts";

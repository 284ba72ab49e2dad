// Exports for users: the export of programs as ONNX files, the import of such files, and ONNX Runtime as an engine.

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

// Exports for users: the export of programs as ONNX files, and the import of such files.

export { type ToOnnxOptions, toOnnx } from "./export/toOnnx.ts";
export {
  type FromOnnxOptions,
  fromOnnx,
  type OnnxModel,
  type OnnxParameters,
  type OnnxValue,
} from "./import/fromOnnx.ts";

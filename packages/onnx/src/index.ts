// Exports for users: the export of programs as ONNX files.

export { type ToOnnxOptions, toOnnx } from "./export/toOnnx.ts";

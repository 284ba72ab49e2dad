// Compiles functions of tensors to WebAssembly.

export { type Compiled, type CompileOptions, compile } from "./calls/compile.ts";
export type { NamedProgram, PlanReport } from "./plans/report.ts";

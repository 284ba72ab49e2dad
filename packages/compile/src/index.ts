// Compiles functions of tensors to WebAssembly.

export { type Compiled, type CompileOptions, compile, type EngineOptions } from "./calls/compile.ts";
export type { EngineCompiled, PreparedProgram, ProgramEngine } from "./calls/engine.ts";
export type {
  BufferReport,
  InstructionReport,
  NamedProgram,
  PlanReport,
  ProgramReport,
} from "./plans/report.ts";
export { explainPlan } from "./plans/text.ts";

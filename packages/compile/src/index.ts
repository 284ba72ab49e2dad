// Runs functions of tensors from plans.

export { type Compiled, type CompileOptions, compile } from "./calls/compile.ts";
export type { NamedProgram, PlanReport } from "./plans/report.ts";

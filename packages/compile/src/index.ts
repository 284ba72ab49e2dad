// Runs functions of tensors from plans.

export { type Compiled, type CompileOptions, compile } from "./compile.ts";
export { passes } from "./passes/passes.ts";
export type { PlanReport } from "./report.ts";

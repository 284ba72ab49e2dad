export { DataError } from "./errors.ts";
export type { History, Point } from "./fit/history.ts";
export { applyUpdates, type Optimiser, type Schedule } from "./optimisers/optimiser.ts";

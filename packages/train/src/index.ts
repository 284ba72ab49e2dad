export { DataError } from "./errors.ts";
export { applyUpdates, type Optimiser, type Schedule } from "./optimisers/optimiser.ts";

export { DataError } from "./errors.ts";
export type { History, Point } from "./fit/history.ts";
export { accuracy, type TopKOptions, topK } from "./metrics/accuracy.ts";
export { type Calibration, type CalibrationBin, type CalibrationOptions, calibration } from "./metrics/calibration.ts";
export { type ClassResult, type ConfusionMatrix, confusionMatrix } from "./metrics/confusionMatrix.ts";
export { logLoss } from "./metrics/logLoss.ts";
export type { ClassOptions } from "./metrics/rows.ts";
export { applyUpdates, type Optimiser, type Schedule } from "./optimisers/optimiser.ts";

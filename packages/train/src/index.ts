export { type BatchesOptions, batches } from "./batches/batches.ts";
export { type Fold, type KFoldOptions, kFold } from "./batches/kFold.ts";
export { permutation } from "./batches/permutation.ts";
export type { Series } from "./batches/series.ts";
export { type SplitOptions, split } from "./batches/split.ts";
export { type Standardization, standardize } from "./batches/standardize.ts";
export { DataError } from "./errors.ts";
export { writeWhole } from "./files/atomic.ts";
export type { Bytes } from "./files/bytes.ts";
export type { AnyTree, Loaded, LoadOptions } from "./files/layout.ts";
export { load } from "./files/load.ts";
export type { SaveOptions } from "./files/plan.ts";
export { fromSafetensors, toSafetensors } from "./files/safetensors.ts";
export { save } from "./files/save.ts";
export type { Data, Epoch } from "./fit/data.ts";
export type { Moment, Progress, TextStream } from "./fit/display.ts";
export { fit } from "./fit/fit.ts";
export type { History, Point } from "./fit/history.ts";
export type { AuxOf, Context, Loss, LossValue } from "./fit/loss.ts";
export { type Measured, type MeasureOptions, measure } from "./fit/measure.ts";
export type { Metric, Metrics } from "./fit/metrics.ts";
export type { CheckpointOptions, FitOptions, HistoryOptions, Resume, ValidationOptions } from "./fit/options.ts";
export type { Fit, Reason } from "./fit/run.ts";
export type { Measurement } from "./fit/state.ts";
export type { NonFinite } from "./fit/step.ts";
export { accuracy, type TopKOptions, topK } from "./metrics/accuracy.ts";
export { type Calibration, type CalibrationBin, type CalibrationOptions, calibration } from "./metrics/calibration.ts";
export { type ClassResult, type ConfusionMatrix, confusionMatrix } from "./metrics/confusionMatrix.ts";
export { logLoss } from "./metrics/logLoss.ts";
export type { ClassOptions } from "./metrics/rows.ts";
export type { MinimiseOptions, Minimum } from "./minimise/descend.ts";
export { type LbfgsOptions, lbfgs } from "./minimise/lbfgs.ts";
export { newton } from "./minimise/newton.ts";
export { type AdamOptions, type AdamState, type AdamwOptions, adam, adamw } from "./optimisers/adam.ts";
export { chain } from "./optimisers/chain.ts";
export type { Rate, Schedule } from "./optimisers/hyper.ts";
export { applyUpdates, type Optimiser, type StateTree } from "./optimisers/optimiser.ts";
export { type PartitionState, partition } from "./optimisers/partition.ts";
export {
  constant,
  cosine,
  type FallOptions,
  linear,
  piecewise,
  type WarmUpOptions,
  warmUp,
} from "./optimisers/schedules.ts";
export { momentum, type SgdOptions, type SgdState, sgd } from "./optimisers/sgd.ts";
export { clipByGlobalNorm, weightDecay } from "./optimisers/transforms.ts";

export { type BatchesOptions, batches } from "./batches/batches.ts";
export { type Fold, type KFoldOptions, kFold } from "./batches/kFold.ts";
export type { Sequence } from "./batches/sequence.ts";
export { type ScalerStatistics, type StandardScaler, standardize, standardScaler } from "./batches/standardize.ts";
export { type TrainTestSplitOptions, trainTestSplit } from "./batches/trainTestSplit.ts";
export { writeFileAtomic } from "./files/atomic.ts";
export type { Bytes } from "./files/bytes.ts";
export type { AnyTree, Loaded, LoadOptions } from "./files/layout.ts";
export { load } from "./files/load.ts";
export type { SaveOptions } from "./files/plan.ts";
export { fromSafetensors, toSafetensors } from "./files/safetensors.ts";
export { save } from "./files/save.ts";
export type { Data, Epoch } from "./fit/data.ts";
export type { FitProgress, Progress, TextStream } from "./fit/display.ts";
export { fit } from "./fit/fit.ts";
export type { History, Point } from "./fit/history.ts";
export type { AuxOf, Context, Loss, LossValue } from "./fit/loss.ts";
export { type MeasureOptions, type MeasureResult, measure } from "./fit/measure.ts";
export type { Metric, Metrics } from "./fit/metrics.ts";
export type {
  CheckpointOptions,
  FitOptions,
  FitStep,
  HistoryOptions,
  Resume,
  ValidationOptions,
} from "./fit/options.ts";
export type { Fit, Reason } from "./fit/run.ts";
export type { Measurement } from "./fit/state.ts";
export type { NonFiniteStep } from "./fit/step.ts";
export { accuracy, type TopKAccuracyOptions, topKAccuracy } from "./metrics/accuracy.ts";
export { type Calibration, type CalibrationBin, type CalibrationOptions, calibration } from "./metrics/calibration.ts";
export { type ClassResult, type ConfusionMatrix, confusionMatrix } from "./metrics/confusionMatrix.ts";
export { logLoss } from "./metrics/logLoss.ts";
export { rocAuc } from "./metrics/rocAuc.ts";
export type { ClassOptions, PredictionOptions } from "./metrics/rows.ts";
export type { MinimizeOptions, Minimum } from "./minimize/descend.ts";
export { type LbfgsOptions, lbfgs } from "./minimize/lbfgs.ts";
export { newton } from "./minimize/newton.ts";
export { type AdamOptions, type AdamState, type AdamwOptions, adam, adamw } from "./optimizers/adam.ts";
export { chain } from "./optimizers/chain.ts";
export type { LearningRate, Schedule } from "./optimizers/hyper.ts";
export { applyUpdates, type Optimizer, type StateTree } from "./optimizers/optimizer.ts";
export { type PartitionState, partition } from "./optimizers/partition.ts";
export {
  constant,
  cosine,
  type DecayOptions,
  linear,
  piecewise,
  type WarmUpOptions,
  warmUp,
} from "./optimizers/schedules.ts";
export { momentum, type SgdOptions, type SgdState, sgd } from "./optimizers/sgd.ts";
export { clipByGlobalNorm, weightDecay } from "./optimizers/transforms.ts";
export type { Communicator, Reducible, Reduction } from "./parallel/communicator.ts";

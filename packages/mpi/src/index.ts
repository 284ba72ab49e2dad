export { type AllreduceMeanOptions, allreduceMean } from "./allreduceMean.ts";
export type { AllreduceOptions, BroadcastOptions, Mpi } from "./communicator.ts";
export { type DataParallelOptions, dataParallel, type ValueAndGrad } from "./dataParallel.ts";
export { MpiError } from "./errors.ts";
export { type MpiOptions, openMpi } from "./open.ts";

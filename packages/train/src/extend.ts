// The exports for other packages: the checks of labels and scores that the metrics use, the linear solver of
// `newton`, and the calls between processes of a parallel fit.

export { countRows } from "./batches/rows.ts";
export { floatsOf } from "./checks/floats.ts";
export { wholeNumber } from "./checks/options.ts";
export { probabilityRows } from "./metrics/probabilities.ts";
export { mustBeTensor, predictedClasses, type Rows, rowText } from "./metrics/rows.ts";
export { cholesky, solveCholesky } from "./minimize/cholesky.ts";
export type { Vector } from "./minimize/vector.ts";
export { type Fingerprint, fingerprintsOf, mustAgree } from "./parallel/agree.ts";
export { mustBeCommunicator } from "./parallel/communicator.ts";
export { type Contribution, type MeanOverRanks, meanOverRanks } from "./parallel/mean.ts";

// The exports for other packages: the checks of labels and scores that the metrics use, and the linear solver of
// `newton`.

export { probabilityRows } from "./metrics/probabilities.ts";
export { mustBeTensor, predictedClasses, type Rows, rowText } from "./metrics/rows.ts";
export { cholesky, solveCholesky } from "./minimize/cholesky.ts";
export type { Vector } from "./minimize/vector.ts";

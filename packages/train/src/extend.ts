// For packages that check labels and scores as the metrics do, such as @wengert/report.

export { probabilityRows } from "./metrics/probabilities.ts";
export { mustBeTensor, predictedClasses, type Rows, rowText } from "./metrics/rows.ts";

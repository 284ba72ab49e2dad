import { activationOperators } from "./activations.ts";
import { controlOperators } from "./control.ts";
import { convolutionOperators } from "./convolution.ts";
import { creationOperators } from "./creation.ts";
import { elementwiseOperators } from "./elementwise.ts";
import { indexOperators } from "./indices.ts";
import { lossOperators } from "./losses.ts";
import { normalizationOperators } from "./normalization.ts";
import type { Operator } from "./operator.ts";
import { poolingOperators } from "./pooling.ts";
import { productOperators } from "./products.ts";
import { recurrentOperators } from "./recurrent.ts";
import { reductionOperators } from "./reductions.ts";
import { resizeOperators } from "./resize.ts";
import { shapeOperators } from "./shapes.ts";

let table: ReadonlyMap<string, Operator> | undefined;

/** Returns the operators that can be imported, by their names in ONNX. Builds the table at the first call. */
export function operators(): ReadonlyMap<string, Operator> {
  table ??= new Map(
    [
      ...elementwiseOperators(),
      ...activationOperators(),
      ...reductionOperators(),
      ...productOperators(),
      ...shapeOperators(),
      ...indexOperators(),
      ...creationOperators(),
      ...convolutionOperators(),
      ...poolingOperators(),
      ...normalizationOperators(),
      ...lossOperators(),
      ...resizeOperators(),
      ...recurrentOperators(),
      ...controlOperators(),
    ].map((each) => [each.name, each]),
  );
  return table;
}

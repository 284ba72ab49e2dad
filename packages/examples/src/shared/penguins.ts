import { ones, type Tensor, tensor } from "@wengert/core";
import { concat } from "@wengert/ops";
import { standardize } from "@wengert/train";
import { InputError } from "./options.ts";
import { readRows, withNumbers } from "./vega.ts";

export const species = ["Adelie", "Chinstrap"] as const;
export const measurements = ["Beak Length (mm)", "Beak Depth (mm)", "Flipper Length (mm)", "Body Mass (g)"] as const;

export interface Penguins {
  /**
   * The features of the penguins. Each row has a penguin's measurements, scaled to mean 0 and variance 1, and a 1 for
   * the bias.
   */
  readonly X: Tensor;
  /** The species of each penguin, as an index into `species`. */
  readonly labels: Tensor;
  /** The number of penguins left out because a measurement is missing. */
  readonly incomplete: number;
}

/** Reads two species of the Palmer penguins (Gorman, Williams and Fraser 2014, CC0) from the npm package `vega-datasets`. */
export function readPenguins(): Penguins {
  const wanted = readRows("penguins").filter(({ Species }) => species.some((name) => name === Species));
  const { complete, incomplete } = withNumbers(wanted, measurements);
  if (complete.length === 0)
    throw new InputError(`vega-datasets has no ${species.join(" or ")} without missing values.`);

  const measured = tensor(complete.map((penguin) => measurements.map((name) => penguin[name])));
  const standardized = standardize(measured).transform(measured);
  return {
    X: tensor(concat([standardized, ones([complete.length, 1])], { axis: 1 }), { label: "X" }),
    labels: tensor(
      complete.map(({ Species }) => (Species === species[1] ? 1 : 0)),
      { dtype: "int32", label: "labels" },
    ),
    incomplete: incomplete.length,
  };
}

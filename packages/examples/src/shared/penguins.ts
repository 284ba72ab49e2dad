import { ones, type Tensor, tensor } from "@wengert/core";
import { concat } from "@wengert/ops";
import { standardize } from "@wengert/train";
import { InputError } from "./options.ts";
import { readRows, withNumbers } from "./vega.ts";

export const species = ["Adelie", "Chinstrap"] as const;
export const measurements = ["Beak Length (mm)", "Beak Depth (mm)", "Flipper Length (mm)", "Body Mass (g)"] as const;

export interface Penguins {
  /** A row for each penguin: its measurements with mean 0 and variance 1, and a 1 for the bias. */
  readonly X: Tensor;
  /** Of which species each is. */
  readonly labels: Tensor;
  /** How many penguins of these species have a measurement missing, and were left out. */
  readonly incomplete: number;
}

/** Two species of the Palmer penguins (Gorman, Williams and Fraser 2014, CC0) from the npm package `vega-datasets`. */
export function readPenguins(): Penguins {
  const wanted = readRows("penguins").filter(({ Species }) => species.some((name) => name === Species));
  const { complete, incomplete } = withNumbers(wanted, measurements);
  if (complete.length === 0) throw new InputError(`vega-datasets has no ${species.join(" or ")} that was measured.`);

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

import { type Tensor, tensor } from "@wengert/core";
import { InputError } from "../shared/options.ts";
import { readRows, withNumbers } from "../shared/vega.ts";

const column = "Flipper Length (mm)";

export interface Flippers {
  /** The flipper lengths in mm, in ascending order. */
  readonly x: Tensor;
  /** The species of each penguin, which the fit does not use. */
  readonly species: readonly string[];
  /** The number of penguins left out because their flipper was not measured. */
  readonly incomplete: number;
}

/** Reads the Palmer penguins (Gorman, Williams and Fraser 2014, CC0) from the npm package `vega-datasets`. */
export function readFlippers(): Flippers {
  const { complete, incomplete } = withNumbers(readRows("penguins"), [column]);
  if (complete.length === 0) throw new InputError("vega-datasets has no penguin with a measured flipper.");
  const sorted = complete.toSorted((p, q) => p[column] - q[column]);
  return {
    x: tensor(
      sorted.map((penguin) => penguin[column]),
      { label: "x" },
    ),
    species: sorted.map(({ Species }) => String(Species)),
    incomplete: incomplete.length,
  };
}

import { type Tensor, tensor } from "@wengert/core";
import { InputError } from "../shared/options.ts";
import { readRows, withNumbers } from "../shared/vega.ts";

const column = "Flipper Length (mm)";

export interface Flippers {
  /** Lengths in mm, in rising order. */
  readonly x: Tensor;
  /** Whose each is: no fit sees this. */
  readonly species: readonly string[];
  /** How many penguins have no measured flipper, and were left out. */
  readonly incomplete: number;
}

/** The Palmer penguins (Gorman, Williams and Fraser 2014, CC0) from the npm package `vega-datasets`. */
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

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Tensor, tensor } from "@wengert/core";
import { InputError } from "../options.ts";

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
  // The package exports its index only; the data lie beside the folder in which that stands.
  const file = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "../data/penguins.json");
  const all = JSON.parse(readFileSync(file, "utf8")) as readonly Readonly<Record<string, string | number | null>>[];
  const wanted = all.filter(({ Species }) => species.some((name) => name === Species));
  const complete = wanted.filter((penguin) => measurements.every((name) => typeof penguin[name] === "number"));
  if (complete.length === 0) throw new InputError(`${file} has no ${species.join(" or ")} that was measured.`);

  const columns = measurements.map((name) => standardised(complete.map((penguin) => Number(penguin[name]))));
  return {
    X: tensor(
      complete.map((_, i) => [...columns.map((column) => column[i]!), 1]),
      { label: "X" },
    ),
    labels: tensor(
      complete.map(({ Species }) => (Species === species[1] ? 1 : 0)),
      { dtype: "int32", label: "labels" },
    ),
    incomplete: wanted.length - complete.length,
  };
}

function standardised(values: readonly number[]): number[] {
  const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
  const centre = mean(values);
  const spread = Math.sqrt(mean(values.map((x) => (x - centre) ** 2)));
  return values.map((x) => (x - centre) / spread);
}

import { InputError } from "../shared/options.ts";
import { readRows, withNumbers } from "../shared/vega.ts";

export const origins = ["USA", "Europe", "Japan"] as const;

/** The features of a car: the name of each column, its key in the data file, and its unit. */
export const columns = [
  { name: "mileage", key: "Miles_per_Gallon", unit: "miles per gallon" },
  { name: "cylinders", key: "Cylinders", unit: "cylinders" },
  { name: "displacement", key: "Displacement", unit: "cubic inches" },
  { name: "horsepower", key: "Horsepower", unit: "hp" },
  { name: "weight", key: "Weight_in_lbs", unit: "lbs" },
  { name: "acceleration", key: "Acceleration", unit: "s to 60 mph" },
  { name: "year", key: "Year", unit: "years" },
] as const;

export interface Car {
  readonly name: string;
  /** The features of the car, such as its weight, in the order of the array `columns`. */
  readonly values: readonly number[];
  /** The origin of the car, as an index into `origins`. */
  readonly origin: number;
}

export interface Cars {
  readonly cars: readonly Car[];
  /** The number of cars left out because a value is missing, for each column with missing values. */
  readonly missing: ReadonlyMap<string, number>;
  readonly incomplete: number;
}

/**
 * Reads the data set Auto MPG, 406 cars of 1970 to 1982, from the npm package `vega-datasets`. E. Ramos and D. Donoho
 * collected the data for the 1983 data exposition of the American Statistical Association (StatLib).
 */
export function readCars(): Cars {
  const rows = readRows("cars").map((row) => ({ ...row, Year: Number(String(row.Year).slice(0, 4)) }));
  const keys = columns.map(({ key }) => key);
  const { complete, incomplete } = withNumbers(rows, keys);
  const names: readonly string[] = origins;
  const cars = complete.map((row) => ({
    name: String(row.Name),
    values: keys.map((key) => row[key]),
    origin: names.indexOf(String(row.Origin)),
  }));
  const strange = cars.find(({ origin }) => origin < 0);
  if (strange)
    throw new InputError(`${strange.name} in vega-datasets has an unknown origin; expected ${origins.join(", ")}.`);
  const gaps = columns.map(
    ({ name, key }) => [name, incomplete.filter((row) => typeof row[key] !== "number").length] as const,
  );
  return { cars, missing: new Map(gaps.filter(([, count]) => count > 0)), incomplete: incomplete.length };
}

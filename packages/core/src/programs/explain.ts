import { numberText, shapeText } from "../values/format.ts";
import { ravel } from "../values/ndarray.ts";
import type { Tensor } from "../values/tensor.ts";
import { constantsOf, isUnlabeledScalar, namesOf, stepTitle } from "./names.ts";
import { checkListing, type Listing } from "./trace.ts";

/**
 * Returns a recording or program as a table with a line for each step. A line has the number of the step, its op and
 * params, its inputs, and the shape, dtype and value of its output. For an output of more than four elements, the table
 * shows the range of the elements instead of the elements.
 * @throws ArgumentError unless given a recording or a program
 */
export function explain(listing: Listing): string {
  checkListing("explain", listing);
  const { inputs, steps, outputs } = listing;
  const nameOf = namesOf(listing);
  const line = (number: string, op: string, from: string, y: Tensor): string[] => {
    return [number, op, from, shapeText(y.shape), y.dtype, valueText(y)];
  };
  const table = [
    ["", "op", "inputs", "shape", "dtype", "value"],
    ...[...inputs, ...constantsOf(listing).filter((c) => !isUnlabeledScalar(c))].map((x) => line("", nameOf(x), "", x)),
    ...steps.map((step, i) => line(`#${i + 1}`, stepTitle(step), step.inputs.map(nameOf).join(", "), step.output)),
  ];
  const widths = table[0]!.map((_, column) => table.reduce((width, row) => Math.max(width, row[column]!.length), 0));
  const pad = (cell: string, i: number) => (i === 0 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!));
  return [...table.map((row) => row.map(pad).join("  ").trimEnd()), `returns ${outputs.map(nameOf).join(", ")}`].join(
    "\n",
  );
}

function valueText({ array, size }: Tensor): string {
  if (array === undefined || size === 0) return "";
  const values = ravel(array);
  if (size <= 4) return Array.from(values, numberText).join(" ");
  let [smallest, largest, nans] = [Infinity, -Infinity, 0];
  for (const x of values) {
    if (x < smallest) smallest = x;
    if (x > largest) largest = x;
    if (Number.isNaN(x)) nans++;
  }
  return `${nans < size ? `${numberText(smallest)} … ${numberText(largest)}` : ""}${nans ? ` ${nans} NaN` : ""}`.trim();
}

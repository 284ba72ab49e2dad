import type { Step } from "../autodiff/tape.ts";
import { bodyOf } from "../transforms/body.ts";
import { numberText, shapeText } from "../values/format.ts";
import { ravel } from "../values/ndarray.ts";
import type { Tensor } from "../values/tensor.ts";
import { constantsOf, isUnlabeledScalar, namesOf, stepTitle } from "./names.ts";
import { checkListing, type Listing } from "./trace.ts";

/**
 * Returns a recording or program as a table with a line for each step. A line has the number of the step, its op and
 * params, its inputs, and the shape, dtype and value of its output. For an output of more than four elements, the table
 * shows the range of the elements instead of the elements. The body of a loop is indented
 * below the step of the loop.
 * @throws ArgumentError unless given a recording or a program
 */
export function explain(listing: Listing): string {
  checkListing("explain", listing);
  const nameOf = namesOf(listing);
  const constants = constantsOf(listing).filter((c) => !isUnlabeledScalar(c));
  const table = [
    ["", "op", "inputs", "shape", "dtype", "value"],
    ...[...listing.inputs, ...constants].map((x) => rowOf("", nameOf(x), "", x)),
    ...listing.steps.flatMap((step, i) => stepRows(step, `${i + 1}`, nameOf)),
  ];
  const widths = table[0]!.map((_, column) => table.reduce((width, row) => Math.max(width, row[column]!.length), 0));
  const pad = (cell: string, i: number) => (i === 0 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!));
  const lines = table.map((row) => row.map(pad).join("  ").trimEnd());
  return [...lines, `returns ${listing.outputs.map(nameOf).join(", ")}`].join("\n");
}

type Name = (tensor: Tensor) => string;

const rowOf = (number: string, op: string, from: string, y: Tensor): string[] => [
  number,
  op,
  from,
  shapeText(y.shape),
  y.dtype,
  valueText(y),
];

/** Returns the table rows of a step: one row, and for a loop also the rows of the steps in its body. */
function stepRows(step: Step, number: string, nameOf: Name, indent = ""): string[][] {
  const nested = bodyOf(step);
  const from = step.inputs.map(nameOf).join(", ");
  const row = rowOf(`#${number}`, `${indent}${stepTitle(step)}${nested ? " {" : ""}`, from, step.output);
  if (nested === undefined) return [row];
  const { body } = nested;
  const nameInside = namesOf(body, `${number}.`, nameOf);
  const inner = `${indent}  `;
  const returned = body.outputs.map(nameInside).join(", ");
  return [
    row,
    ...body.inputs.map((x) => rowOf("", `${inner}${nameInside(x)}`, "", x)),
    ...body.steps.flatMap((each, i) => stepRows(each, `${number}.${i + 1}`, nameInside, inner)),
    ["", `${indent}} returns`, returned, "", "", ""],
  ];
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

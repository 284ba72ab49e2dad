import { kindText, type Tensor } from "../values/tensor.ts";
import { constantsOf, namesOf, stepTitle } from "./names.ts";
import { checkListing, type Listing } from "./trace.ts";

/**
 * Returns a recording or program as a graph in the DOT language of Graphviz (`dot -Tsvg`).
 * @throws ArgumentError unless given a recording or a program
 */
export function toDot(listing: Listing): string {
  checkListing("toDot", listing);
  const { inputs, steps, outputs } = listing;
  const nameOf = namesOf(listing);
  const [constants, results] = [constantsOf(listing), new Set(outputs)];
  const ids = new Map([...inputs, ...constants, ...steps.map(({ output }) => output)].map((x, i) => [x, `"t${i}"`]));
  const id = (tensor: Tensor) => ids.get(tensor)!;
  const node = (tensor: Tensor, title: string, shape: string) => {
    const frame = results.has(tensor) ? ", peripheries=2" : "";
    return `  ${id(tensor)} [label=${JSON.stringify(`${title}\n${kindText(tensor)}`)}, shape=${shape}${frame}];`;
  };
  return [
    "digraph {",
    "  node [fontname=monospace];",
    ...inputs.map((x) => node(x, nameOf(x), "ellipse")),
    ...constants.map((c) => node(c, nameOf(c), "plaintext")),
    ...steps.map((step) => node(step.output, `${nameOf(step.output)}: ${stepTitle(step)}`, "box")),
    ...steps.flatMap((step) => step.inputs.map((x) => `  ${id(x)} -> ${id(step.output)};`)),
    "}",
  ].join("\n");
}

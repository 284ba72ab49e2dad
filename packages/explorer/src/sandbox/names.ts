import type { Listing, Step, Tensor } from "@wengert/core";
import { bodyOf } from "@wengert/core/extend";

// Names of tensors and params that the page shows. The names are the same as in the output of `explain`.

/**
 * Returns the constants of a recording: inputs of steps that are neither inputs of the recorded function nor outputs of
 * steps.
 */
export function constantsOf({ inputs, steps }: Listing): Tensor[] {
  const known = new Set([...inputs, ...steps.map(({ output }) => output)]);
  return [...new Set(steps.flatMap((step) => step.inputs))].filter((x) => !known.has(x));
}

export type NameOf = (tensor: Tensor) => string;

/**
 * Returns a function that names the tensors of a list of steps. For the steps of a loop body, `prefix` is the number of
 * the loop's step, and `outer` names the tensors from outside of the body.
 */
export function namesOf(listing: Listing, prefix = "", outer: NameOf = () => ""): NameOf {
  const names = new Map(listing.inputs.map((x, i) => [x, x.label?.replace(/^argument \d+ at /, "") ?? `x${i + 1}`]));
  for (const [i, { output }] of listing.steps.entries())
    names.set(output, `#${prefix}${i + 1} ${output.label ?? ""}`.trimEnd());
  let unnamed = 0;
  for (const c of constantsOf(listing))
    names.set(c, isNumber(c) ? shortest(c.item()) : outer(c) || (c.label ?? `c${++unnamed}`));
  return (tensor) => names.get(tensor) ?? (outer(tensor) || (tensor.label ?? ""));
}

const isNumber = (x: Tensor): boolean => x.array !== undefined && x.shape.length === 0 && x.label === undefined;
const shortest = (x: number): string => String(Number(x.toPrecision(6)));

/** Returns the params of a step as text, such as `axes=[0]`. Leaves out the body of a loop and the number of iterations. */
export function paramsText(step: Step): string {
  const hidden = bodyOf(step) ? ["body", "length", "carries", "unknowns", "entries", "isLinear"] : [];
  const shown = Object.entries(step.params ?? {}).filter(
    ([name, value]) => value !== undefined && value !== false && !hidden.includes(name),
  );
  return shown.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
}

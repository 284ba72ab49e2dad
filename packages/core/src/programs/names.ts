import type { Step } from "../autodiff/tape.ts";
import { bodyOf } from "../transforms/body.ts";
import { escapeControls, numberText } from "../values/format.ts";
import type { Tensor } from "../values/tensor.ts";
import type { Listing } from "./trace.ts";

/**
 * Returns the constants of a program or recording: the tensors that its steps use, except for the inputs of the program
 * and the outputs of steps.
 */
export function constantsOf({ inputs, steps }: Listing): Tensor[] {
  const known = new Set([...inputs, ...steps.map(({ output }) => output)]);
  return [...new Set(steps.flatMap((step) => step.inputs))].filter((x) => !known.has(x));
}

export const isUnlabeledScalar = (x: Tensor): boolean =>
  x.array !== undefined && x.shape.length === 0 && x.label === undefined;

/**
 * Returns a function that names tensors: inputs and constants by label, scalars by value, outputs of steps by number
 * and label. For the body of a loop, `prefix` is the number of the loop's step, and the function `outer` names the
 * tensors that the body captures.
 */
export function namesOf(
  listing: Listing,
  prefix = "",
  outer: (tensor: Tensor) => string | undefined = () => undefined,
): (tensor: Tensor) => string {
  const names = new Map(listing.inputs.map((x, i) => [x, x.label ?? `x${i + 1}`]));
  for (const [i, { output }] of listing.steps.entries())
    names.set(output, `#${prefix}${i + 1} ${output.label ?? ""}`.trimEnd());
  let unnamed = 0;
  for (const c of constantsOf(listing))
    names.set(c, isUnlabeledScalar(c) ? numberText(c.item()) : (outer(c) ?? c.label ?? `c${++unnamed}`));
  return (tensor) => escapeControls(names.get(tensor) ?? outer(tensor) ?? tensor.label ?? "constant");
}

/**
 * Returns the op and params of a step as text, such as `sum axes=[0]`, or `scan 1000 ×` for a loop. Omits params that
 * are undefined or false.
 */
export function stepTitle(step: Step): string {
  const nested = bodyOf(step);
  const hidden = nested ? ["body", "length", "carries", "unknowns", "entries", "isLinear"] : [];
  const visibleParams = Object.entries(step.params ?? {}).filter(
    ([name, value]) => value !== undefined && value !== false && !hidden.includes(name),
  );
  const times = nested && nested.times !== 1 ? [`${nested.times} ×`] : [];
  const params = visibleParams.map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [step.op.name, ...times, ...params].join(" ");
}

import type { Listing, Tensor } from "@wengert/core";

// Names of tensors and params that the page shows. The names are the same as in the output of `explain`.

/** Returns the constants of a recording: tensors that steps use, but that are neither inputs nor outputs of steps. */
export function constantsOf({ inputs, steps }: Listing): Tensor[] {
  const known = new Set([...inputs, ...steps.map(({ output }) => output)]);
  return [...new Set(steps.flatMap((step) => step.inputs))].filter((x) => !known.has(x));
}

export function namesOf(listing: Listing): (tensor: Tensor) => string {
  const names = new Map(listing.inputs.map((x, i) => [x, x.label?.replace(/^argument \d+ at /, "") ?? `x${i + 1}`]));
  for (const [i, { output }] of listing.steps.entries()) names.set(output, `#${i + 1} ${output.label ?? ""}`.trimEnd());
  let unnamed = 0;
  for (const c of constantsOf(listing)) names.set(c, isNumber(c) ? shortest(c.item()) : (c.label ?? `c${++unnamed}`));
  return (tensor) => names.get(tensor) ?? tensor.label ?? "";
}

const isNumber = (x: Tensor): boolean => x.shape.length === 0 && x.label === undefined;
const shortest = (x: number): string => String(Number(x.toPrecision(6)));

export function paramsText(params: unknown): string {
  const shown = Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== false);
  return shown.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
}

import type { Program, Tensor } from "@wengert/core";
import { alias, isSameShape } from "@wengert/core/extend";
import { div, mul } from "@wengert/ops";
import { rewrite } from "./rewrite.ts";
import { uniformValue } from "./uniform.ts";

/**
 * Removes steps that return their input: x · 1, x / 1, and an alias of a tensor that has no other alias. Keeps x + 0,
 * because −0 + 0 is 0. Keeps two or more aliases of a tensor, because `checkpoint` runs a function twice, on different
 * aliases, and the two runs must not be merged.
 */
export function dropIdentities(program: Program): Program {
  const constants = new Set<Tensor>(program.constants);
  const aliases = program.steps.filter(({ op }) => op === alias.spec);
  const lastAlias = new Map(aliases.map(({ inputs, output }) => [inputs[0]!, output]));
  const firstAlias = new Map(aliases.toReversed().map(({ inputs, output }) => [inputs[0]!, output]));
  const onlyAliases = new Set([...lastAlias].flatMap(([x, last]) => (firstAlias.get(x) === last ? [last] : [])));
  const isOne = (x: Tensor | undefined) => x !== undefined && constants.has(x) && uniformValue(x) === 1;
  return rewrite(program, (step) => {
    const [a, b] = step.inputs;
    if (onlyAliases.has(step.output)) return a!;
    const keeps = (x: Tensor | undefined): x is Tensor => x !== undefined && isSameShape(x.shape, step.output.shape);
    if ((step.op === mul.spec || step.op === div.spec) && isOne(b) && keeps(a)) return a;
    if (step.op === mul.spec && isOne(a) && keeps(b)) return b;
    return step;
  });
}

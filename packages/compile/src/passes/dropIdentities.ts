import type { Program, Tensor } from "@wengert/core";
import { alias, isSameShape } from "@wengert/core/extend";
import { div, mul } from "@wengert/ops";
import { rewrite } from "./rewrite.ts";
import { uniformValue } from "./uniform.ts";

/**
 * Replaces x · 1 and x / 1 by x, which is exact for every number. x + 0 stays, because −0 + 0 is 0. Replaces the alias of a
 * tensor that has only one alias, as `grad` makes it, by the tensor. Two aliases stay: `checkpoint` runs a function twice, each time
 * on other aliases, and the two runs must not become one.
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

import type { Program, Tensor } from "@wengert/core";
import { isSameShape } from "@wengert/core/extend";
import { div, mul } from "@wengert/ops";
import { rewrite } from "./rewrite.ts";
import { uniformValue } from "./uniform.ts";

/**
 * Replaces x · 1 and x / 1 by x, which is exact for every number. x + 0 stays, because −0 + 0 is 0.
 */
export function dropIdentities(program: Program): Program {
  const constants = new Set<Tensor>(program.constants);
  const isOne = (x: Tensor | undefined) => x !== undefined && constants.has(x) && uniformValue(x) === 1;
  return rewrite(program, (step) => {
    const [a, b] = step.inputs;
    const keeps = (x: Tensor | undefined): x is Tensor => x !== undefined && isSameShape(x.shape, step.output.shape);
    if ((step.op === mul.spec || step.op === div.spec) && isOne(b) && keeps(a)) return a;
    if (step.op === mul.spec && isOne(a) && keeps(b)) return b;
    return step;
  });
}

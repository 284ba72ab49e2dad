import type { Program } from "@wengert/core";
import { crossEntropy, logSoftmax, matmul, mean, softmax, std, sum, variance } from "@wengert/ops";
import { crossEntropyPullback, softmaxPullback } from "@wengert/ops/extend";
import { copyLoop } from "../loops/copies.ts";
import type { Group } from "../loops/groups.ts";
import { type ComputedStep, isRowMajorValue, newValue } from "../memory/layout.ts";
import { describedRule } from "./described.ts";
import type { Instruction, Reserve, Rule } from "./instruction.ts";
import { matmulRule } from "./products.ts";
import { labelRule, softmaxRule } from "./slices.ts";
import { sumRule, varianceRule } from "./sums.ts";

/**
 * Returns the instructions that compute a step of a program: kernel calls if possible, otherwise a call of the step's
 * op. If a kernel requires row-major inputs, loops first copy the other inputs.
 */
export function instructionsFor(computed: ComputedStep, reserve: Reserve): readonly (Instruction | Group)[] {
  const { dtype, size } = computed.output.buffer;
  const isFloat = dtype === "float32" || dtype === "float64";
  const rule = isFloat && size > 0 ? (rules.get(computed.step.op) ?? describedRule) : undefined;
  return rule?.(computed, reserve) ?? callsOnCopies(computed, reserve, rule) ?? [{ kind: "op", computed }];
}

/** Returns loops that copy the inputs that are not row-major, and kernel calls that read the copies. */
function callsOnCopies(computed: ComputedStep, reserve: Reserve, rule: Rule | undefined) {
  const inputs = computed.inputs.map((x) => (isRowMajorValue(x) ? x : newValue("computed", x)));
  const copied = [...inputs.keys()].filter((k) => inputs[k] !== computed.inputs[k]);
  const calls = copied.length > 0 ? rule?.({ ...computed, inputs }, reserve) : undefined;
  if (calls === undefined) return undefined;
  const loops = copied.map((k) => {
    const step = { ...computed.step, output: computed.step.inputs[k]! };
    return copyLoop({ ...computed, step }, computed.inputs[k]!, inputs[k]!);
  });
  return loops.includes(undefined) ? undefined : [...(loops as Group[]), ...calls];
}

const rules: ReadonlyMap<Program["steps"][number]["op"], Rule> = /* @__PURE__ */ new Map<unknown, Rule>([
  [matmul.spec, matmulRule],
  [sum.spec, sumRule(false)],
  [mean.spec, sumRule(true)],
  [variance.spec, varianceRule(false)],
  [std.spec, varianceRule(true)],
  [softmax.spec, softmaxRule("softmax")],
  [softmaxPullback.spec, softmaxRule("softmaxPullback")],
  [logSoftmax.spec, softmaxRule("logSoftmax")],
  [crossEntropy.spec, labelRule("labelLosses")],
  [crossEntropyPullback.spec, labelRule("labelPullback")],
]) as ReadonlyMap<Program["steps"][number]["op"], Rule>;

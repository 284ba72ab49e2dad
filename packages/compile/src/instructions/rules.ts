import type { Program } from "@wengert/core";
import { crossEntropy, logSoftmax, matmul, mean, softmax, sum } from "@wengert/ops";
import { crossEntropyPullback, softmaxPullback } from "@wengert/ops/extend";
import type { ComputedStep } from "../memory/layout.ts";
import { declaredRule } from "./declared.ts";
import type { Instruction, Reserve, Rule } from "./instruction.ts";
import { matmulRule } from "./products.ts";
import { labelRule, softmaxRule } from "./slices.ts";
import { sumRule } from "./sums.ts";

/**
 * Returns the instructions that compute a step of a program: kernel calls if possible, otherwise a call of the step's
 * op.
 */
export function instructionsFor(computed: ComputedStep, reserve: Reserve): readonly Instruction[] {
  const { dtype, size } = computed.output.buffer;
  const isFloat = dtype === "float32" || dtype === "float64";
  const rule = isFloat && size > 0 ? (rules.get(computed.step.op) ?? declaredRule) : undefined;
  return rule?.(computed, reserve) ?? [{ kind: "op", computed }];
}

const rules: ReadonlyMap<Program["steps"][number]["op"], Rule> = /* @__PURE__ */ new Map<unknown, Rule>([
  [matmul.spec, matmulRule],
  [sum.spec, sumRule(false)],
  [mean.spec, sumRule(true)],
  [softmax.spec, softmaxRule("softmax")],
  [softmaxPullback.spec, softmaxRule("softmaxPullback")],
  [logSoftmax.spec, softmaxRule("logSoftmax")],
  [crossEntropy.spec, labelRule("labelLosses")],
  [crossEntropyPullback.spec, labelRule("labelPullback")],
]) as ReadonlyMap<Program["steps"][number]["op"], Rule>;

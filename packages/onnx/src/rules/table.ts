import type { Step } from "@wengert/core";
import type { AnyOpSpec } from "@wengert/core/extend";
import type { GraphInProgress } from "../graph/graph.ts";
import { activationRules } from "./activations.ts";
import { convolutionRules } from "./convolution.ts";
import { cumulativeRules } from "./cumulative.ts";
import { elementwiseRules } from "./elementwise.ts";
import { indexRules } from "./indices.ts";
import { loopRules } from "./loop.ts";
import { lossRules } from "./losses.ts";
import { poolingRules } from "./pooling.ts";
import { productRules } from "./products.ts";
import { reductionRules } from "./reductions.ts";
import type { AnyEmit } from "./rule.ts";
import { shapeRules } from "./shapes.ts";
import { structureRules } from "./structure.ts";

let table: ReadonlyMap<unknown, AnyEmit> | undefined;

/**
 * Returns the function that exports an op to ONNX, or `undefined` if the op has no ONNX form. The first call builds a
 * map of these functions for all ops.
 */
export function ruleOf(op: Step["op"]): AnyEmit | undefined {
  table ??= new Map<AnyOpSpec, AnyEmit>([
    ...elementwiseRules(),
    ...activationRules(),
    ...reductionRules(),
    ...cumulativeRules(),
    ...productRules(),
    ...shapeRules(),
    ...indexRules(),
    ...lossRules(),
    ...convolutionRules(),
    ...poolingRules(),
    ...structureRules(),
    ...loopRules(emitSteps),
  ]);
  return table.get(op);
}

/**
 * Exports the steps of a program: adds the ONNX nodes that compute the steps to the graph `g`. `wanted` returns the
 * name that the output of a step must have in the graph, or `undefined` if any name is allowed. Every op must have an
 * ONNX form.
 */
export function emitSteps(
  g: GraphInProgress,
  steps: readonly Step[],
  wanted: (step: Step) => string | undefined = () => undefined,
): void {
  for (const [i, step] of steps.entries()) {
    const emit = ruleOf(step.op)!;
    const label = `#${i + 1}`;
    const call = { inputs: step.inputs, params: step.params, output: step.output };
    const name = g.step(label, `${label} ${step.op.name}`, wanted(step), () =>
      emit(g, step.inputs.map(g.nameOf), call),
    );
    g.name(step.output, name);
  }
}

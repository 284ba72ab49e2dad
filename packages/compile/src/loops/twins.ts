import type { ComputedStep } from "../memory/layout.ts";
import { elementwise } from "./elementwise.ts";

// Some pairs of ops, such as gelu and its derivative, share most of their work if they have the same operand. A forward
// pass computes gelu, and the backward pass computes the derivative of gelu. If one fused loop contains both steps, a
// single kernel computes both results.

/** If one kernel can compute two steps, such as gelu and its derivative, moves the second step behind the first. */
export function withTwinsTogether(steps: readonly ComputedStep[]): readonly ComputedStep[] {
  const twins = new Map<ComputedStep, ComputedStep>();
  for (const [i, computed] of steps.entries()) {
    const twin = elementwise.get(computed.step.op)?.twin && twinOf(computed, steps.slice(i + 1));
    if (twin !== undefined) twins.set(computed, twin);
  }
  if (twins.size === 0) return steps;
  const moved = new Set(twins.values());
  return steps.flatMap((computed) => {
    const twin = twins.get(computed);
    if (moved.has(computed)) return [];
    return twin === undefined ? [computed] : [computed, twin];
  });
}

/** Finds the step in `later`, such as the derivative of gelu, that one kernel can compute together with `computed`. */
export function twinOf({ step, inputs }: ComputedStep, later: readonly ComputedStep[]): ComputedStep | undefined {
  const twin = elementwise.get(step.op)?.twin;
  if (twin === undefined || inputs[0]!.dtype !== "float32") return undefined;
  return later.find((other) => other.step.op === twin.op && other.inputs[0] === inputs[0]);
}

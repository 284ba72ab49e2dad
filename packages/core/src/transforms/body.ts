import { moveAxis } from "../autodiff/axes.ts";
import { pack, part } from "../autodiff/fanout.ts";
import type { AnyOpSpec } from "../autodiff/op.ts";
import { type Step, withRecorder } from "../autodiff/tape.ts";
import { isList } from "../checks/errors.ts";
import type { Shape } from "../values/ndarray.ts";
import { type Operand, Tensor } from "../values/tensor.ts";
import { isNode } from "../values/tree.ts";
import { dryRun } from "./dryRun.ts";
import { isFunctionOp, neededSteps, type ReplayMode, replay } from "./replay.ts";

// The params of a step may hold another list of steps: the body of a loop or of an equation. Each function that reads a
// list of steps also reads the bodies in it.

/** A function as a list of steps on tensors without values. */
export interface Body {
  readonly inputs: readonly Tensor[];
  /**
   * Tensors, such as weights, that a loop body or an equation captures from an outer scope. They become inputs of the
   * step on the tape, so that derivatives flow to them.
   */
  readonly constants: readonly Tensor[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Tensor[];
}

/** Records the steps of `run` on tensors without values, which have the shapes and dtypes of `like`. */
export function listBody(
  caller: string,
  like: readonly Operand[],
  run: (inputs: readonly Tensor[]) => readonly Tensor[],
): Body {
  const inputs = like.map(({ shape, dtype, label }) => new Tensor(shape, dtype, undefined, label));
  const { value: outputs, steps: all } = dryRun(caller, inputs, () => run(inputs), true);
  const { steps, tensors } = neededSteps(all, outputs);
  const known = new Set([...inputs, ...steps.map(({ output }) => output)]);
  return { inputs, constants: [...tensors].filter((x) => !known.has(x)), steps, outputs };
}

/**
 * Applies the steps of a body and returns its outputs. A body is the recorded function of a `scan`, or of an op that
 * solves an equation. `values` must map the inputs and constants of the body to tensors.
 */
export function runBody({ steps, outputs }: Body, values: Map<Tensor, Tensor>, mode?: ReplayMode): Tensor[] {
  replay(steps, [...outputs, ...values.keys()], values, mode);
  return outputs.map((y) => mode?.valueOf(y, values) ?? values.get(y) ?? y);
}

/** Returns a Map from each key to the value at the same position of `values`. */
export const mapping = (keys: readonly Tensor[], values: readonly Tensor[]): Map<Tensor, Tensor> =>
  new Map(keys.map((key, k) => [key, values[k]!]));

/**
 * Returns the body of a loop or of an equation, and how often its step runs the body. Returns undefined for steps
 * without a body.
 */
export function bodyOf({ params }: Step): { readonly body: Body; readonly times: number } | undefined {
  if (!isNode(params) || !("body" in params)) return undefined;
  const { body, length = 1 } = params as { readonly body: Body; readonly length?: number };
  return isNode(body) && isList(body.steps) ? { body, times: length } : undefined;
}

/**
 * Replaces each call of a `customVjp`, `customJvp` or `checkpoint` function in the body of `step` by the ops that the
 * function applies. Returns `step` itself if its body contains no such call.
 */
export function inlineCalls<S extends Step>(step: S): S {
  const body = bodyOf(step)?.body;
  if (body === undefined || !body.steps.some(containsCall)) return step;
  const given = [...body.constants, ...body.inputs];
  const recorded: Step[] = [];
  const record = (each: Step) => {
    if (each.output.array === undefined) recorded.push(inlineCalls(each));
  };
  const outputs = withRecorder("trace", { record }, () => runBody(body, mapping(given, given)));
  const { steps, tensors } = neededSteps(recorded, outputs);
  const known = new Set([...given, ...steps.map(({ output }) => output)]);
  const added = [...tensors].filter((x) => !known.has(x)); // constants that the functions computed
  const constants = [...body.constants, ...added];
  const inputs = [
    ...step.inputs.slice(0, body.constants.length),
    ...added,
    ...step.inputs.slice(body.constants.length),
  ];
  return { ...step, inputs, params: { ...(step.params as object), body: { ...body, constants, steps, outputs } } };
}

const containsCall = (step: Step): boolean =>
  isFunctionOp(step.op) || bodyOf(step)?.body.steps.some(containsCall) === true;

/** Returns the number of floating-point operations of a step. */
export function flopsOf({ op, inputs, params, output }: Step): number {
  const { flops, view } = op as AnyOpSpec;
  return flops ? flops(inputs, output, params) : view ? 0 : output.size;
}

/** Returns the number of floating-point operations of one run of the body of a loop or of an equation. */
export const flopsOfBody = ({ steps }: Body): number => steps.reduce((sum, step) => sum + flopsOf(step), 0);

/**
 * Packs the tensors of each batch entry into one vector. The batch is axis `axes[k]` of tensor k, and axis 0 of the
 * result. `shape` is the shape of one vector.
 */
export function packBatch(tensors: readonly Tensor[], axes: readonly number[], size: number, shape: Shape): Tensor {
  const batchLast = tensors.map((x, k) => moveAxis(x, { from: axes[k]!, to: x.shape.length - 1 }));
  return moveAxis(part(pack(batchLast), { shape: [...shape, size], offset: 0 }), { from: 1, to: 0 });
}

import { DryTape, type Step, withRecorder, withSubstitute } from "../autodiff/tape.ts";
import { Tensor } from "../values/tensor.ts";
import { leaves, unflatten } from "../values/tree.ts";
import { type FunctionOp, type ReplayMode, replay, type Values } from "./replay.ts";

// A dry run calls a function on tensors without values, and records the steps that depend on these tensors. The steps
// are applied to values later. All other steps run immediately, and outer tapes record them.

/**
 * Runs `body` on the tensors `watched`, which have no values. Returns its value and the steps that depend on `watched`.
 * `isBody` says whether the steps become the body of a loop or an equation.
 */
export function dryRun<T>(
  caller: string,
  watched: Iterable<Tensor>,
  body: () => T,
  isBody = false,
): { value: T; steps: readonly Step[] } {
  const tape = new DryTape(watched, isBody);
  const value = withRecorder(caller, tape, body);
  return { value, steps: tape.steps };
}

// A dry run (a run on tensors without values) records each call of a customVjp or checkpoint function as one step.
// Applying the step to values calls the function again.

/**
 * `values` maps recorded tensors to the new tensors that replace them. `mode` says whether each new tensor is a single
 * tensor or a batch of tensors.
 */
export interface Replacement {
  readonly values: Values;
  readonly mode: ReplayMode;
}

/**
 * The result of a call of a function on tensors without values (a dry run), whose recorded steps were then applied to
 * values.
 */
export interface ReplayedCall<T> {
  /** The value that the function returned when it ran on tensors without values. */
  readonly value: T;
  readonly replacement: Replacement;
  /**
   * Returns the tree with each recorded tensor, which has no values, replaced by the corresponding tensor with values.
   */
  readonly valuesOf: <R>(tree: R) => R;
}

/** Calls `f` on tensors without values, and applies the recorded steps to `args`, whose tensors have values. */
export function replayCall<A extends readonly unknown[], T>(
  caller: string,
  { values, mode }: Replacement,
  args: A,
  f: (...args: A) => T,
): ReplayedCall<T> {
  const all = new Map(values);
  const dryLeaves = leaves(caller, args, "args").map((value) => {
    const dry = mode.dry(value);
    all.set(dry, value);
    return dry;
  });
  const { value, steps } = dryRun(caller, [...all.keys()], () => f(...unflatten(args, dryLeaves)));
  const used = steps.flatMap(({ inputs }) => inputs); // keeps all values, because `f` may return any of them
  replay(steps, used, all, mode);
  const valuesOf = <R>(tree: R): R => {
    const list = leaves(caller, tree, "the value of f");
    return unflatten(tree, list.map((x) => mode.valueOf(x, all))); // biome-ignore format: reads best on one line
  };
  return { value, replacement: { values: all, mode }, valuesOf };
}

/**
 * Records a call of `f` on `tape`, as one step for each tensor that `f` returns. When these steps are later applied to
 * values, `again` repeats the call on the values.
 */
export function recordCall<A extends readonly unknown[], R>(
  name: string,
  tape: DryTape,
  args: A,
  f: () => R,
  again: (replacement: Replacement, args: A) => R,
): R {
  const argLeaves = leaves(name, args, "args");
  const inputs = new Set(argLeaves);
  const hidden = new Set<Tensor>();
  const own = new Set<Tensor>();
  const record = ({ inputs: used, output }: Step): boolean => {
    // Tensors that f captures become inputs of the recorded call, so that derivatives flow to them.
    for (const x of used) if (!own.has(x)) inputs.add(x);
    own.add(output);
    const depends = used.some((x) => tape.depends(x) || hidden.has(x));
    if (depends) hidden.add(output);
    return depends;
  };
  const value = withSubstitute(tape, { record }, f);
  const results = new WeakMap<Values, readonly Tensor[]>(); // several steps share one call
  const resultsOf = (values: Values, mode: ReplayMode): readonly Tensor[] => {
    const replaced = unflatten(
      args,
      argLeaves.map((x) => mode.valueOf(x, values)),
    );
    return leaves(name, again({ values, mode }, replaced), "the value of f");
  };
  const outputs = leaves(name, value, "the value of f").map(({ shape, dtype, label }, i) => {
    const output = new Tensor(shape, dtype, undefined, label);
    const call: FunctionOp["call"] = (values, mode) => {
      const all = results.get(values) ?? resultsOf(values, mode);
      results.set(values, all);
      return all[i]!;
    };
    const op: FunctionOp = { name, vjp: () => [], call };
    tape.record({ op, inputs: [...inputs], params: undefined, output });
    return output;
  });
  return unflatten(value, outputs);
}

import { alias, pack, unpack } from "../autodiff/fanout.ts";
import { apply } from "../autodiff/op.ts";
import {
  DryTape,
  flowsTo,
  innermostTape,
  isInnermost,
  type Step,
  type Tape,
  withSubstitute,
} from "../autodiff/tape.ts";
import { runWithTape, seedCotangents } from "../autodiff/vjp.ts";
import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError, isList, show } from "../checks/errors.ts";
import { isReadable } from "../checks/options.ts";
import { constantLike } from "../values/create.ts";
import { ravel } from "../values/ndarray.ts";
import { describe, hasEqualNumbers, type Tensor } from "../values/tensor.ts";
import {
  asTree,
  type Cotangents,
  floatsOf,
  leaves,
  leavesAlike,
  leavesLike,
  type TreeFunction,
  type TreesOnly,
  unflatten,
} from "../values/tree.ts";
import { type Replacement, type ReplayedCall, recordCall, replayCall } from "./dryRun.ts";

// A function with a custom VJP becomes one step on the innermost tape that tracks an argument. Outer tapes and traces
// record the ops inside the function, so higher derivatives and traced programs need no extra code.

/**
 * Returns a function with a custom VJP. `forward(...args)` returns `[value, residuals]`. `backward(residuals,
 * cotangent)` returns the list of the arguments' cotangents. The innermost derivative calls `backward`. Outer
 * derivatives differentiate the ops inside `forward` and `backward`.
 * @throws ArgumentError unless given both functions. The returned function throws an ArgumentError if `forward` uses a
 * differentiated tensor that is not an argument, because the cotangent of this tensor would be lost.
 */
export function customVjp<A extends readonly unknown[], R, S>(rule: {
  readonly forward: ((...args: A) => readonly [R, S]) & TreesOnly<Cotangents<A>> & TreesOnly<R>;
  readonly backward: (residuals: NoInfer<S>, cotangent: NoInfer<R>) => readonly [...A];
}): (...args: A) => R {
  const { forward, backward } = isReadable(rule) ? rule : ({} as typeof rule);
  if (![forward, backward].every((f) => typeof f === "function"))
    throw new ArgumentError(`customVjp: expected { forward, backward }, two functions; got ${show(rule)}`);
  return withRule<A, R, S>("customVjp", { forward, backward });
}

/**
 * Returns a function with a custom JVP. `value(...args)` returns the value. `tangent(args, tangents, value)` returns
 * the tangent of the value. `tangents` is a list of trees like the arguments, and the result must be linear in
 * `tangents`. Reverse mode uses the transpose of this linear map. The innermost derivative calls `tangent`. Outer
 * derivatives differentiate the ops inside `value` and `tangent`.
 * @throws ArgumentError unless given both functions. The returned function throws an ArgumentError if `value` uses a
 * differentiated tensor that is not an argument. Its pullback throws an ArgumentError if zero tangents give a tangent
 * other than zero.
 */
export function customJvp<A extends readonly unknown[], R>(rule: {
  readonly value: ((...args: A) => R) & TreesOnly<Cotangents<A>> & TreesOnly<R>;
  readonly tangent: (args: NoInfer<A>, tangents: NoInfer<A>, value: NoInfer<R>) => R;
}): (...args: A) => R {
  const { value, tangent } = isReadable(rule) ? rule : ({} as typeof rule);
  if (![value, tangent].every((f) => typeof f === "function"))
    throw new ArgumentError(`customJvp: expected { value, tangent }, two functions; got ${show(rule)}`);
  return withRule<A, R, readonly [A, R]>("customJvp", {
    forward: (...args) => {
      const y = value(...args);
      return [y, [args, y]];
    },
    backward: ([args, y], g) => {
      const { floats, withFloats } = floatsOf("customJvp", [args, "args"]);
      const zero = (x: Tensor) => constantLike(x, 0);
      const run = runWithTape(
        "customJvp",
        (vs: readonly Tensor[]) => tangent(args, withFloats(vs, zero), y),
        [floats.map(zero)],
        [0],
      );
      mustBeZero(leavesAlike("customJvp", [y, "the value"], [run.value, "the tangent"]));
      const seeds = seedCotangents("customJvp", [run.value, "the tangent"], [g, "the cotangent"]);
      return withFloats((run.pull(seeds) as [Tensor[]])[0]) as readonly unknown[] as readonly [...A];
    },
  });
}

/**
 * Checks that a linear function of the tangents returned zeros for zero tangents. NaN passes, because 0 times infinity
 * is NaN.
 * @throws ArgumentError if a result has a number other than 0
 */
function mustBeZero(tangents: readonly Tensor[]): void {
  const found = tangents.flatMap(({ array }) =>
    array ? [...ravel(array)].filter((x) => x !== 0 && !Number.isNaN(x)) : [],
  );
  if (found.length === 0) return;
  throw new ArgumentError(
    `customJvp: tangent must be linear in the tangents, but zero tangents gave ${found[0]}; remove the terms without a tangent`,
  );
}

/** The name of the user's function in error messages: `forward` for customVjp, `value` for customJvp. */
const forwardNames = { customVjp: "forward", customJvp: "value" } as const;

/**
 * Returns a function with the custom VJP rule `rule`. `name` is the name of the function's steps on a tape, and the
 * caller in error messages.
 */
function withRule<A extends readonly unknown[], R, S>(
  name: keyof typeof forwardNames,
  rule: CustomRule<A, R, S>,
): (...args: A) => R {
  const { forward, backward } = rule;
  return (...callArgs) => {
    const args = callArgs.map((arg) => asTree(arg)) as unknown as A;
    const inputs = leaves(name, args, "args");
    const tape = innermostTape(inputs);
    if (tape === undefined) return pairOf(forward(...args))[0];
    if (tape instanceof DryTape)
      return recordCall(name, tape, args, () => pairOf(forward(...args))[0], replayedRule(name, rule));
    const throwCaptured = (captured: Tensor) => {
      throw new ArgumentError(
        `${name}: ${forwardNames[name]} uses ${describe(captured)}, which is differentiated but is not an argument; pass it as one, or use stopGradient`,
      );
    };
    const fresh = freshArguments(name, tape, args);
    const [value, residuals] = reportCaptures(tape, throwCaptured, () => {
      const [result, saved] = pairOf(forward(...fresh));
      return [aliasTree(name, result), saved] as const;
    });
    return recordAsOneStep(name, tape, inputs, value, (g) =>
      leavesLike(name, [args, "args"], [backward(residuals, g), "what backward returns"]),
    );
  };
}

function pairOf<R, S>(returned: readonly [R, S]): readonly [R, S] {
  if (isList(returned) && returned.length === 2) return returned;
  throw new ArgumentError(`customVjp: forward must return [value, residuals], got ${show(returned)}`);
}

/**
 * Returns a function that computes `f`, but whose tape keeps only the inputs of `f`, not intermediate results. The
 * pullback runs `f` again, which trades time for memory. The function is differentiable to any order.
 * @throws ArgumentError unless given a function. The pullback throws an ArgumentError if the second run returns other
 * numbers: `f` must be deterministic. A trace has no numbers and skips this check.
 */
export function checkpoint<A extends readonly unknown[], R>(f: TreeFunction<A, R>): (...args: A) => R {
  mustBeFunction("checkpoint", f);
  return (...callArgs) => {
    const args = callArgs.map((arg) => asTree(arg)) as unknown as A;
    const inputs = leaves("checkpoint", args, "args");
    const tape = innermostTape(inputs);
    if (tape === undefined) return f(...args);
    if (tape instanceof DryTape) {
      // A tape that became active inside of the dry run may track tensors that the checkpointed function `f` captures.
      // So `f` runs directly, and this tape records the steps of `f`.
      if (!isInnermost(tape)) return f(...args);
      return recordCall("checkpoint", tape, args, () => f(...args), replayedCheckpoint(f));
    }
    const captured = new Set<Tensor>();
    const fresh = freshArguments("checkpoint", tape, args);
    const value = reportCaptures(
      tape,
      (tensor) => captured.add(tensor),
      () => aliasTree("checkpoint", f(...fresh)),
    );
    const { floats, withFloats } = floatsOf("checkpoint", [args, "args"]);
    return recordAsOneStep("checkpoint", tape, [...floats, ...captured], value, (g, first) => {
      const rerun = runWithTape("checkpoint", (xs: Tensor[]) => f(...withFloats(xs)), [floats], [0], {
        captured,
      });
      mustBeEqual(first, rerun.value);
      const cotangents = seedCotangents("checkpoint", [rerun.value, "the value of f"], [g, "the cotangent"]);
      const [ofFloats] = rerun.pull(cotangents) as [Tensor[]];
      return [...ofFloats, ...[...captured].map((tensor) => cotangents.get(tensor) ?? null)];
    });
  };
}

// `vmap` and `scan` run a function on tensors without values, and record a call of a function with a custom rule as one
// step. When this step is later applied to values or to a batch, derivatives of the call still use the custom rule.

/**
 * Returns a function that repeats a recorded customVjp or customJvp call on new tensors. `replacement` maps the
 * recorded tensors to the new tensors. Derivatives of the repeated call use the custom rule, too.
 */
const replayedRule =
  <A extends readonly unknown[], R, S>(name: keyof typeof forwardNames, { forward, backward }: CustomRule<A, R, S>) =>
  (replacement: Replacement, args: A): R =>
    withRule<A, R, ReplayedCall<readonly [R, S]>>(name, {
      forward: (...given) => {
        const call = replayCall(name, replacement, given, (...dry) => pairOf(forward(...dry)));
        return [call.valuesOf(call.value[0]), call];
      },
      backward: (forwardCall, cotangent) => {
        const [, residuals] = forwardCall.value;
        const call = replayCall(name, forwardCall.replacement, [cotangent], (g) => backward(residuals, g));
        return call.valuesOf(call.value);
      },
    })(...args);

interface CustomRule<A extends readonly unknown[], R, S> {
  readonly forward: (...args: A) => readonly [R, S];
  readonly backward: (residuals: S, cotangent: R) => readonly [...A];
}

const replayedCheckpoint =
  <A extends readonly unknown[], R>(f: (...args: A) => R) =>
  (replacement: Replacement, args: A): R => {
    const replayed = (...given: A): R => {
      const call = replayCall("checkpoint", replacement, given, f);
      return call.valuesOf(call.value);
    };
    return (checkpoint as unknown as (given: typeof replayed) => typeof replayed)(replayed)(...args);
  };

/** @throws ArgumentError unless the two values that `f` returned are equal, bit for bit (−0 equals 0) */
function mustBeEqual(first: unknown, second: unknown): void {
  const [a, b] = [leaves("checkpoint", first, "the value of f"), leaves("checkpoint", second, "the value of f")];
  if (a.length === b.length && a.every((x, i) => hasEqualNumbers(x, b[i]!))) return;
  throw new ArgumentError(
    "checkpoint: f must be deterministic, but its second run returned other numbers; pass a random key as an argument",
  );
}

/**
 * Runs `body` without recording its steps on `tape`. Passes each tensor that `body` uses and `tape` tracks to a
 * callback.
 */
function reportCaptures<T>(tape: Tape, report: (captured: Tensor) => void, body: () => T): T {
  const record = (step: Step) => {
    step.inputs.forEach((input, k) => {
      if (tape.tracks(input) && flowsTo(step.op, k)) report(input);
    });
  };
  return withSubstitute(tape, { record }, body);
}

/** Runs `body` without recording its steps on `tape`. */
const hideFrom = <T>(tape: Tape, body: () => T): T => withSubstitute(tape, { record: () => {} }, body);

/**
 * Returns aliases of the tensors in `args`. `tape` does not track the aliases, so if `f` uses a tensor that `tape`
 * tracks, `f` captured the tensor from an outer scope.
 */
const freshArguments = <A>(caller: string, tape: Tape, args: A): A => hideFrom(tape, () => aliasTree(caller, args));

/**
 * Returns the tree with each tensor replaced by an alias. The output of a step must be a new tensor, but `f` may have
 * returned one of its arguments.
 */
const aliasTree = <T>(caller: string, tree: T): T =>
  unflatten(
    tree,
    leaves(caller, tree, "the value of f").map((leaf) => apply(alias.spec, [leaf], undefined, leaf.label)),
  );

/**
 * Records `value`, which was computed without recording on `tape`, as the output of one step. `backward` maps the
 * cotangent of `value`, and `value` itself, to the cotangents of `inputs`.
 */
function recordAsOneStep<R>(
  name: string,
  tape: Tape,
  inputs: readonly Tensor[],
  value: R,
  backward: (cotangent: R, value: R) => readonly (Tensor | null)[],
): R {
  const { floats, withFloats } = floatsOf(name, [value, "the value of f"]);
  let recorded = value;
  const record = (output: Tensor, split: (packed: Tensor) => readonly Tensor[]) => {
    const vjp = (g: Tensor) => backward(withFloats(split(g)), recorded);
    tape.record({ op: { name, vjp }, inputs, params: undefined, output });
  };
  if (floats.length === 1) record(floats[0]!, (g) => [g]);
  if (floats.length < 2) return value;
  // A step can have only one output, so if a function returns several tensors, these tensors are packed into one
  // vector.
  const packed = hideFrom(tape, () => pack(floats));
  const like = floats.map(({ shape, dtype, label }) => ({ shape, dtype, label })); // keeps no numbers
  record(packed, (g) => unpack(g, like));
  recorded = withFloats(unpack(packed, like));
  return recorded;
}

import { paired, run } from "./backward.ts";
import { ArgumentError, isList, show } from "./errors.ts";
import { alias, pack, unpack } from "./fanout.ts";
import { mustBeFunction } from "./mistakes.ts";
import { isReadable } from "./options.ts";
import { innermostTape, type Step, substituting, type Tape } from "./tape.ts";
import { describe, type Tensor } from "./tensor.ts";
import {
  asTree,
  type Cotangents,
  floatsOf,
  leaves,
  leavesLike,
  type TreeFunction,
  type TreesOnly,
  unflatten,
} from "./tree.ts";

// Functions that a tape sees as one step. Only the innermost tape that tracks an argument does: the tapes around it, and
// traces, go on seeing the ops inside, so derivatives of higher order and programs need nothing more.

/**
 * A function with a VJP of its own. `forward(...args)` returns `[value, residuals]`, and `backward(residuals, cotangent)`
 * one cotangent an argument. The innermost derivative uses the rule; those around it differentiate the ops that forward
 * and backward are made of.
 * @throws ArgumentError if forward uses a tensor that is differentiated but not an argument: its cotangent would be lost.
 */
export function customVjp<A extends readonly unknown[], R, S>(rule: {
  readonly forward: ((...args: A) => readonly [R, S]) & TreesOnly<Cotangents<A>> & TreesOnly<R>;
  readonly backward: (residuals: NoInfer<S>, cotangent: NoInfer<R>) => readonly [...A];
}): (...args: A) => R {
  const { forward, backward } = isReadable(rule) ? rule : ({} as typeof rule);
  if (![forward, backward].every((f) => typeof f === "function"))
    throw new ArgumentError(`customVjp: expected { forward, backward }, two functions; got ${show(rule)}`);
  return (...given) => {
    const args = given.map((arg) => asTree(arg)) as unknown as A;
    const inputs = leaves("customVjp", args, "args");
    const tape = innermostTape(inputs);
    if (tape === undefined) return pairOf(forward(...args))[0];
    const refuse = (captured: Tensor) => {
      throw new ArgumentError(
        `customVjp: forward uses ${describe(captured)}, which is being differentiated and is not an argument; make it one, or stopGradient it`,
      );
    };
    const own = apart("customVjp", tape, args);
    const [value, residuals] = hidden(tape, refuse, () => {
      const [result, kept] = pairOf(forward(...own));
      return [renewed("customVjp", result), kept] as const;
    });
    return oneStep("customVjp", tape, inputs, value, (g) =>
      leavesLike("customVjp", [args, "args"], [backward(residuals, g), "what backward returns"]),
    );
  };
}

function pairOf<R, S>(returned: readonly [R, S]): readonly [R, S] {
  if (isList(returned) && returned.length === 2) return returned;
  throw new ArgumentError(`customVjp: forward must return [value, residuals], got ${show(returned)}`);
}

/** `f`, of whose run only the inputs are kept: the pullback runs it again. Differentiable to any order. */
export function checkpoint<A extends readonly unknown[], R>(f: TreeFunction<A, R>): (...args: A) => R {
  mustBeFunction("checkpoint", f);
  return (...given) => {
    const args = given.map((arg) => asTree(arg)) as unknown as A;
    const inputs = leaves("checkpoint", args, "args");
    const tape = innermostTape(inputs);
    if (tape === undefined) return f(...args);
    const captured = new Set<Tensor>();
    const own = apart("checkpoint", tape, args);
    const value = hidden(
      tape,
      (tensor) => captured.add(tensor),
      () => renewed("checkpoint", f(...own)),
    );
    const { floats, withFloats } = floatsOf("checkpoint", [args, "args"]);
    return oneStep("checkpoint", tape, [...floats, ...captured], value, (g) => {
      const again = run("checkpoint", (given: Tensor[]) => f(...withFloats(given)), [floats], [0], { captured });
      const cotangents = paired("checkpoint", [again.value, "the value of f"], [g, "the cotangent"]);
      const [own] = again.pull(cotangents) as [Tensor[]];
      return [...own, ...[...captured].map((tensor) => cotangents.get(tensor) ?? null)];
    });
  };
}

/** Runs `body` unheard by `tape`, and reports the tensors that it uses and `tape` tracks, which it was not given. */
function hidden<T>(tape: Tape, report: (captured: Tensor) => void, body: () => T): T {
  const record = (step: Step) => {
    const { vjp } = step.op;
    step.inputs.forEach((input, k) => {
      if (tape.tracks(input) && (typeof vjp === "function" || vjp[k] !== null)) report(input);
    });
  };
  return substituting(tape, { record }, body);
}

const unheard = <T>(tape: Tape, body: () => T): T => substituting(tape, { record: () => {} }, body);

/** Arguments under identities that `tape` does not know: what `f` closes over may be one of them, and is reported. */
const apart = <A>(who: string, tape: Tape, args: A): A => unheard(tape, () => renewed(who, args));

/** The same tree under new identities: a function may return one of its inputs, which a step may not. */
const renewed = <T>(who: string, tree: T): T =>
  unflatten(
    tree,
    leaves(who, tree, "the value of f").map((leaf) => Object.assign(alias(leaf), { label: leaf.label })),
  );

/** Records `value`, which was computed unheard by `tape`, as the outcome of a single step with the rule `backward`. */
function oneStep<R>(
  name: string,
  tape: Tape,
  inputs: readonly Tensor[],
  value: R,
  backward: (cotangent: R) => readonly (Tensor | null)[],
): R {
  const { floats, withFloats } = floatsOf(name, [value, "the value of f"]);
  const record = (output: Tensor, apart: (whole: Tensor) => readonly Tensor[]) =>
    tape.record({ op: { name, vjp: (g) => backward(withFloats(apart(g))) }, inputs, params: undefined, output });
  if (floats.length === 1) record(floats[0]!, (g) => [g]);
  if (floats.length < 2) return value;
  // A step has one output: several travel in one vector.
  const packed = unheard(tape, () => pack(floats));
  record(packed, (whole) => unpack(whole, floats));
  return withFloats(unpack(packed, floats));
}

import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError } from "../checks/errors.ts";
import { fullLike } from "../values/create.ts";
import { isFloat } from "../values/dtype.ts";
import { notDifferentiable } from "../values/operands.ts";
import type { Tensor, TensorLike } from "../values/tensor.ts";
import {
  argumentName,
  asTree,
  type Cotangents,
  leaves,
  leavesAlike,
  type Named,
  type TreeFunction,
  traverse,
  unflatten,
} from "../values/tree.ts";
import { alias } from "./fanout.ts";
import { apply } from "./op.ts";
import { accumulateCotangent, sweep } from "./sweep.ts";
import { Tape, withRecorder } from "./tape.ts";

/** One run of `f` with a tape on the tensors of some of its arguments. */
interface TapedRun<R> {
  readonly value: R;
  readonly tape: Tape;
  /** The tensors that f was given in those arguments. */
  readonly inputs: readonly Tensor[];
  /** Pulls cotangents of outputs back to those arguments: one tree an argument, zeros for what `f` does not use. */
  pull(cotangents: Map<Tensor, Tensor>): unknown[];
}

interface RunOptions {
  /** Tensors to watch that `f` reaches without being given them. */
  readonly captured?: Iterable<Tensor>;
  /** Whether arguments need not be floats. */
  readonly anyDType?: boolean;
  /** The function whose parameters messages name. Default: `f`. */
  readonly names?: (...args: never) => unknown;
}

/**
 * Runs `f` with a tape on the tensors of the arguments that `argnums` names. `f` gets them under fresh identities, as an
 * outer tape, or another argument, may hold the same ones.
 */
export function runWithTape<A extends readonly unknown[], R>(
  caller: string,
  f: (...args: A) => R,
  args: A,
  argnums: readonly number[],
  { captured = [], anyDType = false, names = f }: RunOptions = {},
): TapedRun<R> {
  mustBeFunction(caller, names);
  const tape = new Tape();
  for (const tensor of captured) tape.watch(tensor);
  const callArguments: unknown[] = [...args];
  const originals: Tensor[] = [];
  const watched = argnums.map((n) => {
    const [tree, name] = [asTree(args[n]), argumentName(names, n)];
    if (n >= args.length)
      throw new ArgumentError(`${caller}: ${name} is missing: f was given ${args.length} of its arguments`);
    const fresh: Tensor[] = [];
    traverse(caller, [[tree, name]], (leaves, path) => {
      const leaf = leaves[0]!;
      if (!anyDType && !isFloat(leaf.dtype)) throw notDifferentiable(caller, leaf, path(0));
      const input = apply(alias.spec, [leaf], undefined, leaf.label ?? path(0));
      tape.watch(input);
      fresh.push(input);
      originals.push(leaf);
    });
    callArguments[n] = unflatten(tree, fresh);
    return { tree, fresh };
  });
  const value = withRecorder(caller, tape, () => f(...(callArguments as unknown as A)));
  const pull = (cotangents: Map<Tensor, Tensor>) => {
    for (const original of originals) original.assertUnchanged();
    for (const _ of sweep(tape, cotangents));
    const cotangentOf = (x: Tensor) => cotangents.get(x) ?? fullLike(x, 0);
    return watched.map(({ tree, fresh }) => unflatten(tree, fresh.map(cotangentOf)));
  };
  // The tape is closed: what the rules compute is recorded only by tapes around this one.
  return { value, tape, inputs: watched.flatMap(({ fresh }) => fresh), pull };
}

/**
 * `f(...args)`, and the pullback: from a cotangent of the value to one of each argument, as often as one likes.
 * Arguments and value are trees of tensors, the arguments of floats.
 * @throws TreeError, DTypeError, ArgumentError for invalid arguments; ShapeError for a cotangent of another shape.
 */
export function vjp<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...args: A
): { value: R; pullback: (cotangent: R extends Tensor ? TensorLike : R) => Cotangents<A> } {
  const { value, pull } = runWithTape<A, R>("vjp", f, args, [...args.keys()]);
  leaves("vjp", value, "the value of f");
  return {
    value,
    pullback: (cotangent) =>
      pull(
        seedCotangents("pullback", [value, "the value of f"], [asTree(cotangent, value), "the cotangent"]),
      ) as unknown as Cotangents<A>,
  };
}

/** Pairs the float tensors of `like` with those of `tree`, which must be alike; other dtypes carry no derivative. */
export function seedCotangents(caller: string, like: Named, tree: Named): Map<Tensor, Tensor> {
  const partners = leavesAlike(caller, like, tree);
  const pairs = new Map<Tensor, Tensor>();
  for (const [i, leaf] of leaves(caller, ...like).entries())
    if (isFloat(leaf.dtype)) accumulateCotangent(pairs, leaf, partners[i]!);
  return pairs;
}

import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError } from "../checks/errors.ts";
import { constantLike } from "../values/create.ts";
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
import { pullBack } from "./sharedUses.ts";
import { accumulateCotangent } from "./sweep.ts";
import { Tape, withRecorder } from "./tape.ts";

// Derivatives of any order follow from two decisions. First, VJP rules call ops, so one tape can record the backward
// sweep of another tape. Second, a transform such as grad passes aliases of the inputs to f, and closes its tape before
// the sweep. So a tape never records its own sweep, but an enclosing tape records this sweep and can differentiate it.
// Aliases also separate nested derivatives with respect to the same tensor.

/** One run of `f` with a tape that watches the tensors of some arguments. */
interface TapedRun<R> {
  readonly value: R;
  readonly tape: Tape;
  /** The tensors that `f` received in the watched arguments: aliases of the caller's tensors. */
  readonly inputs: readonly Tensor[];
  /**
   * Maps cotangents of the outputs to a list with a tree of cotangents for each watched argument. Tensors that `f` does
   * not use get zeros.
   */
  pull(cotangents: Map<Tensor, Tensor>): unknown[];
}

interface RunOptions {
  /** The tensors that `f` captures from outer scopes, which are watched in addition to the arguments. */
  readonly captured?: Iterable<Tensor>;
  /** Whether the watched arguments may have any dtype. If false, they must be floats. Default: false. */
  readonly anyDType?: boolean;
  /** The function whose parameter names appear in error messages. Default: `f`. */
  readonly names?: (...args: never) => unknown;
}

/**
 * Runs `f` with a tape that watches the tensors of the arguments `argnums`. `f` receives aliases of these tensors,
 * because an outer tape may also watch the same tensor, or two arguments may be the same tensor.
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
      throw new ArgumentError(
        `${caller}: ${name} is missing, got ${args.length} of the arguments of f; pass all of them`,
      );
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
    pullBack(tape, cotangents);
    const cotangentOf = (x: Tensor) => cotangents.get(x) ?? constantLike(x, 0);
    return watched.map(({ tree, fresh }) => unflatten(tree, fresh.map(cotangentOf)));
  };
  // The tape of the forward pass is closed before the pullback runs VJP rules. So only outer tapes record the steps of
  // these rules.
  return { value, tape, inputs: watched.flatMap(({ fresh }) => fresh), pull };
}

/**
 * Returns the value of `f(...args)` and its pullback. The pullback maps a cotangent of the value to a list with the
 * cotangent of each argument, and can be called repeatedly. Arguments are trees of float tensors; the value is a tree
 * of tensors.
 * @throws TreeError, DTypeError or ArgumentError for invalid arguments. The pullback throws a ShapeError or TreeError
 * unless the cotangent has the structure, dtypes and shapes of the value.
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

/**
 * Maps each float tensor of `like` to its cotangent, the tensor at the same path in `tree`. Tensors of other dtypes
 * have no cotangent.
 * @throws TreeError, ShapeError unless both trees have the same structure, dtypes and shapes
 */
export function seedCotangents(caller: string, like: Named, tree: Named): Map<Tensor, Tensor> {
  const partners = leavesAlike(caller, like, tree);
  const pairs = new Map<Tensor, Tensor>();
  for (const [i, leaf] of leaves(caller, ...like).entries())
    if (isFloat(leaf.dtype)) accumulateCotangent(pairs, leaf, partners[i]!);
  return pairs;
}

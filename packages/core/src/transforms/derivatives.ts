import { pack, part } from "../autodiff/fanout.ts";
import {
  argumentIndices,
  type GradOf,
  type GradOptions,
  gradDefaults,
  gradient,
  type SelectedArguments,
  singleOrList,
  splitAux,
  type WithAux,
} from "../autodiff/grad.ts";
import { runWithTape, seedCotangents } from "../autodiff/vjp.ts";
import { mustBeFunction, mustBeList } from "../checks/arguments.ts";
import { ArgumentError, TracedValueError } from "../checks/errors.ts";
import { withDefaults } from "../checks/options.ts";
import { basis, basisRows, checkMemory, constantLike, zeros } from "../values/create.ts";
import { isFloat } from "../values/dtype.ts";
import { isSameShape } from "../values/ndarray.ts";
import { noDerivative } from "../values/operands.ts";
import { bytesOf, Tensor, type TensorLike } from "../values/tensor.ts";
import {
  asTree,
  type Cotangent,
  floatsOf,
  leaves,
  type TreeFunction,
  type TreesOnly,
  unflatten,
} from "../values/tree.ts";
import { onBatch } from "./batch.ts";
import { dryRun } from "./dryRun.ts";
import { neededSteps, replay } from "./replay.ts";

/**
 * Returns the value of `f(...args)` and its pushforward. The pushforward maps the tangents v of the arguments to the
 * tangent J v of the value, where J is the Jacobian. Arguments are trees of float tensors; the value is a tree of
 * tensors.
 *
 * The pullback u ↦ uᵀJ is linear, so its own pullback is v ↦ J v. Forward mode therefore needs no rules.
 * @throws TreeError, DTypeError or ArgumentError for invalid arguments. The pushforward throws a ShapeError or
 * TreeError unless the tangents have the structure, dtypes and shapes of the arguments.
 */
export function linearize<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...args: A
): { value: R; pushforward: (...tangents: A) => R } {
  return linearizeAs("linearize", f, args, ["pushforward", "arguments"]);
}

function linearizeAs<A extends readonly unknown[], R>(
  caller: string,
  f: (...args: A) => R,
  args: A,
  [speaker, names]: readonly [caller: string, args: string],
): { value: R; pushforward: (...tangents: A) => R } {
  const { value, pull } = runWithTape<A, R>(caller, f, args, [...args.keys()]);
  const output = [value, "the value of f"] as const;
  const { floats, withFloats } = floatsOf(caller, output);
  const pullback = (us: readonly Tensor[]) => pull(seedCotangents(caller, output, [withFloats(us), "the cotangent"]));
  const zeroCotangents = floats.map((y) => constantLike(y, 0)); // a linear map has the same pullback everywhere
  const transposed = runWithTape(caller, pullback, [zeroCotangents], [0]);
  return {
    value,
    pushforward: (...tangents) => {
      const partners = transposed.value;
      const tangentTrees = tangents.map((tangent, i) => asTree(tangent, partners[i]));
      const vs = seedCotangents(speaker, [partners, names], [tangentTrees, "tangents"]);
      const [outputTangents] = transposed.pull(vs) as [Tensor[]];
      return withFloats(outputTangents, (y) => constantLike(y, 0));
    },
  };
}

/**
 * Returns the value of `f` and its tangent J v, for the Jacobian J and the tangents v. `primals` lists the arguments,
 * and `tangents` their tangents.
 * @throws ArgumentError, TreeError, DTypeError or ShapeError unless both lists hold trees of float tensors with the
 * same structure, dtypes and shapes
 */
export function jvp<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  primals: A,
  tangents: NoInfer<A>,
): { value: R; tangent: R } {
  mustBeList("jvp", "primals", primals);
  mustBeList("jvp", "tangents", tangents);
  const { value, pushforward } = linearizeAs<A, R>("jvp", f, primals, ["jvp", "primals"]);
  return { value, tangent: pushforward(...tangents) };
}

/**
 * The type of the Jacobian of a function from X to Y: a tree like Y, in which each tensor y is replaced by a tree like
 * X. In place of each tensor x, this tree has the block ∂y/∂x of shape `[...y.shape, ...x.shape]`.
 */
export type Blocks<Y, X> = Y extends TensorLike
  ? X extends TensorLike
    ? Tensor
    : { [K in keyof X]: Blocks<Y, X[K]> }
  : { [K in keyof Y]: Blocks<Y[K], X> };

/** The type of the argument that `argnums` selects, or a tuple of the types of several arguments. */
type Selected<A extends readonly unknown[], N> = N extends number
  ? A[N]
  : { -readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never };

/**
 * Returns a function that takes the arguments of `f` and returns the Jacobian ∂f/∂x, of shape `[...out, ...in]`.
 * `argnums` selects the argument x. For trees, and for several arguments, the Jacobian is a tree of blocks. The
 * pullbacks of all elements of the value run together, as in `vmap`, or in chunks that fit in 64 MB. With `hasAux` the
 * function returns `{ jacobian, aux }`. It throws an OutOfRangeError if a block does not fit in memory.
 */
export function jacobian<A extends readonly unknown[], Y, X, const N extends number | readonly number[] = 0>(
  f: WithAux<A, Y, X> & TreesOnly<Cotangent<SelectedArguments<A, N>>> & TreesOnly<Y>,
  options: GradOptions<N, true> & { readonly hasAux: true },
): (...args: A) => { jacobian: Blocks<Y, Selected<A, NoInfer<N>>>; aux: X };
export function jacobian<A extends readonly unknown[], Y, const N extends number | readonly number[] = 0>(
  f: ((...args: A) => Y) & TreesOnly<Cotangent<SelectedArguments<A, N>>> & TreesOnly<Y>,
  options?: GradOptions<N, false>,
): (...args: A) => Blocks<Y, Selected<A, NoInfer<N>>>;
export function jacobian(f: (...args: unknown[]) => unknown, options?: GradOptions): (...args: unknown[]) => unknown {
  mustBeFunction("jacobian", f);
  const settings = withDefaults("jacobian", options, gradDefaults);
  return (...args) => {
    const { blocks, aux } = jacobianAt("jacobian", f, args, settings);
    return settings.hasAux ? { jacobian: blocks, aux } : blocks;
  };
}

/**
 * Returns a function that takes the arguments of `f` and returns the Hessian ∂²f/∂x², of shape `[...in, ...in]`. The
 * value of `f` must be a scalar. `argnums` selects the argument x. For trees, and for several arguments, the Hessian is
 * a tree of blocks. The function computes the Jacobian of the gradient. With `hasAux` the function returns `{ hessian,
 * aux }`.
 */
export function hessian<A extends readonly unknown[], X, const N extends number | readonly number[] = 0>(
  f: WithAux<A, Tensor, X> & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options: GradOptions<N, true> & { readonly hasAux: true },
): (...args: A) => { hessian: Blocks<Selected<A, NoInfer<N>>, Selected<A, NoInfer<N>>>; aux: X };
export function hessian<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: ((...args: A) => Tensor) & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options?: GradOptions<N, false>,
): (...args: A) => Blocks<Selected<A, NoInfer<N>>, Selected<A, NoInfer<N>>>;
export function hessian(f: (...args: unknown[]) => unknown, options?: GradOptions): (...args: unknown[]) => unknown {
  mustBeFunction("hessian", f);
  const settings = withDefaults("hessian", options, gradDefaults);
  return (...args) => {
    const { blocks, aux } = jacobianAt(
      "hessian",
      gradientWithAux("hessian", f, settings),
      args,
      { ...settings, hasAux: true },
      f,
    );
    return settings.hasAux ? { hessian: blocks, aux } : blocks;
  };
}

/**
 * Returns a function that takes the arguments of `f` and a vector v, and returns the Hessian-vector product (∂²f/∂x²)
 * v. The Hessian itself is never computed: because it is symmetric, the product is the pullback of the gradient
 * function at v. `argnums` selects the argument x. v has the structure of x; for several arguments, v is a list. With
 * `hasAux` the function returns `{ hvp, aux }`.
 */
export function hvp<A extends readonly unknown[], X, const N extends number | readonly number[] = 0>(
  f: WithAux<A, Tensor, X> & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options: GradOptions<N, true> & { readonly hasAux: true },
): (...args: [...args: A, v: GradOf<A, NoInfer<N>>]) => { hvp: GradOf<A, NoInfer<N>>; aux: X };
export function hvp<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: ((...args: A) => Tensor) & TreesOnly<Cotangent<SelectedArguments<A, N>>>,
  options?: GradOptions<N, false>,
): (...args: [...args: A, v: GradOf<A, NoInfer<N>>]) => GradOf<A, NoInfer<N>>;
export function hvp(f: (...args: unknown[]) => unknown, options?: GradOptions): unknown {
  mustBeFunction("hvp", f);
  const settings = withDefaults("hvp", options, gradDefaults);
  return (...callArgs: unknown[]) => {
    const [args, v] = [callArgs.slice(0, -1), callArgs.at(-1)];
    const indices = argumentIndices("hvp", settings.argnums);
    if (args.length <= Math.max(...indices))
      throw new ArgumentError(`hvp: expected the arguments of f, then v; got ${callArgs.length} in total`);
    const run = runWithTape("hvp", gradientWithAux("hvp", f, settings), args, indices, { names: f });
    const [gradients, aux] = run.value;
    const product = run.pull(seedCotangents("hvp", [gradients, "x"], [asTree(v, gradients), "v"]));
    const result = singleOrList(product, settings.argnums!);
    return settings.hasAux ? { hvp: result, aux } : result;
  };
}

/** Returns a function that returns the gradient of `f` and the auxiliary output (aux) of `f`. */
const gradientWithAux =
  (caller: string, f: (...args: unknown[]) => unknown, settings: GradOptions) =>
  (...args: unknown[]): readonly [gradient: unknown, aux: unknown] => {
    const { grad, aux } = gradient(caller, f, args, settings, f);
    return [grad, aux];
  };

/**
 * Runs `f` once and pulls back the basis cotangents of its value. Each basis cotangent gives one row of the Jacobian.
 */
function jacobianAt(
  caller: string,
  f: (...args: unknown[]) => unknown,
  args: unknown[],
  { argnums = 0, hasAux }: GradOptions,
  names: (...args: never) => unknown = f,
): { blocks: unknown; aux: unknown } {
  const indices = argumentIndices(caller, argnums);
  const { value: returned, inputs, pull } = runWithTape(caller, f, args, indices, { names });
  const [value, aux] = splitAux(caller, returned, hasAux);
  const outputs = leaves(caller, value, "the value of f");
  for (const y of outputs) for (const input of inputs) checkMemory(caller, [...y.shape, ...input.shape], input.dtype);
  const structure = singleOrList(
    indices.map((n) => asTree(args[n])),
    argnums,
  );
  const blocks = outputs.map((y) => {
    if (!isFloat(y.dtype)) throw noDerivative(caller, y);
    const chunks = rowChunks(caller, y, (seed) => leaves(caller, pull(new Map([[y, seed]])), "gradient"));
    const block = (input: Tensor, i: number): Tensor => {
      const shape = [...y.shape, ...input.shape];
      if (chunks.length === 0) return zeros(shape, { dtype: input.dtype });
      const [rows] = chunks as [readonly Tensor[]];
      if (chunks.length === 1 && isSameShape(rows[i]!.shape, shape)) return rows[i]!;
      return part(pack(chunks.map((rows) => rows[i]!)), { shape, offset: 0 });
    };
    return unflatten(structure, inputs.map(block));
  });
  return { blocks: unflatten(value, blocks), aux };
}

/** A Jacobian pulls back several basis cotangents at once. Their pullbacks use at most this many bytes. */
const maxChunkBytes = 2 ** 26;

/**
 * Pulls back all basis cotangents of y in chunks. A chunk has as many basis cotangents as fit in memory. Yields a list
 * of tensors for each chunk, with the rows of the chunk along axis 0.
 */
function rowChunks(caller: string, y: Tensor, pull: (seed: Tensor) => readonly Tensor[]): (readonly Tensor[])[] {
  const together = y.size > 2 ? batchedPullback(caller, y, pull) : undefined;
  if (together === undefined) return Array.from(basis(y), pull);
  const { rows, bytes } = together;
  const size = Math.min(y.size, Math.max(1, Math.floor(maxChunkBytes / bytes)));
  return Array.from({ length: Math.ceil(y.size / size) }, (_, i) => rows(i * size, Math.min(size, y.size - i * size)));
}

/**
 * Runs the pullback once on a cotangent without values, and records the steps of the pullback. Returns `rows`, a
 * function that applies these steps to several basis cotangents, and `bytes`, the memory for one basis cotangent.
 * Returns `undefined` if a VJP rule reads values.
 */
function batchedPullback(caller: string, y: Tensor, pull: (seed: Tensor) => readonly Tensor[]) {
  const seed = new Tensor(y.shape, y.dtype, undefined, "cotangent");
  const program = dryRunUnlessRead(caller, seed, () => pull(seed));
  if (program === undefined) return undefined;
  const { steps } = neededSteps(program.steps, program.value);
  const rows = (start: number, count: number): Tensor[] => {
    const [values, mode] = [new Map([[seed, basisRows(y, start, count)]]), onBatch(count)];
    replay(steps, program.value, values, mode);
    return program.value.map((x) => mode.valueOf(x, values));
  };
  return { rows, bytes: steps.reduce((sum, { output }) => sum + bytesOf(output), bytesOf(seed)) };
}

function dryRunUnlessRead<T>(caller: string, seed: Tensor, body: () => T): ReturnType<typeof dryRun<T>> | undefined {
  try {
    return dryRun(caller, [seed], body);
  } catch (error) {
    if (error instanceof TracedValueError) return undefined;
    throw error;
  }
}

import { ArgumentError, isList, ShapeError, show, TreeError } from "./errors.ts";
import { accumulate, alias } from "./fanout.ts";
import { shapeText } from "./format.ts";
import { lossCure, mustBeFloat, mustBeFunction, noDerivative } from "./mistakes.ts";
import { defineOp, type Op, type Unary } from "./op.ts";
import { complete } from "./options.ts";
import { type Rule, recording, type Step, Tape } from "./tape.ts";
import { describe, fullLike, isAlike, isFloat, kindText, Tensor, type TensorLike, tensor } from "./tensor.ts";
import {
  argumentName,
  asTree,
  type Cotangent,
  type Cotangents,
  leaves,
  leavesAlike,
  type Named,
  type TreeFunction,
  type TreesOnly,
  unflatten,
  walk,
} from "./tree.ts";

/** One step of the sweep: the cotangent of a step's output and what it contributes to each input. */
export interface Pull {
  readonly step: Step;
  readonly cotangent: Tensor;
  /** One entry per input; null where nothing flows back. */
  readonly contributions: readonly (Tensor | null)[];
}

/**
 * Reads a tape backwards. `cotangents` holds those of the outputs; at the end, those of the watched tensors that were
 * reached. Rules are ops, so what happens here is recorded too, by the tapes that are open around it.
 */
export function* sweep(tape: Tape, cotangents: Map<Tensor, Tensor>): Generator<Pull> {
  for (let i = tape.steps.length - 1; i >= 0; i--) {
    const step = tape.steps[i]!;
    const cotangent = cotangents.get(step.output);
    if (cotangent === undefined) continue; // nothing downstream of this step reached an output
    const contributions = pullThrough(step, cotangent, tape);
    for (let k = 0; k < contributions.length; k++)
      if (contributions[k]) addTo(cotangents, step.inputs[k]!, contributions[k]!);
    cotangents.delete(step.output);
    yield { step, cotangent, contributions };
  }
}

/** Using a tensor twice adds its cotangents. */
function addTo(cotangents: Map<Tensor, Tensor>, of: Tensor, contribution: Tensor): void {
  const soFar = cotangents.get(of);
  cotangents.set(of, soFar ? accumulate(soFar, contribution) : contribution);
}

/** Applies the rules of a step for the inputs that the tape tracks. */
function pullThrough(step: Step, g: Tensor, tape: Tape): readonly (Tensor | null)[] {
  const { op, inputs, output } = step;
  output.assertUnchanged();
  for (const input of inputs) input.assertUnchanged();
  const { vjp } = op;
  const all = typeof vjp === "function" ? vjp(g, step, inputs.map(tape.tracks, tape)) : undefined;
  const contributions: (Tensor | null)[] = inputs.map(() => null);
  for (let k = 0; k < inputs.length; k++) {
    if (!tape.tracks(inputs[k]!)) continue;
    const contribution = all ? all[k] : (vjp as readonly (Rule | null)[])[k]?.(g, step);
    if (!contribution) continue;
    if (!isAlike(contribution, inputs[k]!)) throw misshapen(step, k, contribution);
    contributions[k] = contribution;
  }
  return contributions;
}

/** The error for a rule that is wrong. */
const misshapen = ({ op, inputs }: Step, k: number, contribution: Tensor): ShapeError =>
  new ShapeError(
    `${op.name}: the VJP rule of input ${k} must give its cotangent as ${kindText(inputs[k]!)}, got ` +
      `${kindText(contribution)}; does it sum over the axes that were broadcast?`,
    { cause: { contribution, input: inputs[k] } },
  );

/** One run of `f` with a tape on the tensors of some of its arguments. */
interface Run<R> {
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
}

/**
 * Runs `f` with a tape on the tensors of the arguments that `argnums` names. `f` gets them under fresh identities, as an
 * outer tape, or another argument, may hold the same ones.
 */
export function run<A extends readonly unknown[], R>(
  who: string,
  f: (...args: A) => R,
  args: A,
  argnums: readonly number[],
  { captured = [], anyDType = false }: RunOptions = {},
): Run<R> {
  mustBeFunction(who, f);
  const tape = new Tape();
  for (const tensor of captured) tape.watch(tensor);
  const called: unknown[] = [...args];
  const originals: Tensor[] = [];
  const watched = argnums.map((n) => {
    const [tree, name] = [asTree(args[n]), argumentName(f, n)];
    if (n >= args.length)
      throw new ArgumentError(`${who}: ${name} is missing: f was given ${args.length} of its arguments`);
    const fresh: Tensor[] = [];
    walk(who, tree, name, (leaf, path) => {
      if (!anyDType) mustBeFloat(who, leaf, path);
      const input = alias(leaf);
      input.label = leaf.label ?? path;
      tape.watch(input);
      fresh.push(input);
      originals.push(leaf);
    });
    called[n] = unflatten(tree, fresh);
    return { tree, fresh };
  });
  const value = recording(who, tape, () => f(...(called as unknown as A)));
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
 * @throws TreeError, DTypeError, ArgumentError for arguments that are none; ShapeError for a cotangent of another shape.
 */
export function vjp<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...args: A
): { value: R; pullback: (cotangent: R extends Tensor ? TensorLike : R) => Cotangents<A> } {
  const { value, pull } = run<A, R>("vjp", f, args, [...args.keys()]);
  leaves("vjp", value, "the value of f");
  return {
    value,
    pullback: (cotangent) =>
      pull(
        paired("pullback", [value, "the value of f"], [asTree(cotangent, value), "the cotangent"]),
      ) as unknown as Cotangents<A>,
  };
}

/** Pairs the float tensors of `like` with those of `tree`, which must be alike; other dtypes carry no derivative. */
export function paired(who: string, like: Named, tree: Named): Map<Tensor, Tensor> {
  const partners = leavesAlike(who, like, tree);
  const pairs = new Map<Tensor, Tensor>();
  for (const [i, leaf] of leaves(who, ...like).entries()) if (isFloat(leaf.dtype)) addTo(pairs, leaf, partners[i]!);
  return pairs;
}

/** The types of the arguments that argnums chooses. */
type Chosen<A extends readonly unknown[], N> = A[N extends readonly number[]
  ? N[number]
  : N extends number
    ? N
    : never];

/** The type of a gradient: that of the argument, or a tuple of those of several. */
export type GradOf<A extends readonly unknown[], N> = N extends number
  ? Cotangent<A[N]>
  : N extends readonly [infer First extends number, ...infer Rest]
    ? [Cotangent<A[First]>, ...GradsOf<A, Rest>]
    : Cotangent<A[number]>[];
type GradsOf<A extends readonly unknown[], N extends readonly unknown[]> = {
  [K in keyof N]: N[K] extends number ? Cotangent<A[N[K]]> : never;
};

export interface GradOptions<N = number | readonly number[]> {
  /** The argument to differentiate with respect to, or a list of them. Default 0. */
  readonly argnums?: N | undefined;
}

/**
 * The function that takes the arguments of `f` and returns the gradient of its value, a scalar, with respect to those
 * that `argnums` names; others may be anything. The gradient is a tree of the argument's own type.
 */
export function grad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: ((...args: A) => Tensor) & TreesOnly<Cotangent<Chosen<A, N>>>,
  options?: GradOptions<N>,
): (...args: A) => GradOf<A, NoInfer<N>> {
  const { argnums } = complete<GradOptions>("grad", options, { argnums: 0 });
  return (...args) => gradient("grad", f, args, argnums).grad as GradOf<A, N>;
}

/** As `grad`, with the value of `f` beside it. With `hasAux`, `f` returns `[loss, aux]`, and aux may be anything. */
export function valueAndGrad<A extends readonly unknown[], X, const N extends number | readonly number[] = 0>(
  f: ((...args: A) => readonly [Tensor, X]) & TreesOnly<Cotangent<Chosen<A, N>>>,
  options: GradOptions<N> & { readonly hasAux: true },
): (...args: A) => { value: Tensor; grad: GradOf<A, NoInfer<N>>; aux: X };
export function valueAndGrad<A extends readonly unknown[], const N extends number | readonly number[] = 0>(
  f: ((...args: A) => Tensor) & TreesOnly<Cotangent<Chosen<A, N>>>,
  options?: GradOptions<N> & { readonly hasAux?: false },
): (...args: A) => { value: Tensor; grad: GradOf<A, NoInfer<N>> };
export function valueAndGrad(
  f: (...args: unknown[]) => unknown,
  options?: GradOptions & { readonly hasAux?: boolean },
): (...args: unknown[]) => unknown {
  const { argnums, hasAux } = complete("valueAndGrad", options, { argnums: 0, hasAux: false });
  return (...args) => gradient("valueAndGrad", f, args, argnums, hasAux);
}

/** Runs `f`, checks that its loss is one float, and pulls 1 back. */
export function gradient<A extends readonly unknown[]>(
  who: string,
  f: (...args: A) => unknown,
  args: A,
  argnums: number | readonly number[] = 0,
  hasAux = false,
): { value: Tensor; grad: unknown; aux?: unknown } {
  const list: readonly number[] = typeof argnums === "number" ? [argnums] : argnums;
  const isPlace = (n: unknown, i: number): boolean =>
    Number.isInteger(n) && (n as number) >= 0 && list.indexOf(n as number) === i;
  if (!isList(list) || !list.every(isPlace)) {
    const came = isList(argnums) ? shapeText(argnums) : show(argnums);
    throw new ArgumentError(
      `${who}: argnums is the place of an argument, from 0, or a list of different ones; got ${came}`,
    );
  }
  const { value, pull } = run(who, f, args, list);
  if (hasAux && !(isList(value) && value.length === 2)) {
    throw new ArgumentError(`${who}: with hasAux f must return [loss, aux], got ${show(value)}`);
  }
  const [loss, aux] = hasAux ? (value as [unknown, unknown]) : [value];
  if (!(loss instanceof Tensor))
    throw new TreeError(`${who}: f must return a scalar tensor, got ${show(loss)}${lossCure(loss)}`);
  if (loss.shape.length > 0) {
    const cure = "reduce it with sum or mean, or use vjp or jacobian";
    throw new ShapeError(`${who}: f must return a scalar, got ${describe(loss, "shape")}; ${cure}`);
  }
  if (!isFloat(loss.dtype)) throw noDerivative(who, loss);
  const gradients = pull(new Map([[loss, fullLike(loss, 1)]]));
  const result = { value: loss, grad: typeof argnums === "number" ? gradients[0] : gradients };
  return hasAux ? { ...result, aux } : result;
}

const stop: Op<Unary> = /* @__PURE__ */ defineOp({
  name: "stopGradient",
  shape: ([x]) => x.shape,
  dtype: ([x]) => x.dtype,
  view: ([x]) => x,
  vjp: [null],
  samples: () => [[tensor([1, 2])]],
});

/** The same values, through which nothing flows back, whatever derivative encloses this. Takes a tree. */
export function stopGradient<T>(x: T & TreesOnly<T>): T {
  return unflatten<T>(
    x,
    leaves("stopGradient", x, "x").map((leaf) => stop(leaf)),
  );
}

import { ArgumentError, isList, show, TracedValueError } from "./errors.ts";
import { mustBeFunction } from "./mistakes.ts";
import type { Shape } from "./ndarray.ts";
import { type AnyOpSpec, apply } from "./op.ts";
import { recording, type Step } from "./tape.ts";
import { checkKind, type DType, describe, Tensor } from "./tensor.ts";
import {
  argumentName,
  asTree,
  isNode,
  keysOf,
  leaves,
  leavesAlike,
  mapNode,
  type TreeFunction,
  unflatten,
} from "./tree.ts";

/** What a recording and a program have in common: a list of steps, where it begins and where it ends. */
export interface Listing {
  readonly inputs: readonly Tensor[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Tensor[];
}

/** @throws ArgumentError for what is none, so that its readers need not look again. */
export function checkListing(who: string, listing: Listing): void {
  const isTensors = (list: unknown) => isList(list) && list.every((x) => x instanceof Tensor);
  const isStep = (step: Partial<Step>) =>
    isNode(step) && typeof step.op?.name === "string" && isTensors(step.inputs) && step.output instanceof Tensor;
  const { inputs, steps, outputs, constants = [] } = (isNode(listing) ? listing : {}) as Partial<Program>;
  if ([inputs, outputs, constants].every(isTensors) && isList(steps) && steps.every(isStep)) return;
  throw new ArgumentError(`${who}: expected what record or trace returned, got ${show(listing)}`);
}

/** A tensor to come: what `trace` needs to know of an argument. */
export interface Spec {
  readonly shape: Shape;
  /** Default: float64. */
  readonly dtype?: DType | undefined;
  readonly label?: string | undefined;
}

/** A tree with specs, or tensors as examples, where `T` has its tensors. */
export type SpecsOf<T> = T extends Tensor ? Tensor | Spec : { readonly [K in keyof T]: SpecsOf<T[K]> };

/** What a function does, as plain data: a list of steps from inputs and constants to outputs. */
export interface Program<A extends readonly unknown[] = readonly unknown[], R = unknown> {
  /** The arguments, with an input for each tensor: no values. */
  readonly args: A;
  /** The value, with an output for each tensor. */
  readonly value: R;
  readonly inputs: readonly Tensor[];
  /** The tensors with values that the steps use. */
  readonly constants: readonly Tensor[];
  readonly steps: readonly Step<AnyOpSpec>[];
  readonly outputs: readonly Tensor[];
}

/**
 * The steps that `f` takes for arguments of the shapes and dtypes of `specs`. Nothing is computed but what depends on
 * no argument. Derivatives inside `f` are steps like any other.
 * @throws TracedValueError if `f` asks for a value.
 */
export function trace<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...specs: { readonly [K in keyof A]: SpecsOf<A[K]> }
): Program<A, R> {
  mustBeFunction("trace", f);
  const args = specs.map((spec, i) => toInputs(spec, argumentName(f, i))) as unknown as A;
  const steps: Step<AnyOpSpec>[] = [];
  const record = (step: Step) => {
    if (step.output.array === undefined) steps.push(step as Step<AnyOpSpec>);
  };
  const value = recording("trace", { record }, () => f(...args));
  const [inputs, outputs] = [leaves("trace", args, "args"), leaves("trace", value, "the value of f")];
  const needed = new Set(outputs);
  const kept: Step<AnyOpSpec>[] = [];
  for (const step of steps.toReversed()) {
    if (!needed.has(step.output)) continue;
    kept.push(step);
    for (const input of step.inputs) needed.add(input);
  }
  kept.reverse();
  const known = new Set([...inputs, ...kept.map(({ output }) => output)]);
  const constants = [...needed].filter((tensor) => !known.has(tensor));
  const foreign = constants.find(({ array }) => array === undefined);
  if (foreign)
    throw new TracedValueError(
      `trace: f uses ${describe(foreign)}, which another trace is tracing; pass it as an argument`,
    );
  return { args, value, inputs, constants, steps: kept, outputs };
}

function toInputs(spec: unknown, path: string, depth = 0): unknown {
  if (spec instanceof Tensor || isSpec(spec)) {
    const { shape, dtype = "float64", label = path } = spec;
    checkKind("trace", shape, dtype);
    return new Tensor([...shape], dtype, undefined, label);
  }
  if (isNode(spec) && keysOf("trace", spec, path, depth))
    return mapNode(spec, path, (entry, of) => toInputs(entry, of, depth + 1));
  const cure = typeof spec === "number" ? "; write { shape: [...] }" : "";
  throw new ArgumentError(
    `trace: ${path} must be a tensor or { shape, dtype } (or arrays and objects of them), got ${show(spec)}${cure}`,
  );
}

const isSpec = (x: unknown): x is Spec => isNode(x) && "shape" in x && isList(x.shape) && !x.shape.some(isNode);

/** The value of a program for `args`, which have the shapes and dtypes it was traced with. Its steps are ops like any other. */
export function evaluate<A extends readonly unknown[], R>(program: Program<A, R>, ...args: A): R {
  checkListing("evaluate", program);
  if (!isList(program.args) || program.steps.some(({ op }) => typeof op.shape !== "function"))
    throw new ArgumentError("evaluate: expected a program, which trace returns");
  const given = leavesAlike(
    "evaluate",
    [program.args, "what was traced"],
    [args.map((arg, i) => asTree(arg, program.args[i])), "args"],
  );
  const values = new Map(program.inputs.map((input, i) => [input, given[i]!]));
  const resolve = (tensor: Tensor): Tensor => values.get(tensor) ?? tensor;
  for (const { op, inputs, params, output } of program.steps) {
    values.set(output, apply(op, inputs.map(resolve), params));
  }
  leaves("evaluate", program.value, "the value of the program");
  return unflatten(program.value, program.outputs.map(resolve));
}

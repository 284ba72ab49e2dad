import type { AnyOpSpec } from "../autodiff/op.ts";
import { type Step, withRecorder } from "../autodiff/tape.ts";
import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError, isList, show, TracedValueError } from "../checks/errors.ts";
import { withDefaults } from "../checks/options.ts";
import { inlineCalls } from "../transforms/body.ts";
import { neededSteps, replay } from "../transforms/replay.ts";
import { checkShapeAndDType } from "../values/create.ts";
import type { DType } from "../values/dtype.ts";
import type { Shape } from "../values/ndarray.ts";
import { describe, Tensor } from "../values/tensor.ts";
import {
  argumentName,
  asTree,
  isNode,
  leaves,
  leavesAlike,
  type TreeFunction,
  traverse,
  unflatten,
} from "../values/tree.ts";

/** A list of steps, its inputs and its outputs: the common type of recordings and programs. */
export interface Listing {
  readonly inputs: readonly Tensor[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Tensor[];
}

/** @throws ArgumentError unless given a recording or a program */
export function checkListing(caller: string, listing: Listing): void {
  const isTensors = (list: unknown) => isList(list) && list.every((x) => x instanceof Tensor);
  const isStep = (step: Partial<Step>) =>
    isNode(step) && typeof step.op?.name === "string" && isTensors(step.inputs) && step.output instanceof Tensor;
  const { inputs, steps, outputs, constants = [] } = (isNode(listing) ? listing : {}) as Partial<Program>;
  if ([inputs, outputs, constants].every(isTensors) && isList(steps) && steps.every(isStep)) return;
  throw new ArgumentError(`${caller}: expected a recording or a program, from record or trace, got ${show(listing)}`);
}

/** The shape and dtype of an argument, for `trace`. */
export interface Spec {
  readonly shape: Shape;
  /** Default: float64. */
  readonly dtype?: DType | undefined;
  readonly label?: string | undefined;
}

/**
 * The type that describes an argument to `trace`: a tree like `T`, with a spec (shape and dtype) or an example tensor
 * in place of each tensor.
 */
export type SpecsOf<T> = T extends Tensor ? Tensor | Spec : { readonly [K in keyof T]: SpecsOf<T[K]> };

/** A traced function as plain data: a list of steps from inputs and constants to outputs. */
export interface Program<A extends readonly unknown[] = readonly unknown[], R = unknown> {
  /** The arguments of the program as trees of input tensors, which have no values. */
  readonly args: A;
  /** The return value of the program as a tree of output tensors. */
  readonly value: R;
  readonly inputs: readonly Tensor[];
  /** The constants: tensors with fixed values that steps or outputs use. */
  readonly constants: readonly Tensor[];
  readonly steps: readonly Step<AnyOpSpec>[];
  readonly outputs: readonly Tensor[];
}

/**
 * Runs `f` on tensors without values and returns the steps as a program. `specs` are the shapes and dtypes of the
 * arguments, as trees. Ops that depend on no argument run during the trace, and their outputs become constants.
 * Derivatives inside `f` become steps. Steps that no output needs are dropped.
 * @throws TracedValueError if `f` reads a value; ArgumentError, ShapeError or DTypeError for an invalid spec
 */
export function trace<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...specs: { readonly [K in keyof A]: SpecsOf<A[K]> }
): Program<A, R> {
  mustBeFunction("trace", f);
  const args = specs.map((spec, i) => inputsFor(spec, argumentName(f, i))) as unknown as A;
  const steps: Step<AnyOpSpec>[] = [];
  const record = (step: Step) => {
    if (step.output.array === undefined) steps.push(step as Step<AnyOpSpec>);
  };
  const value = withRecorder("trace", { record }, () => f(...args));
  const [inputs, outputs] = [leaves("trace", args, "args"), leaves("trace", value, "the value of f")];
  const { steps: keptSteps, tensors } = neededSteps(steps.map(inlineCalls), outputs);
  const known = new Set([...inputs, ...keptSteps.map(({ output }) => output)]);
  const constants = [...tensors].filter((tensor) => !known.has(tensor));
  const traced = constants.find(({ array }) => array === undefined);
  if (traced)
    throw new TracedValueError(
      `trace: f uses ${describe(traced)}, which has no value in another trace; pass it as an argument`,
    );
  return { args, value, inputs, constants, steps: keptSteps, outputs };
}

/** Returns the arguments of a program as trees, in which each spec is replaced by a tensor without values. */
function inputsFor(specs: unknown, path: string): unknown {
  const inputs: Tensor[] = [];
  const kind = { is: (x: unknown): x is Tensor | Spec => x instanceof Tensor || isSpec(x), error: notASpec };
  traverse(
    "trace",
    [[specs, path]],
    ([spec], pathOf) => {
      const {
        shape,
        dtype = "float64",
        label = pathOf(0),
      } = spec instanceof Tensor ? spec : (withDefaults<Spec>("trace", spec, specDefaults) as Spec);
      checkShapeAndDType("trace", shape, dtype);
      inputs.push(new Tensor([...shape], dtype, undefined, label));
    },
    kind,
  );
  return unflatten(specs, inputs, kind.is);
}

function notASpec(caller: string, path: string, spec: unknown): ArgumentError {
  const hint = typeof spec === "number" ? "; write { shape: [...] }" : "";
  return new ArgumentError(
    `${caller}: ${path} must be a tensor or { shape, dtype } (or arrays and objects of them), got ${show(spec)}${hint}`,
  );
}

const specDefaults = { shape: undefined, dtype: undefined, label: undefined };
/**
 * Returns whether `x` is a spec (shape and dtype), and not a tree that happens to have a list of trees under the key
 * `shape`.
 */
const isSpec = (x: unknown): x is Spec =>
  isNode(x) &&
  "shape" in x &&
  isList(x.shape) &&
  !x.shape.some((size) => size instanceof Tensor || isNode(size)) &&
  (x.shape.length > 0 || Object.keys(x).every((key) => Object.hasOwn(specDefaults, key)));

/**
 * Runs a program on `args`, which must have the shapes and dtypes of the traced arguments, and returns the value of the
 * program. Applies the ops one by one, so the run can be differentiated, recorded and traced.
 * @throws ArgumentError unless given a program; TreeError or ShapeError for other arguments
 */
export function evaluate<A extends readonly unknown[], R>(program: Program<A, R>, ...args: A): R {
  checkListing("evaluate", program);
  if (!isList(program.args) || program.steps.some(({ op }) => typeof op.shape !== "function"))
    throw new ArgumentError("evaluate: expected a program, got a recording; pass what trace returns");
  const inputValues = leavesAlike(
    "evaluate",
    [program.args, "the traced arguments"],
    [args.map((arg, i) => asTree(arg, program.args[i])), "args"],
  );
  const values = new Map(program.inputs.map((input, i) => [input, inputValues[i]!]));
  replay(program.steps, program.outputs, values);
  leaves("evaluate", program.value, "the value of the program");
  return unflatten(
    program.value,
    program.outputs.map((output) => values.get(output) ?? output),
  );
}

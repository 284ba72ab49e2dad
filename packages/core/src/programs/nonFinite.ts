import type { AnyOpSpec, Fault, Inputs } from "../autodiff/op.ts";
import { type Step, withRecorder } from "../autodiff/tape.ts";
import { mustBeFunction } from "../checks/arguments.ts";
import { userFrames } from "../checks/errors.ts";
import { shapeText, unravelIndex } from "../values/format.ts";
import { ravel } from "../values/ndarray.ts";
import { describe, type Tensor } from "../values/tensor.ts";
import { argumentName, asTree, type TreeFunction, walk } from "../values/tree.ts";
import { type Recording, recordAs } from "./record.ts";

/** Describes where a NaN or an infinity in a result arose. */
export interface NonFiniteReport {
  /**
   * The kind of tensor that is not finite: "argument" for an argument of `f`, "constant" for a constant that `f` uses,
   * "value" for the output of `step`, and "cotangent" for a result of the VJP of `step`.
   */
  readonly where: "argument" | "constant" | "value" | "cotangent";
  readonly step: Step | undefined;
  /** `file:line:column` of the user's call, if the engine provides it. */
  readonly site: string | undefined;
  /** At most ten non-finite elements and their indices: only NaNs if the tensor has a NaN, else infinities. */
  readonly values: readonly { readonly index: readonly number[]; readonly value: number }[];
  /** A sentence that says where the NaN or infinity arose, names the first non-finite element, and suggests a fix. */
  readonly message: string;
}

/**
 * Runs `f` and its pullback, and returns the origin of a NaN or infinity in the value or a gradient. The origin is the
 * first step with finite inputs and a non-finite output, or with a finite cotangent and a non-finite VJP. Returns
 * `undefined` if the value and all gradients are finite. Ignores intermediate infinities that do not reach a result,
 * such as a mask of −Infinity in a softmax.
 * @throws ArgumentError or TreeError for invalid arguments
 */
export function nonFinite<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...args: A
): NonFiniteReport | undefined {
  mustBeFunction("nonFinite", f);
  const trees = args.map((arg) => asTree(arg)) as unknown as A;
  const paths = new Map<Tensor, string>();
  for (const [i, arg] of trees.entries())
    walk("nonFinite", arg, argumentName(f, i), (leaf, path) => paths.set(leaf, path));
  const recorded = new Map<Tensor, { readonly step: Step; readonly site: string | undefined }>(); // keyed by the output of the step
  const producerOf = (x: Tensor): Step | undefined => recorded.get(x)?.step;
  const values: Origins = new Map();
  const record = (step: Step): void => {
    recorded.set(step.output, { step, site: callSite() });
    if (!allFinite(step.output)) values.set(step.output, originOfValue(step, values, producerOf));
  };
  const listing = withRecorder("nonFinite", { record }, () => recordAs("nonFinite", f, trees));
  const bad = listing.outputs.find((y) => !allFinite(y));
  const origin = bad ? (values.get(bad) ?? { bad }) : originOfGradient(listing, values);
  return origin && report(origin, paths, [...recorded.values()], producerOf);
}

/**
 * The first tensor that is not finite, and the step that computed this tensor. `step` is undefined for arguments and
 * constants.
 */
interface Origin {
  readonly bad: Tensor;
  readonly step?: Step;
  /**
   * Present only if a VJP computed the NaN or infinity. `cotangent` is the cotangent of the step's output, and `input`
   * is the index of the input whose cotangent is not finite.
   */
  readonly pulled?: { readonly cotangent: Tensor; readonly input: number };
}
type Origins = Map<Tensor, Origin>;

/**
 * Returns the origin of a NaN or infinity in the output of `step`. If an input is not finite, this is the origin of the
 * input, else `step` itself. Infinite arguments and constants may be intended: they count as the origin only if the
 * output has no NaN and the op does not explain the infinity.
 */
function originOfValue(step: Step, values: Origins, producerOf: Fault<Inputs, unknown>["producerOf"]): Origin {
  const origin = { bad: step.output, step };
  const [nanInputs, nonFiniteInputs] = [step.inputs.filter(hasNaN), step.inputs.filter((x) => !allFinite(x))];
  const originOf = (x: Tensor): Origin => values.get(x) ?? { bad: x };
  if (hasNaN(step.output) && nanInputs.length > 0) return originOf(nanInputs[0]!);
  const computed = nonFiniteInputs.map(originOf).find((origin) => origin.step);
  if (computed) return computed;
  return nonFiniteInputs.length === 0 || hasNaN(step.output) || explanationOf(origin, producerOf)
    ? origin
    : originOf(nonFiniteInputs[0]!);
}

/** Returns the origin of a non-finite gradient, for a function whose value is finite. */
function originOfGradient(listing: Recording<unknown>, values: Origins): Origin | undefined {
  const cotangents: Origins = new Map();
  for (const { step, cotangent, contributions } of listing.pulls()) {
    for (const [input, bad] of contributions.entries()) {
      const x = step.inputs[input]!;
      if (!bad || allFinite(bad) || cotangents.has(x)) continue;
      const computed = step.inputs.map((y) => values.get(y)).find((origin) => origin?.step);
      cotangents.set(x, cotangents.get(step.output) ?? computed ?? { bad, step, pulled: { cotangent, input } });
    }
  }
  return listing.inputs.map((x) => cotangents.get(x)).find((origin) => origin);
}

/** Returns the explanation that the op of a step gives for a NaN or an infinity, or undefined if the op gives none. */
function explanationOf(
  { bad, step, pulled }: Origin,
  producerOf: Fault<Inputs, unknown>["producerOf"],
): string | undefined {
  const { nonFinite } = (step?.op ?? {}) as Partial<AnyOpSpec>;
  if (typeof nonFinite !== "function") return nonFinite;
  return nonFinite({ ...step, bad, index: nonFiniteValues(bad)[0]!.index, cotangent: pulled?.cotangent, producerOf });
}

function report(
  origin: Origin,
  paths: ReadonlyMap<Tensor, string>,
  recorded: readonly { readonly step: Step; readonly site: string | undefined }[],
  producerOf: Fault<Inputs, unknown>["producerOf"],
): NonFiniteReport {
  const { bad, step, pulled } = origin;
  const path = paths.get(bad);
  const where = step ? (pulled ? "cotangent" : "value") : path ? "argument" : "constant";
  const subject = {
    argument: path,
    constant: describe(bad, "a constant"),
    value: `the value of ${step?.op.name}`,
    cotangent: `the cotangent of input ${pulled?.input} of ${step?.op.name}`,
  }[where];
  const isHere = ({ output, inputs }: Step) => (step ? output === step.output : inputs.includes(bad));
  const site = path ? undefined : recorded.find((each) => isHere(each.step))?.site;
  const [values, hint] = [nonFiniteValues(bad), explanationOf(origin, producerOf)];
  const at = bad.shape.length > 0 ? ` at ${shapeText(values[0]!.index)}` : "";
  const message = `${subject} is ${values[0]!.value}${at}${site ? `,${where === "constant" ? " used" : ""} at ${site}` : ""}${hint ? `; ${hint}` : ""}`;
  return { where, step, site, values, message };
}

const allFinite = ({ array }: Tensor): boolean => array === undefined || ravel(array).every(Number.isFinite);
const hasNaN = ({ array }: Tensor): boolean => array !== undefined && ravel(array).some(Number.isNaN);

function nonFiniteValues({ array, shape }: Tensor): { index: number[]; value: number }[] {
  const all = Array.from(ravel(array!), (value, at) => ({ index: unravelIndex(at, shape), value }));
  const nanInputs = all.filter(({ value }) => Number.isNaN(value));
  return (nanInputs.length > 0 ? nanInputs : all.filter(({ value }) => !Number.isFinite(value))).slice(0, 10);
}

/** Returns the location of the user's innermost call as `file:line:column`. */
const callSite = (): string | undefined => userFrames()[0]?.match(/[^\s(@]+:\d+:\d+/)?.[0];

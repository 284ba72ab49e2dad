import type { AnyOpSpec, Fault, Inputs } from "../autodiff/op.ts";
import { type Step, withRecorder } from "../autodiff/tape.ts";
import { mustBeFunction } from "../checks/arguments.ts";
import { userFrames } from "../checks/errors.ts";
import { shapeText, unravelIndex } from "../values/format.ts";
import { ravel } from "../values/ndarray.ts";
import { describe, type Tensor } from "../values/tensor.ts";
import { argumentName, asTree, type TreeFunction, walk } from "../values/tree.ts";
import { type Recording, recordAs } from "./record.ts";

/** Where the numbers that a result depends on first stop being finite. */
export interface NonFiniteReport {
  /** "argument", "constant": it was given; "value": `step` computed it; "cotangent": the VJP of `step` did. */
  readonly where: "argument" | "constant" | "value" | "cotangent";
  readonly step: Step | undefined;
  /** `file:line:column` of the call outside this library, where the engine tells. */
  readonly site: string | undefined;
  /** The offending values, NaN before infinities, ten at most, with their places. */
  readonly values: readonly { readonly index: readonly number[]; readonly value: number }[];
  /** All of this, and the likely cure, in words. */
  readonly message: string;
}

/**
 * Runs `f` and its pullback, and if a value or a gradient is not finite, reports where that comes from: the first step
 * whose output is not finite although its inputs are, or whose VJP is not although its cotangent is. What is infinite on
 * the way and comes to nothing, as a mask of −Infinity does in a softmax, is no fault. `undefined` if there is none.
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
  const recorded = new Map<Tensor, { readonly step: Step; readonly site: string | undefined }>(); // by their outputs
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

/** What was not finite to begin with, and the step at fault unless it was given. */
interface Origin {
  readonly bad: Tensor;
  readonly step?: Step;
  /** The cotangent of the step's output, and the input whose cotangent `bad` is. */
  readonly pulled?: { readonly cotangent: Tensor; readonly input: number };
}
type Origins = Map<Tensor, Origin>;

/**
 * NaN comes of NaN; else of an infinity that was computed. One that was given may be meant: then the step that makes NaN
 * of it is at fault, or one that knows why what it makes is infinite.
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

/** The same for the gradients of the inputs of a run whose value is finite. */
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

/** What the op of the step at fault says of it. */
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

/** `file:line:column` of the innermost call that is not in Wengert's own files. */
const callSite = (): string | undefined => userFrames()[0]?.match(/[^\s(@]+:\d+:\d+/)?.[0];

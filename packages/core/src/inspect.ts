import { type Pull, paired, run, sweep } from "./backward.ts";
import { usersCalls } from "./errors.ts";
import { indexOf, numberText, shapeText } from "./format.ts";
import { mustBeFunction } from "./mistakes.ts";
import { rows } from "./ndarray.ts";
import type { AnyOpSpec, Fault, Inputs } from "./op.ts";
import { recording, type Step } from "./tape.ts";
import { bytesOf, describe, fullLike, kindText, type Tensor } from "./tensor.ts";
import { checkListing, type Listing, type Program } from "./trace.ts";
import { argumentName, asTree, leaves, type TreeFunction, unflatten, walk } from "./tree.ts";

/** One run of a function, and its tape. */
export interface Recording<R> extends Listing {
  readonly value: R;
  /** The sweep, one pull at a time, from a cotangent of the value. Default: ones. */
  pulls(cotangent?: R): Iterable<Pull>;
}

/** Runs `f` and keeps its tape. Arguments are trees of tensors of any dtype. */
export function record<A extends readonly unknown[], R>(f: TreeFunction<A, R>, ...args: A): Recording<R> {
  return recordingOf<A, R>("record", f, args);
}

function recordingOf<A extends readonly unknown[], R>(who: string, f: (...args: A) => R, args: A): Recording<R> {
  const { value, tape, inputs } = run<A, R>(who, f, args, [...args.keys()], { anyDType: true });
  const outputs = leaves(who, value, "the value of f");
  const ones = () => unflatten(value, outputs.map((y) => fullLike(y, 1))); // biome-ignore format: one thought
  const pulls = (g: R = ones()) => sweep(tape, paired("pulls", [value, "the value of f"], [g, "the cotangent"]));
  return { value, inputs, steps: tape.steps, outputs, pulls };
}

/** The list as a table: number, op and params, inputs by label or number, shape, dtype, and the value or its range. */
export function explain(listing: Listing): string {
  checkListing("explain", listing);
  const { inputs, steps, outputs } = listing;
  const nameOf = namesOf(listing);
  const line = (number: string, op: string, from: string, y: Tensor): string[] => {
    return [number, op, from, shapeText(y.shape), y.dtype, valueText(y)];
  };
  const table = [
    ["", "op", "inputs", "shape", "dtype", "value"],
    ...[...inputs, ...constantsOf(listing).filter((c) => !isNumber(c))].map((x) => line("", nameOf(x), "", x)),
    ...steps.map((step, i) => line(`#${i + 1}`, titleOf(step), step.inputs.map(nameOf).join(", "), step.output)),
  ];
  const widths = table[0]!.map((_, column) => table.reduce((width, row) => Math.max(width, row[column]!.length), 0));
  const pad = (cell: string, i: number) => (i === 0 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!));
  return [...table.map((row) => row.map(pad).join("  ").trimEnd()), `returns ${outputs.map(nameOf).join(", ")}`].join(
    "\n",
  );
}

/** The list as a graph in the DOT language, for graphviz: `dot -Tsvg`. */
export function toDot(listing: Listing): string {
  checkListing("toDot", listing);
  const { inputs, steps, outputs } = listing;
  const nameOf = namesOf(listing);
  const ids = new Map(
    [...inputs, ...constantsOf(listing), ...steps.map(({ output }) => output)].map((x, i) => [x, `"t${i}"`]),
  );
  const id = (tensor: Tensor) => ids.get(tensor)!;
  const node = (tensor: Tensor, title: string, shape: string) => {
    const frame = outputs.includes(tensor) ? ", peripheries=2" : "";
    return `  ${id(tensor)} [label=${JSON.stringify(`${title}\n${kindText(tensor)}`)}, shape=${shape}${frame}];`;
  };
  return [
    "digraph {",
    "  node [fontname=monospace];",
    ...inputs.map((x) => node(x, nameOf(x), "ellipse")),
    ...constantsOf(listing).map((c) => node(c, nameOf(c), "plaintext")),
    ...steps.map((step) => node(step.output, `${nameOf(step.output)}: ${titleOf(step)}`, "box")),
    ...steps.flatMap((step) => step.inputs.map((x) => `  ${id(x)} -> ${id(step.output)};`)),
    "}",
  ].join("\n");
}

/** The tensors that steps use and neither inputs nor steps give. */
function constantsOf({ inputs, steps }: Listing): Tensor[] {
  const known = new Set([...inputs, ...steps.map(({ output }) => output)]);
  return [...new Set(steps.flatMap((step) => step.inputs))].filter((x) => !known.has(x));
}

const isNumber = (x: Tensor): boolean => x.array !== undefined && x.shape.length === 0 && x.label === undefined;

/** Inputs and constants by label, or by value where they are mere numbers; steps by number and label. */
function namesOf(listing: Listing): (tensor: Tensor) => string {
  const names = new Map(listing.inputs.map((x, i) => [x, x.label ?? `x${i + 1}`]));
  for (const [i, { output }] of listing.steps.entries()) names.set(output, `#${i + 1} ${output.label ?? ""}`.trimEnd());
  let unnamed = 0;
  for (const c of constantsOf(listing)) names.set(c, isNumber(c) ? numberText(c.item()) : (c.label ?? `c${++unnamed}`));
  return (tensor) => names.get(tensor) ?? tensor.label ?? "constant";
}

function titleOf({ op, params }: Step): string {
  const shown = Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== false);
  return [op.name, ...shown.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(" ");
}

function valueText({ array, size }: Tensor): string {
  if (array === undefined || size === 0) return "";
  const values = rows(array);
  if (size <= 4) return Array.from(values, numberText).join(" ");
  let [least, most, nans] = [Infinity, -Infinity, 0];
  for (const x of values) {
    if (x < least) least = x;
    if (x > most) most = x;
    if (Number.isNaN(x)) nans++;
  }
  return `${nans < size ? `${numberText(least)} … ${numberText(most)}` : ""}${nans ? ` ${nans} NaN` : ""}`.trim();
}

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
  const given = args.map((arg) => asTree(arg)) as unknown as A;
  const paths = new Map<Tensor, string>();
  for (const [i, arg] of given.entries())
    walk("nonFinite", arg, argumentName(f, i), (leaf, path) => paths.set(leaf, path));
  const heard = new Map<Tensor, { readonly step: Step; readonly site: string | undefined }>(); // by their outputs
  const madeBy = (x: Tensor): Step | undefined => heard.get(x)?.step;
  const values: Origins = new Map();
  const record = (step: Step): void => {
    heard.set(step.output, { step, site: callSite() });
    if (!allFinite(step.output)) values.set(step.output, originOfValue(step, values, madeBy));
  };
  const listing = recording("nonFinite", { record }, () => recordingOf("nonFinite", f, given));
  const bad = listing.outputs.find((y) => !allFinite(y));
  const origin = bad ? (values.get(bad) ?? { bad }) : originOfGradient(listing, values);
  return origin && report(origin, paths, [...heard.values()], madeBy);
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
function originOfValue(step: Step, values: Origins, madeBy: Fault<Inputs, unknown>["madeBy"]): Origin {
  const own = { bad: step.output, step };
  const [nan, others] = [step.inputs.filter(hasNaN), step.inputs.filter((x) => !allFinite(x))];
  const originOf = (x: Tensor): Origin => values.get(x) ?? { bad: x };
  if (hasNaN(step.output) && nan.length > 0) return originOf(nan[0]!);
  const computed = others.map(originOf).find((origin) => origin.step);
  if (computed) return computed;
  return others.length === 0 || hasNaN(step.output) || explained(own, madeBy) ? own : originOf(others[0]!);
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
function explained({ bad, step, pulled }: Origin, madeBy: Fault<Inputs, unknown>["madeBy"]): string | undefined {
  const { nonFinite } = (step?.op ?? {}) as Partial<AnyOpSpec>;
  if (typeof nonFinite !== "function") return nonFinite;
  return nonFinite({ ...step, bad, index: offenders(bad)[0]!.index, cotangent: pulled?.cotangent, madeBy });
}

function report(
  origin: Origin,
  paths: ReadonlyMap<Tensor, string>,
  heard: readonly { readonly step: Step; readonly site: string | undefined }[],
  madeBy: Fault<Inputs, unknown>["madeBy"],
): NonFiniteReport {
  const { bad, step, pulled } = origin;
  const path = paths.get(bad);
  const where = step ? (pulled ? "cotangent" : "value") : path ? "argument" : "constant";
  const what = {
    argument: path,
    constant: describe(bad, "a constant"),
    value: `the value of ${step?.op.name}`,
    cotangent: `the cotangent of input ${pulled?.input} of ${step?.op.name}`,
  }[where];
  const isHere = ({ output, inputs }: Step) => (step ? output === step.output : inputs.includes(bad));
  const site = path ? undefined : heard.find((each) => isHere(each.step))?.site;
  const [values, cure] = [offenders(bad), explained(origin, madeBy)];
  const at = bad.shape.length > 0 ? ` at ${shapeText(values[0]!.index)}` : "";
  const message = `${what} is ${values[0]!.value}${at}${site ? `,${where === "constant" ? " used" : ""} at ${site}` : ""}${cure ? `; ${cure}` : ""}`;
  return { where, step, site, values, message };
}

const allFinite = ({ array }: Tensor): boolean => array === undefined || rows(array).every(Number.isFinite);
const hasNaN = ({ array }: Tensor): boolean => array !== undefined && rows(array).some(Number.isNaN);

function offenders({ array, shape }: Tensor): { index: number[]; value: number }[] {
  const all = Array.from(rows(array!), (value, at) => ({ index: indexOf(at, shape), value }));
  const nan = all.filter(({ value }) => Number.isNaN(value));
  return (nan.length > 0 ? nan : all.filter(({ value }) => !Number.isFinite(value))).slice(0, 10);
}

/** `file:line:column` of the innermost call that is not in Wengert's own files. */
const callSite = (): string | undefined => usersCalls()[0]?.match(/[^\s(@]+:\d+:\d+/)?.[0];

export interface Cost {
  /** Floating-point operations. */
  readonly flops: number;
  /** Bytes read and written by kernels. */
  readonly bytes: number;
  /** Bytes held at the worst moment if each value is dropped after its last use; inputs and constants are held. */
  readonly peakBytes: number;
}

/** What running a program takes, by its shapes alone. */
export function cost(program: Program): Cost {
  checkListing("cost", program);
  const { inputs, constants = [], steps, outputs } = program;
  const owner = new Map<Tensor, Tensor>(); // whose memory a view lies in
  const ownerOf = (tensor: Tensor) => owner.get(tensor) ?? tensor;
  const lastUse = new Map<Tensor, number>();
  steps.forEach(({ op, inputs, output }, i) => {
    if (op.view) owner.set(output, ownerOf(inputs[0]!));
    for (const tensor of [...inputs, output]) lastUse.set(ownerOf(tensor), i);
  });
  for (const tensor of [...inputs, ...constants, ...outputs]) lastUse.set(ownerOf(tensor), Infinity);
  const dropped = steps.map((): Tensor[] => []);
  for (const [tensor, i] of lastUse) dropped[i]?.push(tensor);
  const total = (tensors: Iterable<Tensor>) => [...tensors].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  let [flops, bytes, held] = [0, 0, total(new Set([...inputs, ...constants]))];
  let peakBytes = held;
  steps.forEach(({ op, inputs, params, output }, i) => {
    flops += op.flops ? op.flops(inputs, output, params) : op.view ? 0 : output.size;
    if (!op.view) {
      bytes += total([...inputs, output]);
      held += bytesOf(output);
    }
    peakBytes = Math.max(peakBytes, held);
    held -= total(dropped[i]!);
  });
  return { flops, bytes, peakBytes };
}

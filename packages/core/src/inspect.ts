import { type Pull, paired, run, sweep } from "./backward.ts";
import { usersCalls } from "./errors.ts";
import { indexOf, numberText, shapeText } from "./format.ts";
import { rows } from "./ndarray.ts";
import type { AnyOpSpec } from "./op.ts";
import { recording, type Step } from "./tape.ts";
import { bytesOf, fullLike, kindText, type Tensor } from "./tensor.ts";
import type { Program } from "./trace.ts";
import { argumentName, leaves, type TreeFunction, unflatten, walk } from "./tree.ts";

/** What a recording and a program have in common: a list of steps, where it begins and where it ends. */
export interface Listing {
  readonly inputs: readonly Tensor[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Tensor[];
}

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

/** Where a number first stops being finite. */
export interface NonFiniteReport {
  /** "argument": it was given; "value": `step` computed it; "cotangent": the VJP of `step` did. */
  readonly where: "argument" | "value" | "cotangent";
  readonly step: Step | undefined;
  /** `file:line:column` of the call outside this library, where the engine tells. */
  readonly site: string | undefined;
  /** The offending values, ten at most, with their places. */
  readonly values: readonly { readonly index: readonly number[]; readonly value: number }[];
  /** All of this, and the likely cure, in words. */
  readonly message: string;
}

/**
 * Runs `f` and its pullback, and reports the first step whose output is not finite although its inputs are, or whose
 * VJP is not although its cotangent is; `undefined` if there is none.
 */
export function nonFinite<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  ...args: A
): NonFiniteReport | undefined {
  let report: NonFiniteReport | undefined;
  const sites = new Map<Step, string | undefined>();
  const found = (where: NonFiniteReport["where"], what: string, bad: Tensor, step?: Step): void => {
    const [site, values, cure] = [
      step && sites.get(step),
      offenders(bad),
      (step?.op as AnyOpSpec | undefined)?.nonFinite,
    ];
    const at = bad.shape.length > 0 ? ` at ${shapeText(values[0]!.index)}` : "";
    const message = `${what} is ${values[0]!.value}${at}${site ? `, at ${site}` : ""}${cure ? `; ${cure}` : ""}`;
    report ??= { where, step, site, values, message };
  };
  for (const [i, arg] of args.entries()) {
    walk("nonFinite", arg, argumentName(f, i), (leaf, path) => allFinite(leaf) || found("argument", path, leaf));
  }
  const onStep = (step: Step): void => {
    sites.set(step, callSite());
    if (report || allFinite(step.output) || !step.inputs.every(allFinite)) return;
    found("value", `the value of ${step.op.name}`, step.output, step);
  };
  const listing = recording("nonFinite", { record: onStep }, () => recordingOf("nonFinite", f, args));
  if (report) return report;
  for (const { step, cotangent, contributions } of listing.pulls()) {
    const k = contributions.findIndex((contribution) => contribution && !allFinite(contribution));
    if (k < 0 || !allFinite(cotangent)) continue;
    found("cotangent", `the cotangent of input ${k} of ${step.op.name}`, contributions[k]!, step);
    return report;
  }
  return undefined;
}

const allFinite = ({ array }: Tensor): boolean => array === undefined || rows(array).every(Number.isFinite);

function offenders({ array, shape }: Tensor): { index: number[]; value: number }[] {
  const all = Array.from(rows(array!), (value, at) => ({ index: indexOf(at, shape), value }));
  return all.filter(({ value }) => !Number.isFinite(value)).slice(0, 10);
}

/** `file:line:column` of the innermost call that is not in Wengert's own files. */
const callSite = (): string | undefined => usersCalls(new Error().stack)[0]?.match(/[^\s(@]+:\d+:\d+/)?.[0];

export interface Cost {
  /** Floating-point operations. */
  readonly flops: number;
  /** Bytes read and written by kernels. */
  readonly bytes: number;
  /** Bytes held at the worst moment if each value is dropped after its last use; inputs and constants are held. */
  readonly peakBytes: number;
}

/** What running a program takes, by its shapes alone. */
export function cost({ inputs, constants, steps, outputs }: Program): Cost {
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

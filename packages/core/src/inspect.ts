import { type Pull, paired, run, sweep } from "./backward.ts";
import { indexOf, numberText, shapeText } from "./format.ts";
import { rows } from "./ndarray.ts";
import type { AnyOpSpec } from "./op.ts";
import { recording, type Step } from "./tape.ts";
import { fullLike, isFloat, Tensor } from "./tensor.ts";
import type { Program } from "./trace.ts";
import { argumentName, leaves, type TreesOnly, unflatten, walk } from "./tree.ts";

/** A list of steps and where it begins and ends: what a recording and a program have in common. */
export type Listing = Pick<Program, "inputs" | "steps" | "outputs"> | Recording<unknown>;

/** One run of a function with what its tape holds. */
export interface Recording<R> {
  readonly value: R;
  readonly inputs: readonly Tensor[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Tensor[];
  /** The sweep, one pull at a time, from a cotangent of the value (default: ones). */
  pulls(cotangent?: R): Iterable<Pull>;
}

/** Runs `f` and keeps its tape. Arguments are trees of tensors of any dtype. */
export function record<A extends readonly unknown[], R>(
  f: ((...args: A) => R) & TreesOnly<A> & TreesOnly<R>,
  ...args: A
): Recording<R> {
  const { value, tape, inputs } = run<A, R>("record", f, args, [...args.keys()], { anyDType: true });
  const outputs = leaves("record", value, "the value of f");
  const pulls = (
    cotangent: R = unflatten(
      value,
      outputs.map((y) => fullLike(y, 1)),
    ),
  ) => sweep(tape, paired("pulls", [value, "the value of f"], [cotangent, "the cotangent"]));
  return { value, inputs, steps: tape.steps, outputs, pulls };
}

/** The list as a table: number, op and params, inputs by label or number, shape, dtype, and the value or its range. */
export function explain(listing: Listing): string {
  const names = namesOf(listing);
  const line = (tensor: Tensor, number: string, op: string, inputs: string): string[] => [
    number,
    op,
    inputs,
    shapeText(tensor.shape),
    tensor.dtype,
    valueText(tensor),
  ];
  const table = [
    ["", "op", "inputs", "shape", "dtype", "value"],
    ...listing.inputs.map((input) => line(input, "", names(input), "")),
    ...listing.steps.map(({ op, inputs, params, output }, i) =>
      line(output, `${i + 1}`, `${op.name}${paramsText(params)}`, inputs.map(names).join(", ")),
    ),
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const text = table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  "),
  );
  return [...text.map((row) => row.trimEnd()), `returns ${listing.outputs.map(names).join(", ")}`].join("\n");
}

/** The list as a graph in the DOT language, for graphviz: `dot -Tsvg`. */
export function toDot(listing: Listing): string {
  const names = namesOf(listing);
  const quoted = (text: string) => JSON.stringify(text);
  const outputs = new Set(listing.outputs);
  const node = (tensor: Tensor, title: string, shape: string) =>
    `  ${quoted(names(tensor))} [label=${quoted(`${title}\n${tensor.dtype} ${shapeText(tensor.shape)}`)}, shape=${shape}${outputs.has(tensor) ? ", peripheries=2" : ""}];`;
  const drawn = new Set([...listing.inputs, ...listing.steps.map(({ output }) => output)]);
  const constants = new Set(listing.steps.flatMap(({ inputs }) => inputs).filter((input) => !drawn.has(input)));
  return [
    "digraph {",
    "  node [fontname=monospace];",
    ...listing.inputs.map((input) => node(input, names(input), "ellipse")),
    ...[...constants].map((constant) => node(constant, names(constant), "plaintext")),
    ...listing.steps.map(({ op, params, output }) =>
      node(output, `${names(output)}: ${op.name}${paramsText(params)}`, "box"),
    ),
    ...listing.steps.flatMap(({ inputs, output }) =>
      inputs.map((input) => `  ${quoted(names(input))} -> ${quoted(names(output))};`),
    ),
    "}",
  ].join("\n");
}

/** Inputs and constants by label, steps by number and label; a constant scalar by its value. */
function namesOf({ inputs, steps }: Listing): (tensor: Tensor) => string {
  const names = new Map(inputs.map((input, i) => [input, input.label ?? `x${i}`]));
  for (const [i, { output }] of steps.entries())
    names.set(output, output.label ? `${i + 1} ${output.label}` : `${i + 1}`);
  let constants = 0;
  return (tensor) => {
    const isNumber = tensor.array !== undefined && tensor.shape.length === 0 && tensor.label === undefined;
    if (!names.has(tensor))
      names.set(tensor, isNumber ? numberText(tensor.item()) : (tensor.label ?? `c${++constants}`));
    return names.get(tensor)!;
  };
}

function paramsText(params: unknown): string {
  const entries = Object.entries(params ?? {}).filter(([, value]) => value !== undefined);
  return entries
    .map(([name, value]) => ` ${name}=${value instanceof Tensor ? shapeText(value.shape) : JSON.stringify(value)}`)
    .join("");
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
  f: ((...args: A) => R) & TreesOnly<A> & TreesOnly<R>,
  ...args: A
): NonFiniteReport | undefined {
  let report: NonFiniteReport | undefined;
  const sites = new Map<Step, string | undefined>();
  const found = (where: NonFiniteReport["where"], bad: Tensor, what: string, step?: Step) => {
    const site = step && sites.get(step);
    const values = offenders(bad);
    const cure = (step?.op as AnyOpSpec | undefined)?.nonFinite;
    const first = values[0]!;
    const message = `${what} is ${first.value}${bad.shape.length ? ` at ${shapeText(first.index)}` : ""}${site ? `, at ${site}` : ""}${cure ? `; ${cure}` : ""}`;
    report = { where, step, site, values, message };
  };
  for (const [i, arg] of args.entries()) {
    walk("nonFinite", arg, argumentName(f, i), (leaf, path) => {
      if (!report && !allFinite(leaf)) found("argument", leaf, path);
    });
  }
  if (report) return report;
  const onValue = (step: Step) => {
    if (report) return;
    sites.set(step, callSite());
    if (!allFinite(step.output) && step.inputs.every(allFinite))
      found("value", step.output, `the value of ${step.op.name}`, step);
  };
  const { value, tape } = recording("nonFinite", { record: onValue }, () =>
    run<A, R>("nonFinite", f, args, [...args.keys()], { anyDType: true }),
  );
  if (report) return report;
  const seeds = leaves("nonFinite", value, "the value of f")
    .filter((y) => isFloat(y.dtype))
    .map((y) => [y, fullLike(y, 1)] as const);
  for (const { step, cotangent, contributions } of sweep(tape, new Map(seeds))) {
    const bad = contributions.findIndex((contribution) => contribution && !allFinite(contribution));
    if (bad < 0 || !allFinite(cotangent)) continue;
    found("cotangent", contributions[bad]!, `the cotangent of input ${bad} of ${step.op.name}`, step);
    return report;
  }
  return undefined;
}

const allFinite = ({ array }: Tensor): boolean => array === undefined || rows(array).every(Number.isFinite);

function offenders({ array, shape }: Tensor): { index: number[]; value: number }[] {
  const found: { index: number[]; value: number }[] = [];
  rows(array!).forEach((value, at) => {
    if (!Number.isFinite(value) && found.length < 10) found.push({ index: indexOf(at, shape), value });
  });
  return found;
}

/** The innermost call that is not in Wengert's own files. */
function callSite(): string | undefined {
  const frames = new Error().stack?.match(/[^\s(@]+:\d+:\d+/g) ?? [];
  const house = frames[0]?.replace(/core[\\/](src|dist)[\\/]inspect.*/, "") ?? "";
  const own = (frame: string) =>
    /[\\/](core|ops|train|compile|onnx|mpi)[\\/](src|dist)[\\/]/.test(frame) &&
    (frame.startsWith(house) || /@wengert[\\/]/.test(frame));
  return frames.find((frame) => !own(frame));
}

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

const bytesOf = ({ size, dtype }: Tensor): number => size * (dtype === "float64" ? 8 : dtype === "bool" ? 1 : 4);

import type { Program, Tensor } from "@wengert/core";
import { type Body, scanOp, sizeOf } from "@wengert/core/extend";
import { copyLoop } from "../loops/copies.ts";
import type { Group } from "../loops/groups.ts";
import {
  type Buffer,
  type ComputedStep,
  isWhole,
  type Layout,
  layOut,
  newValue,
  rowMajorStrides,
  type Value,
} from "../memory/layout.ts";
import { passes } from "../passes/passes.ts";
import { type Anything, type FlatInstruction, flatten, livesOf, type PlannedInstruction, type Scan } from "./lives.ts";
import { readsInOrder } from "./sharing.ts";

// The compiler turns a scan into a loop over the instructions of the scan's body. These instructions read their inputs
// at fixed addresses, so each iteration first copies its entries of xs to these addresses. Each iteration also copies
// its results to the output of the scan.

/** The params of a scan. */
interface Loop {
  readonly body: Body;
  readonly length: number;
  readonly reverse: boolean;
  readonly carries: number;
}

/**
 * Returns an instruction that runs a scan as a WebAssembly loop. Returns `undefined` for a step that is not a scan, and
 * for a scan that must run in JavaScript. `planOf` returns the instructions for the steps of the scan's body.
 */
export function scanOf(
  computed: ComputedStep,
  planOf: (steps: readonly ComputedStep[]) => readonly PlannedInstruction[],
): [Scan] | undefined {
  const { step, output } = computed;
  if ((step.op as unknown) !== scanOp.spec) return undefined;
  const loop = step.params as Loop;
  const { length, reverse, carries } = loop;
  if (length === 0 || loop.body.outputs.some(({ dtype }) => dtype !== output.dtype)) return undefined;
  const counter = newValue("computed", { dtype: "int32", shape: [] });
  const { starts, carried, sources, entries, steps, outputs, constants } = layOutBody(computed, loop, counter);
  let isCopied = true;
  const copies = (from: readonly Value[], to: readonly Value[]): Group[] =>
    from.flatMap((x, k) => {
      if (x === to[k] || sizeOf(x.shape) === 0) return [];
      const group = copyLoop(computed, x, to[k]!);
      isCopied &&= group !== undefined;
      return group ?? [];
    });
  const [nexts, results] = [outputs.slice(0, carries), outputs.slice(carries)];
  const [lasts, rows] = packedOutputs(output, outputs, loop, counter);
  const isComputed = new Set(steps.map((each) => each.output.buffer));
  // Results that are views of the old carry are copied before the body runs, so that the new carry can overwrite the
  // old carry.
  const isLate = results.map(({ buffer }) => isComputed.has(buffer));
  const late = <T>(list: readonly T[], is: boolean): T[] => list.filter((_, k) => isLate[k] === is);
  const body = planOf(steps);
  const saved = separateViews(nexts, carried);
  const iteration = [
    ...copies(sources, entries),
    ...copies(late(results, false), late(rows, false)),
    ...body,
    ...copies(late(results, true), late(rows, true)),
    ...copies(nexts, saved),
  ];
  const reused = reusedCarries(carried, nexts, flatten(iteration), isComputed);
  const moved = nexts.map((x, k) => (reused.get(x.buffer) === carried[k]!.buffer ? carried[k]! : saved[k]!));
  const [from, to] = reverse ? [length - 1, -1] : [0, length];
  const all: Anything[] = [
    ...copies(starts, carried),
    { kind: "start", counter, first: from },
    ...iteration,
    ...copies(moved, carried),
    { kind: "end", counter, step: reverse ? -1 : 1, end: to, nexts: [...reused.keys()] },
    ...copies(carried, lasts),
  ];
  return isCopied ? [{ kind: "scan", computed, length, body, all, constants, reused: [...reused] }] : undefined;
}

/** The body of a scan, and its tensors as views of buffers. */
interface BodyLayout extends Pick<Layout, "steps" | "outputs" | "constants"> {
  /** The carries before the first iteration. */
  readonly starts: readonly Value[];
  /** The carries that the current iteration reads. */
  readonly carried: readonly Value[];
  /** The entries of xs that the current iteration reads, as views of xs. */
  readonly sources: readonly Value[];
  /** The copies of `sources` that the body reads, at fixed addresses. */
  readonly entries: readonly Value[];
}

/** Optimizes the body of a scan, and assigns buffers to its tensors. */
function layOutBody({ step, inputs }: ComputedStep, { body, carries }: Loop, counter: Value): BodyLayout {
  const first = body.constants.length;
  const carried = body.inputs.slice(0, carries).map((x) => newValue("computed", x));
  const sources = inputs.slice(first + carries).map((x) => entryOf(x, counter));
  const entries = sources.map((x) => (x.advance === undefined ? x : newValue("computed", x)));
  const given = new Map<Tensor, Value>(body.constants.map((key, k) => [key, inputs[k]!]));
  for (const [k, value] of [...carried, ...entries].entries()) given.set(body.inputs[k]!, value);
  const isFixed = (key: Tensor, k: number) => key.array !== undefined && step.inputs[k] === key;
  const program: Program = {
    args: [],
    value: undefined,
    inputs: [...body.constants.filter((key, k) => !isFixed(key, k)), ...body.inputs],
    constants: body.constants.filter(isFixed),
    steps: body.steps as Program["steps"],
    outputs: body.outputs,
  };
  const optimized = Object.values(passes).reduce<Program>((result, pass) => pass(result), program);
  const { steps, outputs, constants } = layOut(optimized, given);
  return { starts: inputs.slice(first, first + carries), carried, sources, entries, steps, outputs, constants };
}

/**
 * Returns the new carries. A new carry that is a view of another old carry gets a separate buffer. If an iteration
 * swaps two carries, copying one carry would otherwise overwrite the other.
 */
function separateViews(nexts: readonly Value[], carried: readonly Value[]): Value[] {
  const isOfCarry = (x: Value) => carried.some(({ buffer }) => buffer === x.buffer);
  return nexts.map((x, k) => (isOfCarry(x) && x !== carried[k] ? newValue("computed", x) : x));
}

/**
 * Finds the carries of a scan that an iteration can update in place. Returns a map from the buffer of the new value to
 * the buffer of the old value, which is no longer needed when the new value is written.
 */
function reusedCarries(
  carried: readonly Value[],
  nexts: readonly Value[],
  iteration: readonly FlatInstruction[],
  isComputed: ReadonlySet<Buffer>,
): Map<Buffer, Buffer> {
  const { lives } = livesOf({ inputs: [], constants: [], outputs: nexts }, iteration);
  const reused = new Map<Buffer, Buffer>();
  for (const [k, next] of nexts.entries()) {
    const carry = carried[k]!.buffer;
    const [life, written] = [lives.get(carry), lives.get(next.buffer)];
    if (!isComputed.has(next.buffer) || reused.has(next.buffer) || !isWhole(next) || written === undefined) continue;
    const isFree = life === undefined || life.to < written.from;
    if (isFree || (life.to === written.from && readsInOrder(iteration[life.to]!, carry, next.buffer)))
      reused.set(next.buffer, carry);
  }
  return reused;
}

/** Returns a view of the entry of xs that the current iteration of a scan reads. */
function entryOf({ shape, stride, ...x }: Value, counter: Value): Value {
  const entry = { ...x, shape: shape.slice(1), stride: stride.slice(1) };
  return x.uniform === undefined ? { ...entry, advance: { counter, elements: stride[0]! } } : entry;
}

/**
 * Returns views of the output of a scan, which is a single array: views of the last carry, and of the results of the
 * current iteration.
 */
function packedOutputs(
  output: Value,
  outputs: readonly Value[],
  { carries, length }: Loop,
  counter: Value,
): readonly [lasts: Value[], rows: Value[]] {
  let offset = output.offset;
  const places = outputs.map(({ dtype, shape }, k): Value => {
    const elements = sizeOf(shape);
    const place = { buffer: output.buffer, dtype, shape, stride: rowMajorStrides(shape), offset, uniform: undefined };
    offset += k < carries ? elements : elements * length;
    return k < carries ? place : { ...place, advance: { counter, elements } };
  });
  return [places.slice(0, carries), places.slice(carries)];
}

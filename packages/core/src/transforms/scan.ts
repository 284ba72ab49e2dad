import { moveAxis, repeatAlong } from "../autodiff/axes.ts";
import { accumulate, pack, packedDType, part, unpack } from "../autodiff/fanout.ts";
import {
  type AnyOpSpec,
  apply,
  type BatchCall,
  type Call,
  defineOp,
  type Fault,
  type Inputs,
  type Op,
} from "../autodiff/op.ts";
import { accumulateCotangent } from "../autodiff/sweep.ts";
import { DryTape, innermostTape, withoutRecorders } from "../autodiff/tape.ts";
import { runWithTape } from "../autodiff/vjp.ts";
import { mustBeFunction } from "../checks/arguments.ts";
import { ArgumentError, isList, ShapeError, show } from "../checks/errors.ts";
import { withDefaults } from "../checks/options.ts";
import { tensor, zeros } from "../values/create.ts";
import { isFloat } from "../values/dtype.ts";
import { unravelIndex } from "../values/format.ts";
import { type NdArray, ravel, sizeOf } from "../values/ndarray.ts";
import { describe, isAlike, kindText, type Operand, Tensor } from "../values/tensor.ts";
import { asTree, leaves, leavesLike, type TreesOnly, unflatten, walk } from "../values/tree.ts";
import { onBatch } from "./batch.ts";
import { type Body, flopsOfBody, listBody, mapping, packBatch, runBody } from "./body.ts";
import { applyAgain, onValues, type Values } from "./replay.ts";

// A loop as one step of a tape. The params of the step hold the body of the loop as a separate list. The VJP rule is a
// scan too: it runs the pullback of the body from the last iteration to the first.

/**
 * The params of a loop. The inputs of the body are the carry, then an entry of each tensor to iterate over. The outputs
 * of the body are the next carry, then the results of the iteration.
 */
interface Loop {
  readonly body: Body;
  readonly length: number;
  readonly reverse: boolean;
  /** The number of tensors in the carry. */
  readonly carries: number;
}

/** Returns the tensors in the output of a loop: the last carry, then each result for all iterations along axis 0. */
const outputsOf = ({ body: { outputs }, carries, length }: Loop): Operand[] =>
  outputs.map((y, i) => (i < carries ? y : { shape: [length, ...y.shape], dtype: y.dtype, label: y.label }));

/**
 * Runs a loop. The inputs are the constants, the initial carry and the tensors to iterate over. The output is one
 * vector that packs all tensors of the result.
 */
export const scanOp: Op<Inputs, Loop> = /* @__PURE__ */ defineOp<Inputs, Loop>({
  name: "scan",
  options: { body: undefined, length: undefined, reverse: undefined, carries: undefined },
  shape: (_, loop) => [outputsOf(loop).reduce((n, { shape }) => n + sizeOf(shape), 0)],
  dtype: (_, loop) => packedDType(outputsOf(loop)),
  batch: batchOfLoop,
  kernel: (out, arrays, loop, operands) => withoutRecorders(() => runLoop(out, arrays, loop, operands)),
  flops: (_, __, { body, length }) => length * flopsOfBody(body),
  vjp: pullBackLoop,
  nonFinite: (fault) =>
    fault.cotangent ? "it arose in the pullback of an iteration: run nonFinite on the body alone" : causeInLoop(fault),
  samples: () => [[[tensor([1, 2]), tensor([[3, 4], [5, 6]])], sampleLoop()]], // biome-ignore format: reads best on one line
});

/**
 * A sample loop for tests. Its body maps (carry, x) to (x, carry): the next carry is x, and the result is the old
 * carry.
 */
function sampleLoop(): Loop {
  const [carry, x] = [new Tensor([2], "float64", undefined), new Tensor([2], "float64", undefined)];
  return {
    body: { inputs: [carry, x], constants: [], steps: [], outputs: [x, carry] },
    length: 2,
    reverse: false,
    carries: 1,
  };
}

function runLoop(out: NdArray, arrays: readonly NdArray[], loop: Loop, operands: readonly Operand[]): void {
  const given = arrays.map((array, k) => new Tensor(operands[k]!.shape, operands[k]!.dtype, array, operands[k]!.label));
  const starts: number[] = [];
  let end = 0;
  for (const { shape } of outputsOf(loop)) {
    starts.push(end);
    end += sizeOf(shape);
  }
  const write = (y: Tensor, at: number) => out.data.set(ravel(y.array!), at);
  const last = iterate(loop, given, (t, _, outputs) => {
    for (let k = loop.carries; k < outputs.length; k++) write(outputs[k]!, starts[k]! + t * outputs[k]!.size);
  });
  for (const [k, y] of last.entries()) write(y, starts[k]!);
}

/**
 * Runs the iterations and returns the last carry. After each iteration, calls `visit` with the values of all tensors of
 * the body, and with the outputs of the body.
 */
function iterate(
  loop: Loop,
  given: readonly Tensor[],
  visit: (t: number, values: Values, outputs: readonly Tensor[]) => void,
): readonly Tensor[] {
  const { body, length, reverse, carries } = loop;
  const [constants, carry, xs] = splitInputs(loop, given);
  const fixed = body.constants.map((constant, k) => [constant, constants[k]!] as const);
  let current: readonly Tensor[] = carry;
  for (let i = 0; i < length; i++) {
    const t = reverse ? length - 1 - i : i;
    const entries = xs.map(({ shape, dtype, array }) => new Tensor(shape.slice(1), dtype, array!.pick(t)));
    const values = new Map<Tensor, Tensor>(fixed);
    for (const [k, value] of [...current, ...entries].entries()) values.set(body.inputs[k]!, value);
    for (const step of body.steps) values.set(step.output, applyAgain(step, values, onValues));
    const outputs = body.outputs.map((y) => values.get(y) ?? y);
    visit(t, values, outputs);
    current = outputs.slice(0, carries);
  }
  return current;
}

/**
 * Finds the first step of the loop body that outputs NaN or infinity. Returns a text with the iteration, the op of the
 * step, and the cause that the op reports.
 */
function causeInLoop({ inputs, params: loop }: Fault<Inputs, Loop>): string | undefined {
  let cause: string | undefined;
  const find = (t: number, values: Values) => {
    const replaced = (x: Tensor) => values.get(x) ?? x;
    const step = loop.body.steps.find(({ output }) => !allFinite(replaced(output)));
    if (cause !== undefined || step === undefined) return;
    const [output, op] = [replaced(step.output), step.op as AnyOpSpec];
    const elements = Array.from(ravel(output.array!));
    const at = elements.findIndex((x) => (elements.some(Number.isNaN) ? Number.isNaN(x) : !Number.isFinite(x)));
    const fault = {
      ...step,
      inputs: step.inputs.map(replaced),
      output,
      bad: output,
      index: unravelIndex(at, output.shape),
    };
    const hint =
      typeof op.nonFinite === "function"
        ? op.nonFinite({ ...fault, cotangent: undefined, producerOf: () => undefined })
        : op.nonFinite;
    cause = `iteration ${t}: the value of ${op.name} is ${elements[at]}${hint ? `; ${hint}` : ""}`;
  };
  withoutRecorders(() => iterate(loop, inputs, find));
  return cause;
}

const allFinite = ({ array }: Tensor): boolean => ravel(array!).every(Number.isFinite);

/** Splits the inputs of a loop into three lists: the constants, the carry, and the tensors that the loop iterates over. */
function splitInputs<T>({ body, carries }: Loop, list: readonly T[]): [constants: T[], carry: T[], xs: T[]] {
  const first = body.constants.length;
  return [list.slice(0, first), list.slice(first, first + carries), list.slice(first + carries)];
}

/**
 * Records the steps of one iteration of a loop. `run` maps the carry, and one entry of each tensor to iterate over, to
 * the next carry and results.
 */
function listIteration(
  caller: string,
  carry: readonly Operand[],
  xs: readonly Operand[],
  run: (carry: readonly Tensor[], entries: readonly Tensor[]) => readonly Tensor[],
): Body {
  const entries = xs.map(({ shape, dtype, label }) => ({ shape: shape.slice(1), dtype, label }));
  return listBody(caller, [...carry, ...entries], (inputs) =>
    run(inputs.slice(0, carry.length), inputs.slice(carry.length)),
  );
}

interface LoopResult {
  readonly carry: readonly Tensor[];
  readonly ys: readonly Tensor[];
}

/**
 * Returns whether a tape that will be used for a derivative tracks one of the inputs of a loop. If so, the loop must
 * save the carry of each iteration for its pullback.
 */
const isDifferentiated = (inputs: readonly Tensor[]): boolean => {
  const tape = innermostTape(inputs);
  return tape !== undefined && !(tape instanceof DryTape);
};

/**
 * Returns whether a derivative of the loop may be needed, so that its output must include the carry of each iteration.
 * This is so if a tape tracks an input, or if the loop is inside of another loop or equation.
 */
const isDifferentiatedOrInBody = (inputs: readonly Tensor[]): boolean => {
  const tape = innermostTape(inputs);
  return tape instanceof DryTape ? tape.isBody : tape !== undefined;
};

/**
 * Runs a loop over lists of tensors. If `savesCarries(inputs)` is true, the output of the loop also has the carry at
 * the start of each iteration, which the pullback needs.
 */
function runScan(
  body: Body,
  carry: readonly Tensor[],
  xs: readonly Tensor[],
  length: number,
  reverse: boolean,
  savesCarries = isDifferentiatedOrInBody,
): LoopResult {
  const inputs = [...body.constants, ...carry, ...xs];
  const saved = savesCarries(inputs) ? body.inputs.slice(0, carry.length) : [];
  const loop: Loop = {
    body: { ...body, outputs: [...body.outputs, ...saved] },
    length,
    reverse,
    carries: carry.length,
  };
  const results = unpack(apply(scanOp.spec, inputs, loop), outputsOf(loop));
  return { carry: results.slice(0, carry.length), ys: results.slice(carry.length, body.outputs.length) };
}

/** The VJP of a loop. It is a loop too: from the last iteration to the first, it applies the pullback of the body. */
function pullBackLoop(g: Tensor, call: Call<Inputs, Loop>, needed: readonly boolean[]): readonly (Tensor | null)[] {
  const { inputs, params: loop } = call;
  const { body, carries, length, reverse } = loop;
  const [constants, , xs] = splitInputs(loop, inputs);
  const [needsConstant, , needsX] = splitInputs(loop, needed);
  const isNeeded = (x: Tensor, is: boolean | undefined) => is === true && isFloat(x.dtype);
  const floatConstants = body.constants.flatMap((key, k) =>
    isNeeded(constants[k]!, needsConstant[k]) ? [{ key, value: constants[k]! }] : [],
  );
  const isFloatCarry = body.inputs.slice(0, carries).map(({ dtype }) => isFloat(dtype));
  const isFloatX = xs.map((x, k) => isNeeded(x, needsX[k]));
  const bars = unpack(g, outputsOf(loop));
  const isFloatResult = body.outputs.map(({ dtype }) => isFloat(dtype));
  const carryBars = bars.filter((_, k) => k < carries && isFloatResult[k]);
  const resultBars = bars.filter((_, k) => k >= carries && isFloatResult[k]);
  const zeroBars = floatConstants.map(({ value: { shape, dtype } }) => zeros(shape, { dtype }));
  const before = carriesBefore(call);

  const pullBackBody = (carried: readonly Tensor[], entries: readonly Tensor[]): Tensor[] => {
    const [nextBars, constantBars] = [carried.slice(0, carryBars.length), carried.slice(carryBars.length)];
    const [point, yBars] = [entries.slice(0, body.inputs.length), entries.slice(body.inputs.length)];
    const isActive = [...isFloatCarry, ...isFloatX];
    const keys = [...floatConstants.map(({ key }) => key), ...body.inputs.filter((_, k) => isActive[k])];
    const floats = [...floatConstants.map(({ value }) => value), ...point.filter((_, k) => isActive[k])];
    const values = mapping([...body.constants, ...body.inputs], [...constants, ...point]);
    const { value, pull } = runWithTape(
      "scan",
      (given: readonly Tensor[]) => {
        for (const [k, key] of keys.entries()) values.set(key, given[k]!);
        return runBody(body, values).filter((_, k) => isFloatResult[k]);
      },
      [floats],
      [0],
    );
    const cotangents = new Map<Tensor, Tensor>();
    for (const [k, bar] of [...nextBars, ...yBars].entries()) accumulateCotangent(cotangents, value[k]!, bar);
    const [all] = pull(cotangents) as [Tensor[]];
    const [ofConstants, ofInputs] = [
      all.slice(0, keys.length - countOf(isActive)),
      all.slice(-countOf(isActive) || all.length),
    ];
    const [ofCarry, ofXs] = [ofInputs.slice(0, carryBars.length), ofInputs.slice(carryBars.length)];
    return [...ofCarry, ...constantBars.map((bar, k) => accumulate(bar, ofConstants[k]!)), ...ofXs];
  };
  const carry = [...carryBars, ...zeroBars];
  const over = [...before, ...xs, ...resultBars];
  const list = listIteration("scan", carry, over, pullBackBody);
  // The VJP of a loop is a loop, too. Its carry includes the cotangents of all constants, so it is large. The carry of
  // each iteration is saved only if a second derivative may be computed.
  const back = runScan(list, carry, over, length, !reverse, isDifferentiated);
  const ofCarry = back.carry.slice(0, carryBars.length).values();
  const ofConstants = back.carry.slice(carryBars.length).values();
  const ofXs = back.ys.values();
  return [
    ...constants.map((x, k) => (isNeeded(x, needsConstant[k]) ? ofConstants.next().value! : null)),
    ...isFloatCarry.map((is) => (is ? ofCarry.next().value! : null)),
    ...isFloatX.map((is) => (is ? ofXs.next().value! : null)),
  ];
}

const countOf = (flags: readonly boolean[]): number => flags.filter(Boolean).length;

/**
 * Returns the carry before each iteration, along axis 0. If the output of the loop has these carries, they are taken
 * from it. Otherwise the loop runs again.
 */
function carriesBefore({ inputs, params: loop, output }: Call<Inputs, Loop>): readonly Tensor[] {
  const { body, carries, length, reverse } = loop;
  const wanted = body.inputs.slice(0, carries);
  const first = body.outputs.length - carries;
  if (wanted.every((x, k) => body.outputs[first + k] === x)) return unpack(output, outputsOf(loop)).slice(first);
  const [constants, carry, xs] = splitInputs(loop, inputs);
  const rerun = listIteration("scan", carry, xs, (carried, entries) => {
    const values = mapping([...body.constants, ...body.inputs], [...constants, ...carried, ...entries]);
    return [...runBody(body, values).slice(0, carries), ...carried];
  });
  return runScan(rerun, carry, xs, length, reverse, isDifferentiated).ys;
}

/** Runs a loop on a batch: one loop whose body is applied to all entries of the batch. */
function batchOfLoop({
  inputs,
  batched,
  params: loop,
  operands,
  size,
  output,
  withBatch,
}: BatchCall<Inputs, Loop>): Tensor {
  const { body, carries, length, reverse } = loop;
  const first = body.constants.length;
  const mode = onBatch(size);
  const carry = Array.from({ length: carries }, (_, k) => withBatch(first + k));
  const isBatchedX = batched.slice(first + carries);
  // A loop iterates over axis 0, so `vmap` moves the batch axis of each iterated tensor to axis 1.
  const xs = inputs.slice(first + carries).map((x, k) => (isBatchedX[k] ? moveAxis(x, { from: 0, to: 1 }) : x));
  // Skips tensors that the loop body captures and that are the same for all batch entries: they need no batch axis.
  const constants = body.constants.flatMap((key, k) =>
    batched[k] || operands[k] !== key ? [[key, withBatch(k)] as const] : [],
  );
  const batchedBody = listIteration("vmap", carry, xs, (carried, entries) => {
    const values = new Map<Tensor, Tensor>(constants);
    for (const [k, x] of carried.entries()) values.set(body.inputs[k]!, x);
    for (const [k, x] of entries.entries())
      values.set(body.inputs[carries + k]!, isBatchedX[k] ? x : repeatAlong(x, { axis: 0, size }));
    return runBody(body, values, mode);
  });
  const results = runScan(batchedBody, carry, xs, length, reverse);
  const axes = [...results.carry.map(() => 0), ...results.ys.map(() => 1)];
  return packBatch([...results.carry, ...results.ys], axes, size, output.shape);
}

export interface ScanOptions {
  /** The number of iterations. Required only if `xs` is undefined. */
  readonly length?: number | undefined;
  /** Whether to start at the last entry of `xs`. `ys` keeps the order of `xs`. Default: false. */
  readonly reverse?: boolean | undefined;
  /**
   * The number of segments of the loop. A gradient keeps the carry of each segment, and of each iteration in one
   * segment at a time. For T iterations, √T segments need the least memory. With more than one segment, the gradient
   * runs the loop a second time. Default: 1.
   */
  readonly segments?: number | undefined;
}

/**
 * Runs a loop as one step: `[carry, y] = body(carry, x)` for each entry x of `xs` along axis 0. Returns the last carry,
 * and the results y along axis 0. `body` runs once, on tensors without values, so the tape and a trace do not grow with
 * the number of iterations. `init`, `xs` and the results are trees; `xs` and y may also be undefined. The gradient
 * keeps the carry of each iteration and computes the other tensors again.
 * @throws ArgumentError for invalid options; ShapeError if `body` returns a carry with another shape or dtype than
 * `init`, or if tensors of `xs` have different lengths; TracedValueError if `body` reads a value
 */
export function scan<C, X, Y>(
  body: (carry: C, x: X) => readonly [C, Y],
  init: C & TreesOnly<C>,
  xs: X,
  options?: ScanOptions,
): { carry: C; ys: Y } {
  mustBeFunction("scan", body);
  const { length: requested, reverse, segments } = withDefaults<ScanOptions>("scan", options, scanDefaults);
  const start = asTree(init) as C;
  const carry = leaves("scan", start, "init");
  const over = xs === undefined ? [] : leaves("scan", xs, "xs");
  const labeled = (tree: unknown, name: string) => {
    const operands: Operand[] = [];
    walk("scan", tree, name, ({ shape, dtype }, path) => operands.push({ shape, dtype, label: path }));
    return operands;
  };
  const length = lengthOf(over, requested);
  if (typeof reverse !== "boolean")
    throw new ArgumentError(`scan: reverse must be true or false, got ${show(reverse)}`);
  checkCount("segments", segments, 1);
  if (segments! > 1) return scanSegments(body, start, xs, length, reverse, segments!);
  let results: Y | undefined;
  const entries = xs === undefined ? [] : labeled(xs, "x");
  const list = listIteration("scan", labeled(start, "carry"), entries, (carried, given) => {
    const returned: unknown = body(unflatten(start, carried), xs === undefined ? xs : unflatten(xs, given));
    if (!isList(returned) || returned.length !== 2)
      throw new ArgumentError(`scan: body must return [carry, y], got ${show(returned)}`);
    results = returned[1] as Y;
    return [...nextCarry(start, returned[0]), ...resultLeaves(results)];
  });
  const { carry: last, ys } = runScan(list, carry, over, length, reverse);
  return { carry: unflatten(start, last), ys: results === undefined ? (results as Y) : unflatten(results, ys) };
}

const scanDefaults = { length: undefined, reverse: false, segments: 1 };

const resultLeaves = (y: unknown): readonly Tensor[] => (y === undefined ? [] : leaves("scan", y, "y"));

/**
 * Returns the tensors of the carry that the body returned.
 * @throws ShapeError unless these tensors have the shapes and dtypes of those of `init`
 */
function nextCarry(init: unknown, returned: unknown): Tensor[] {
  const before = leaves("scan", init, "init");
  const after = leavesLike("scan", [init, "init"], [asTree(returned), "the carry that body returned"]);
  for (const [k, x] of after.entries())
    if (!isAlike(x, before[k]!))
      throw new ShapeError(
        `scan: body must return a carry with the dtypes and shapes of init; ${describe(before[k]!, "carry")} is ${kindText(before[k]!)}, and body returned ${kindText(x)}`,
      );
  return after;
}

function lengthOf(xs: readonly Tensor[], requested: number | undefined): number {
  if (requested !== undefined) checkCount("length", requested, 0);
  const scalar = xs.find(({ shape }) => shape.length === 0);
  if (scalar !== undefined)
    throw new ShapeError(`scan: ${describe(scalar, "xs")} has no axis to iterate over; let body capture it instead`);
  const length = requested ?? xs[0]?.shape[0];
  if (length === undefined)
    throw new ArgumentError("scan: without xs, the number of iterations is unknown; pass { length }");
  const other = xs.find(({ shape }) => shape[0] !== length);
  if (other === undefined) return length;
  const expected = requested === undefined ? describe(xs[0]!, "xs") : `the option length, ${length}`;
  throw new ShapeError(
    `scan: all tensors of xs must have one length along axis 0, got ${describe(other, "xs")} and ${expected}; slice them`,
  );
}

function checkCount(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new ArgumentError(`scan: ${name} must be a whole number of at least ${least}, got ${show(value)}`);
}

/**
 * Runs a scan as two nested loops: the outer loop runs over segments, and the inner loop over the iterations of a
 * segment. The remaining iterations, which do not fill a segment, run last.
 */
function scanSegments<C, X, Y>(
  body: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  length: number,
  reverse: boolean,
  segments: number,
): { carry: C; ys: Y } {
  const each = Math.floor(length / segments);
  const rest = length - each * segments;
  const loop = scan as unknown as (f: unknown, c: unknown, x: unknown, o: ScanOptions) => { carry: C; ys: Y };
  const entries = (from: number, shape: readonly number[]): X =>
    xs === undefined ? xs : mapLeaves(xs, (x) => reshapeEntries(x, from, shape));
  // The loop is split into segments of equal length, and the remaining iterations run last. These use the last entries
  // of `xs`, or the first entries if the loop is reversed.
  const [first, firstOfRest] = reverse ? [rest, 0] : [0, each * segments];
  const inner = (carry: C, part: X) => {
    const { carry: next, ys } = loop(body, carry, part, { length: each, reverse });
    return [next, ys];
  };
  const main = loop(inner, init, entries(first, [segments, each]), { length: segments, reverse });
  const last = loop(body, main.carry, entries(firstOfRest, [rest]), { length: rest, reverse });
  if (main.ys === undefined) return { carry: last.carry, ys: main.ys };
  const [mainYs, restYs] = [leaves("scan", main.ys, "ys"), leaves("scan", last.ys, "ys")];
  const joined = mainYs.map((y, k) => {
    const shape = [length, ...y.shape.slice(2)];
    return part(pack(reverse ? [restYs[k]!, y] : [y, restYs[k]!]), { shape, offset: 0 });
  });
  return { carry: last.carry, ys: unflatten(main.ys, joined) };
}

const mapLeaves = <T>(tree: T, f: (x: Tensor) => Tensor): T => unflatten(tree, leaves("scan", tree, "xs").map(f));

/** Takes entries of x along axis 0, from index `from` on, and reshapes this axis to the sizes `shape`. */
function reshapeEntries(x: Tensor, from: number, shape: readonly number[]): Tensor {
  const entry = x.shape.slice(1);
  return part(pack([x]), { shape: [...shape, ...entry], offset: from * sizeOf(entry) });
}

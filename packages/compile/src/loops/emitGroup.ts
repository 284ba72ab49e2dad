import type { VectorFunction } from "@wengert/ops/extend";
import { Code, i32, type ValueType, v128 } from "../assembling/assembler.ts";
import { type Buffer, type ComputedStep, rowMajorStrides, type Value, widthOf } from "../memory/layout.ts";
import { type Emit, type EmitContext, elementwise } from "./elementwise.ts";
import { columnSum, rowSum, type SumCode } from "./emitSums.ts";
import { broadcastTo, type Group, mergeAxes, sumBytes } from "./groups.ts";
import { twinOf } from "./twins.ts";
import { type Access, emitLoad, emitRepeated, emitStore, innerStride, type Position } from "./vectors.ts";

/** If the rows of a fused loop consist of at most this number of 16-byte vectors, the loop over a row is unrolled. */
const maxUnrolled = 8;
/**
 * The number of vectors that each iteration of a fused loop computes if the loop calls a function such as exp. The
 * processor can run the calls for several vectors at the same time.
 */
const vectorsOfCalls = 4;

/** The addresses of tensors and the indices of functions that appear in the code of a fused loop. */
export interface GroupContext {
  /** The results that the fused loop stores in memory, because other instructions of the program read them. */
  readonly stored: ReadonlySet<Buffer>;
  /** Returns the address of a tensor's first element. */
  readonly addressOf: (value: Value) => number;
  /**
   * Returns the index of a function, such as exp, in the WebAssembly module. The function takes one vector, or none if
   * `params` is 0.
   */
  readonly indexOf: (name: VectorFunction, params?: 0 | 1) => number;
  /** The address of memory for the partial sums. */
  readonly scratch: number;
}

/**
 * A local variable that holds the byte offset of the current row. Operands and results with equal strides share this
 * variable.
 */
interface Row {
  /** The strides in bytes along all axes but the last. */
  readonly bytes: readonly number[];
  /** In the body of a scan: the number of bytes by which the start of the tensor moves in each iteration. */
  readonly perIteration: number;
  readonly counter: Value | undefined;
  readonly local: number;
}

/**
 * Emits the WebAssembly code of a fused loop. The innermost loop runs over vectors of 16 bytes along the last axis. If
 * the last vector of a row is incomplete, its lanes are stored one by one.
 */
export function emitGroup(
  { shape, dtype, steps, sums }: Group,
  { stored, addressOf, indexOf, scratch }: GroupContext,
): { code: Code; locals: ValueType[] } {
  const width = dtype === "float32" ? 4 : 8;
  const lanes = 16 / width;
  const access = (value: Value, strides: readonly number[]): Access => ({
    value,
    address: addressOf(value),
    width: widthOf(value.dtype) as Access["width"],
    strides,
  });
  const produced = new Set(steps.map(({ output }) => output.buffer));
  const keys = new Map<Value, string>();
  const buffers = [...new Set(steps.flatMap(({ inputs }) => inputs.map(({ buffer }) => buffer)))];
  const loads = new Map<string, Access>();
  for (const { inputs } of steps)
    for (const x of inputs) {
      if (x.uniform !== undefined || produced.has(x.buffer) || keys.has(x)) continue;
      const strides = broadcastTo(x, shape);
      const key = `${buffers.indexOf(x.buffer)} ${x.offset} ${strides}`;
      keys.set(x, key);
      if (!loads.has(key)) loads.set(key, access(x, strides));
    }
  const results: Access[] = steps
    .filter(({ output }) => stored.has(output.buffer))
    .map(({ output }) => access(output, output.stride));
  // All sums of a fused loop reduce the same axes: either all axes from `boundary` on, or all axes before `boundary`.
  // The output of a sum has stride 0 along the reduced axes.
  const boundary = sums[0]?.boundary ?? 0;
  const [outerStrides, innerStrides] = [shape.slice(0, boundary), shape.slice(boundary)].map(rowMajorStrides);
  const sumAccesses = sums.map(({ computed: { output }, isOfRows }) =>
    access(output, isOfRows ? [...outerStrides!, ...innerStrides!.map(() => 0)] : shape.map(() => 0)),
  );
  let partialSums = scratch;
  const partials = sums.flatMap(({ computed, isOfRows }): Access[] => {
    if (isOfRows) return [];
    const address = partialSums;
    partialSums += sumBytes(computed);
    return [{ value: computed.output, address, width: 8, strides: [...outerStrides!.map(() => 0), ...innerStrides!] }];
  });
  const accesses = [...loads.values(), ...results, ...sumAccesses, ...partials];
  const all = accesses.map(({ strides }) => strides);
  const outer = mergeAxes(shape.slice(0, boundary), all.map((strides) => strides.slice(0, boundary))); // biome-ignore format: reads best on one line
  const inner = mergeAxes(shape.slice(boundary), all.map((strides) => strides.slice(boundary))); // biome-ignore format: reads best on one line
  const sizes = [...outer.shape, ...inner.shape];
  for (const [k, each] of accesses.entries()) each.strides = [...outer.strides[k]!, ...inner.strides[k]!];
  const rank = sizes.length;
  const n = sizes[rank - 1] ?? 1;

  const code = new Code();
  const locals: ValueType[] = [];
  const newLocal = (type: ValueType): number => locals.push(type) - 1;
  // Tensors with equal byte strides along the outer axes have equal byte offsets in each row. They share a local
  // variable for this offset.
  const rows = new Map<string, Row>();
  for (const each of accesses) {
    const bytes = each.strides.slice(0, -1).map((stride) => stride * each.width);
    const { advance } = each.value;
    if (advance === undefined && bytes.every((step) => step === 0)) continue;
    const perIteration = (advance?.elements ?? 0) * each.width;
    const key = `${bytes} ${perIteration}`;
    const known = rows.get(key) ?? { bytes, counter: advance?.counter, perIteration, local: newLocal(i32) };
    rows.set(key, known);
    each.row = known.local;
  }
  const column = newLocal(i32);

  const phase = partials.length > 0 ? newLocal(i32) : 0;
  const sumCodes = sums.map((sum, k): SumCode => {
    const context = { code, width, newLocal, access: sumAccesses[k]! } as const;
    return sum.isOfRows
      ? rowSum(sum, context)
      : columnSum(sum, context, partials[k]!, { phase, column, isFirst: k === 0 });
  });
  const sumsOf = new Map<Buffer, SumCode[]>();
  for (const [k, { computed }] of sums.entries()) {
    const { buffer } = computed.inputs[0]!;
    sumsOf.set(buffer, [...(sumsOf.get(buffer) ?? []), sumCodes[k]!]);
  }

  // An iteration of the fused loop computes several vectors, each in its own local variable. If an operand is constant
  // along a row, a single local variable holds it for all vectors.
  const hasCalls = steps.some(({ step }) => elementwise.get(step.op)!.isCall);
  const hasRowSums = sums[0]?.isOfRows === true;
  const block = hasCalls ? vectorsOfCalls : hasRowSums ? 8 / lanes : 1;
  const whole = Math.floor(n / lanes);
  const isUnrolled = whole <= maxUnrolled && whole * steps.length <= 200;
  const looped = isUnrolled ? 0 : whole - (whole % block);
  const perIteration = Math.min(block, Math.ceil(n / lanes));
  const newVectors = (isRepeated: boolean): number[] => {
    const first = newLocal(v128);
    const all = [first];
    while (all.length < perIteration) all.push(isRepeated ? first : newLocal(v128));
    return all;
  };
  const loadVectors = new Map<string, number[]>();
  for (const [key, each] of loads) loadVectors.set(key, newVectors(innerStride(each) === 0));
  const stepVectors = new Map<Buffer, number[]>();
  const computedByTwin = new Set<ComputedStep>();
  const computations = steps.flatMap((computed, i) => {
    if (computedByTwin.has(computed)) return [];
    const { step, inputs, output } = computed;
    const operands = inputs.map((x): number[] | Value => {
      if (x.uniform !== undefined) return x;
      return stepVectors.get(x.buffer) ?? loadVectors.get(keys.get(x)!)!;
    });
    const results = newVectors(false);
    stepVectors.set(output.buffer, results);
    const { emit, twin } = elementwise.get(step.op)!;
    const partner = twinOf(computed, steps.slice(i + 1));
    const isBool = (k: number) => inputs[k]!.dtype === "bool";
    if (partner === undefined) return { emit, params: step.params, operands, isBool, results, kept: undefined };
    computedByTwin.add(partner);
    const kept = { name: twin!.kept, results: newVectors(false) };
    stepVectors.set(partner.output.buffer, kept.results);
    const emitBoth: Emit = (_, { get, call }) => {
      get(0);
      call(twin!.both);
    };
    return { emit: emitBoth, params: step.params, operands, isBool, results, kept };
  });
  const call: EmitContext["call"] = (name) => code.call(indexOf(name));

  /**
   * Emits the code that computes several vectors of a row, at `positions`. The code computes a step for all of these
   * vectors before it computes the next step.
   */
  const emitVectors = (positions: readonly Position[]) => {
    for (const [key, each] of loads)
      if (innerStride(each) !== 0)
        for (const [v, position] of positions.entries())
          emitLoad(code, each, width, position, loadVectors.get(key)![v]!);
    for (const { emit, params, operands, isBool, results, kept } of computations) {
      let v = 0;
      const get = (k: number) => {
        const operand = operands[k]!;
        if (isVectors(operand)) code.get(operand[v]!);
        else if (operand.dtype === "bool") code.firstLanes(8, operand.uniform === 0 ? 0 : 2);
        else code.splat(width, operand.uniform!);
      };
      const context = { get, isBool, width, call, params } as const;
      for (; v < positions.length; v++) {
        emit(code, context);
        code.set(results[v]!);
        if (kept !== undefined) code.call(indexOf(kept.name, 0)).set(kept.results[v]!);
      }
    }
    for (const each of results)
      for (const [v, position] of positions.entries())
        emitStore(code, each, width, position, stepVectors.get(each.value.buffer)![v]!);
    for (const [buffer, codes] of sumsOf)
      for (const [v, position] of positions.entries())
        for (const { add } of codes) add(stepVectors.get(buffer)![v]!, position);
  };

  const emitRow = () => {
    for (const [key, each] of loads)
      if (innerStride(each) === 0) emitRepeated(code, each, width, loadVectors.get(key)![0]!);
    if (looped > 0) {
      code.i32(0).set(column).loop();
      emitVectors(Array.from({ length: block }, (_, v) => ({ at: v * lanes, column, count: lanes })));
      code
        .get(column)
        .i32(16 * block)
        .scalar("add")
        .tee(column);
      code
        .i32(16 * looped)
        .scalar("isBelow")
        .repeatIf()
        .end();
    }
    const rest: Position[] = [];
    for (let at = looped * lanes; at < n; at += lanes)
      rest.push({ at, column: undefined, count: Math.min(lanes, n - at) });
    for (let v = 0; v < rest.length; v += block) emitVectors(rest.slice(v, v + block));
  };
  const counters = sizes.slice(0, -1).map(() => newLocal(i32));
  const emitAxis = (axis: number) => {
    const isStartOfRow = hasRowSums && axis === outer.shape.length;
    if (isStartOfRow) for (const { startRow } of sumCodes) startRow();
    if (axis >= rank - 1) emitRow();
    else {
      code.i32(0).set(counters[axis]!).loop();
      emitAxis(axis + 1);
      if (!hasRowSums && axis + 1 === outer.shape.length) for (const { endRow } of sumCodes) endRow();
      for (const { bytes, local } of rows.values()) {
        const within = axis + 1 < bytes.length ? bytes[axis + 1]! * sizes[axis + 1]! : 0;
        const advance = bytes[axis]! - within;
        if (advance !== 0) code.get(local).i32(advance).scalar("add").set(local);
      }
      code.get(counters[axis]!).i32(1).scalar("add").tee(counters[axis]!);
      code.i32(sizes[axis]!).scalar("isBelow").repeatIf().end();
    }
    if (isStartOfRow) for (const { endRow } of sumCodes) endRow();
  };
  for (const { counter, perIteration, local } of rows.values()) {
    code.i32(0);
    if (counter !== undefined) code.loadInteger(addressOf(counter)).i32(perIteration).scalar("mul");
    code.set(local);
  }
  for (const { start } of sumCodes) start();
  emitAxis(0);
  for (const { end } of sumCodes) end();
  return { code, locals };
}

const isVectors = (operand: number[] | Value): operand is number[] => Array.isArray(operand);

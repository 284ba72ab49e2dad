import type { VectorFunction } from "@wengert/ops/extend";
import { Code, i32, type ValueType, v128 } from "../assembling/assembler.ts";
import type { Buffer, Value } from "../memory/layout.ts";
import { accessesOf, type Places } from "./accesses.ts";
import { computationsOf, type Locals } from "./computations.ts";
import { elementwise } from "./elementwise.ts";
import { columnSum, rowSum, type SumCode } from "./emitSums.ts";
import type { Group } from "./groups.ts";
import { type Access, emitLoad, emitRepeated, emitStore, innerStride, type Position } from "./vectors.ts";

/** If the rows of a fused loop consist of at most this number of 16-byte vectors, the loop over a row is unrolled. */
const maxUnrolled = 8;
/**
 * The number of vectors that each iteration of a fused loop computes if the loop calls a function such as exp. The
 * processor can run the calls for several vectors at the same time.
 */
const vectorsOfCalls = 4;

/** The addresses of tensors and the indices of functions that appear in the code of a fused loop. */
export interface GroupContext extends Places {
  /**
   * Returns the index of a function, such as exp, in the WebAssembly module. The function takes one vector, or none if
   * `params` is 0.
   */
  readonly indexOf: (name: VectorFunction, params?: 0 | 1) => number;
}

/**
 * Emits the WebAssembly code of a fused loop. The innermost loop runs over vectors of 16 bytes along the last axis. If
 * the last vector of a row is incomplete, its lanes are stored one by one.
 */
export function emitGroup(group: Group, context: GroupContext): { code: Code; locals: ValueType[] } {
  const { dtype, steps, sums } = group;
  const { addressOf, indexOf } = context;
  const width = dtype === "float32" ? 4 : 8;
  const lanes = 16 / width;
  const code = new Code();
  const locals: ValueType[] = [];
  const newLocal = (type: ValueType): number => locals.push(type) - 1;
  const accesses = accessesOf(group, context);
  const { sizes, outerAxes, partials } = accesses;
  const n = sizes.at(-1) ?? 1;
  const rows = assignRows(accesses.all, () => newLocal(i32));
  const column = newLocal(i32);

  const phase = partials.length > 0 ? newLocal(i32) : 0;
  const sumCodes = sums.map((sum, k): SumCode => {
    const own = { code, width, newLocal, access: accesses.sums[k]! } as const;
    return sum.isOfRows ? rowSum(sum, own) : columnSum(sum, own, partials[k]!, { phase, column, isFirst: k === 0 });
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
  const { list, loaded, computed } = computationsOf(steps, accesses, (isRepeated) => {
    const first = newLocal(v128);
    return Array.from({ length: perIteration }, (_, v) => (v === 0 || isRepeated ? first : newLocal(v128)));
  });

  /**
   * Emits the code that computes several vectors of a row, at `positions`. The code computes a step for all of these
   * vectors before it computes the next step.
   */
  const emitVectors = (positions: readonly Position[]) => {
    for (const [each, vectors] of loaded)
      if (innerStride(each) !== 0)
        for (const [v, position] of positions.entries()) emitLoad(code, each, width, position, vectors[v]!);
    const call = (name: VectorFunction) => code.call(indexOf(name));
    for (const { emit, params, operands, areBools, results, kept } of list) {
      let v = 0;
      const get = (k: number) => {
        const operand = operands[k]!;
        if (isLocals(operand)) code.get(operand[v]!);
        else if (operand.dtype === "bool") code.firstLanes(8, operand.uniform === 0 ? 0 : 2);
        else code.splat(width, operand.uniform!);
      };
      const own = { get, areBools, width, call, params } as const;
      for (; v < positions.length; v++) {
        emit(code, own);
        code.set(results[v]!);
        if (kept !== undefined) code.call(indexOf(kept.name, 0)).set(kept.results[v]!);
      }
    }
    for (const each of accesses.results)
      for (const [v, position] of positions.entries())
        emitStore(code, each, width, position, computed.get(each.value.buffer)![v]!);
    for (const [buffer, codes] of sumsOf)
      for (const [v, position] of positions.entries())
        for (const { add } of codes) add(computed.get(buffer)![v]!, position);
  };

  const emitRow = () => {
    for (const [each, vectors] of loaded) if (innerStride(each) === 0) emitRepeated(code, each, width, vectors[0]!);
    if (looped > 0) {
      code.i32(0).set(column).loop();
      emitVectors(Array.from({ length: block }, (_, v) => ({ at: v * lanes, column, count: lanes })));
      emitNext(code, column, 16 * block, 16 * looped);
    }
    const rest: Position[] = [];
    for (let at = looped * lanes; at < n; at += lanes)
      rest.push({ at, column: undefined, count: Math.min(lanes, n - at) });
    for (let v = 0; v < rest.length; v += block) emitVectors(rest.slice(v, v + block));
  };

  const counters = sizes.slice(0, -1).map(() => newLocal(i32));
  const emitAxis = (axis: number) => {
    const isStartOfRow = hasRowSums && axis === outerAxes;
    if (isStartOfRow) for (const { startRow } of sumCodes) startRow();
    if (axis >= sizes.length - 1) emitRow();
    else {
      code.i32(0).set(counters[axis]!).loop();
      emitAxis(axis + 1);
      if (!hasRowSums && axis + 1 === outerAxes) for (const { endRow } of sumCodes) endRow();
      for (const { bytes, local } of rows) {
        const within = axis + 1 < bytes.length ? bytes[axis + 1]! * sizes[axis + 1]! : 0;
        const advance = bytes[axis]! - within;
        if (advance !== 0) code.get(local).i32(advance).scalar("add").set(local);
      }
      emitNext(code, counters[axis]!, 1, sizes[axis]!);
    }
    if (isStartOfRow) for (const { endRow } of sumCodes) endRow();
  };

  for (const { counter, perIteration, local } of rows) {
    code.i32(0);
    if (counter !== undefined) code.loadInteger(addressOf(counter)).i32(perIteration).scalar("mul");
    code.set(local);
  }
  for (const { start } of sumCodes) start();
  emitAxis(0);
  for (const { end } of sumCodes) end();
  return { code, locals };
}

/** Emits the end of a loop: adds `step` to the local `counter`, and begins the next iteration if it is below `end`. */
function emitNext(code: Code, counter: number, step: number, end: number): void {
  code.get(counter).i32(step).scalar("add").tee(counter);
  code.i32(end).scalar("isBelow").repeatIf().end();
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
 * Assigns a local variable to each tensor whose byte offset depends on the row. Tensors with equal byte strides along
 * the outer axes have equal byte offsets in each row, so they share the variable.
 */
function assignRows(accesses: readonly Access[], newLocal: () => number): Row[] {
  const rows = new Map<string, Row>();
  for (const each of accesses) {
    const bytes = each.strides.slice(0, -1).map((stride) => stride * each.width);
    const { advance } = each.value;
    if (advance === undefined && bytes.every((step) => step === 0)) continue;
    const perIteration = (advance?.elements ?? 0) * each.width;
    const key = `${bytes} ${perIteration}`;
    const row = rows.get(key) ?? { bytes, counter: advance?.counter, perIteration, local: newLocal() };
    rows.set(key, row);
    each.row = row.local;
  }
  return [...rows.values()];
}

const isLocals = (operand: Locals | Value): operand is Locals => Array.isArray(operand);

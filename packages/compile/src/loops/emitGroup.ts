import { Code, i32, type ValueType, v128 } from "../assembling/assembler.ts";
import type { Value } from "../memory/layout.ts";
import { type Buffer, rowMajorStrides } from "../memory/layout.ts";
import { elementwise } from "./elementwise.ts";
import { broadcastTo, type Group, mergeAxes } from "./groups.ts";

/** An operand that the loop loads, or a result that it stores. */
interface Access {
  readonly value: Value;
  /** The strides along the merged axes, in elements. */
  strides: readonly number[];
  /** The local with the byte offset of the current row, if it changes. */
  row?: number;
}

/** The largest number of vectors of a row that are written out instead of looped over. */
const maxUnrolled = 8;

/**
 * Emits a group as a loop over vectors of 16 bytes, nested in loops over the other axes. The last vector of a row may be
 * incomplete: then its lanes are stored one by one. `stored` has the results that other instructions read. `addressOf`
 * returns the address of a value's first element.
 */
export function emitGroup(
  { shape, dtype, steps }: Group,
  stored: ReadonlySet<Buffer>,
  addressOf: (value: Value) => number,
): { code: Code; locals: ValueType[] } {
  const width = dtype === "float32" ? 4 : 8;
  const lanes = 16 / width;
  const produced = new Set(steps.map(({ output }) => output.buffer));
  const keyOf = (x: Value) => `${x.buffer.id} ${x.offset} ${broadcastTo(x, shape)}`;
  const loads = new Map<string, Access>();
  for (const { inputs } of steps)
    for (const x of inputs)
      if (x.uniform === undefined && !produced.has(x.buffer))
        loads.set(keyOf(x), { value: x, strides: broadcastTo(x, shape) });
  const results: Access[] = steps
    .filter(({ output }) => stored.has(output.buffer))
    .map(({ output }) => ({ value: output, strides: rowMajorStrides(shape) }));
  const accesses = [...loads.values(), ...results];
  const merged = mergeAxes(shape, accesses.map(({ strides }) => strides)); // biome-ignore format: reads best on one line
  for (const [k, access] of accesses.entries()) access.strides = merged.strides[k]!;
  const rank = merged.shape.length;
  const n = merged.shape[rank - 1] ?? 1;

  const code = new Code();
  const locals: ValueType[] = [];
  const newLocal = (type: ValueType): number => locals.push(type) - 1;
  // Operands with the same strides along the outer axes share a local.
  const rows = new Map<string, { readonly strides: readonly number[]; readonly local: number }>();
  for (const access of accesses) {
    const outer = access.strides.slice(0, -1);
    if (outer.every((step) => step === 0)) continue;
    const known = rows.get(outer.join()) ?? { strides: outer, local: newLocal(i32) };
    rows.set(outer.join(), known);
    access.row = known.local;
  }
  const column = newLocal(i32);
  const vectors = new Map<string | Buffer, number>();
  for (const key of loads.keys()) vectors.set(key, newLocal(v128));
  for (const { output } of steps) vectors.set(output.buffer, newLocal(v128));

  const pushAddress = (access: Access, usesColumn: boolean) => {
    if (access.row !== undefined) code.get(access.row);
    if (usesColumn) code.get(column);
    if (access.row !== undefined && usesColumn) code.add();
    if (access.row === undefined && !usesColumn) code.i32(0);
  };
  const isContiguous = (access: Access) => access.strides.at(-1) === 1;

  /** Emits one vector of each operand and result, at the byte `fixed` of the row, plus the column. */
  const emitVector = (fixed: number, usesColumn: boolean, count: number) => {
    for (const [key, access] of loads) {
      if (!isContiguous(access)) continue;
      pushAddress(access, usesColumn);
      code.load(addressOf(access.value) + fixed).set(vectors.get(key)!);
    }
    for (const { step, inputs, output } of steps) {
      const get = (k: number) => {
        const x = inputs[k]!;
        if (x.uniform !== undefined) code.splat(width, x.uniform);
        else code.get(vectors.get(produced.has(x.buffer) ? x.buffer : keyOf(x))!);
      };
      elementwise.get(step.op)!(code, get, width);
      code.set(vectors.get(output.buffer)!);
    }
    for (const access of results) {
      const [at, vector] = [addressOf(access.value) + fixed, vectors.get(access.value.buffer)!];
      const storing = () => {
        pushAddress(access, usesColumn);
        return code.get(vector);
      };
      if (count === lanes) storing().store(at);
      else if (width === 8) storing().storeLane64(at, 0);
      else {
        if (count >= 2) storing().storeLane64(at, 0);
        if (count % 2 === 1) storing().storeLane32(at + 4 * (count - 1), count - 1);
      }
    }
  };
  const emitRow = () => {
    for (const [key, access] of loads) {
      if (isContiguous(access)) continue;
      pushAddress(access, false);
      code.loadSplat(width, addressOf(access.value)).set(vectors.get(key)!);
    }
    const whole = Math.floor(n / lanes);
    if (whole <= maxUnrolled && whole * steps.length <= 200) {
      for (let i = 0; i < whole; i++) emitVector(16 * i, false, lanes);
    } else {
      code.i32(0).set(column).loop();
      emitVector(0, true, lanes);
      code
        .get(column)
        .i32(16)
        .add()
        .tee(column)
        .i32(16 * whole)
        .isBelow()
        .repeatIf()
        .end();
    }
    if (n % lanes > 0) emitVector(16 * whole, false, n % lanes);
  };
  const counters = merged.shape.slice(0, -1).map(() => newLocal(i32));
  const emitAxis = (axis: number) => {
    if (axis >= rank - 1) return emitRow();
    code.i32(0).set(counters[axis]!).loop();
    emitAxis(axis + 1);
    for (const { strides, local } of rows.values()) {
      const inner = axis + 1 < strides.length ? strides[axis + 1]! * merged.shape[axis + 1]! : 0;
      const advance = strides[axis]! - inner;
      if (advance !== 0)
        code
          .get(local)
          .i32(advance * width)
          .add()
          .set(local);
    }
    code.get(counters[axis]!).i32(1).add().tee(counters[axis]!).i32(merged.shape[axis]!).isBelow().repeatIf().end();
  };
  for (const { local } of rows.values()) code.i32(0).set(local);
  emitAxis(0);
  return { code, locals };
}

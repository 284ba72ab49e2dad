import { sizeOf } from "@wengert/core/extend";
import { type Code, type ValueType, v128 } from "../assembling/assembler.ts";
import { type GroupSum, sumBytes } from "./groups.ts";
import type { Access, Position } from "./vectors.ts";

// The sums of a group. As in `rowSums` and `columnSums` of the kernels, entry l of a slice is added to partial sum l mod 8,
// in float64, and the result is ((s₀ + s₄) + (s₂ + s₆)) + ((s₁ + s₅) + (s₃ + s₇)). So the bits are those of eager sums.

/** The code of a sum at the places of the loop where it runs. */
export interface SumCode {
  /** Before the first row of the slices. */
  readonly start: () => void;
  /** Before each row, if the sum is of rows. */
  readonly startRow: () => void;
  /** Adds one vector of the summed result, in the local `vector`, which may be changed. */
  readonly add: (vector: number, position: Position) => void;
  /** After each row of the leading axes, or after each slice of the trailing axes. */
  readonly endRow: () => void;
  /** After the last row. */
  readonly end: () => void;
}

interface SumContext {
  readonly code: Code;
  readonly width: 4 | 8;
  readonly newLocal: (type: ValueType) => number;
  /** The output, with the strides of the merged axes. */
  readonly access: Access;
}

/** Emits two doubles as two elements of the output, divided by the divisor. */
const emitDivided = (code: Code, divisor: number): void => {
  if (divisor !== 1) code.splat(8, divisor).vector("div", 8);
};

/** Returns the doubles that an incomplete vector adds: the lanes beyond the row count as 0. */
function emitMasked(code: Code, width: 4 | 8, vector: number, count: number): void {
  if (count < 16 / width) code.get(vector).firstLanes(width, count).bits("and").set(vector);
}

/** The sums of the rows. The partial sums are in four locals. */
export function rowSum({ divisor }: GroupSum, { code, width, newLocal, access }: SumContext): SumCode {
  const partial = [0, 1, 2, 3].map(() => newLocal(v128));
  const addTo = (k: number, push: () => void) => {
    code.get(partial[k]!);
    push();
    code.vector("add", 8).set(partial[k]!);
  };
  return {
    start: () => {},
    startRow: () => {
      for (const local of partial) code.zeros().set(local);
    },
    add: (vector, { at, count }) => {
      emitMasked(code, width, vector, count);
      const first = (at % 8) / 2;
      if (width === 8) addTo(first, () => code.get(vector));
      else {
        addTo(first, () => code.get(vector).promoteLow());
        if (count > 2) addTo(first + 1, () => code.get(vector).get(vector).promoteHigh());
      }
    },
    endRow: () => {
      const [a, b, c, d] = partial as [number, number, number, number];
      code.get(a).get(c).vector("add", 8).get(b).get(d).vector("add", 8).vector("add", 8).set(a);
      if (access.row !== undefined) code.get(access.row);
      else code.i32(0);
      code.get(a).extractDouble(0).get(a).extractDouble(1).scalar("addDoubles");
      if (divisor !== 1) code.f64(divisor).scalar("divideDoubles");
      if (width === 4) code.scalar("toSingle");
      code.storeNumber(width, access.address);
    },
    end: () => {},
  };
}

/**
 * The sums of the columns. The partial sums are in memory at `sums`, as eight rows of doubles. `position` is an access to the
 * first of these rows, and `phase` the local with the byte offset of the current one.
 */
export function columnSum(
  { computed, divisor }: GroupSum,
  { code, width, access }: SumContext,
  sums: Access,
  { phase, column, isFirst }: { readonly phase: number; readonly column: number; readonly isFirst: boolean },
): SumCode {
  const n = sizeOf(computed.output.shape);
  const pushAddress = (usesColumn: number | undefined) => {
    code.get(phase);
    if (sums.row !== undefined) code.get(sums.row).scalar("add");
    if (usesColumn !== undefined) {
      code.get(usesColumn);
      if (width === 4) code.i32(1).scalar("shiftLeft");
      code.scalar("add");
    }
  };
  return {
    start: () => {
      code.i32(sums.address).i32(0).i32(sumBytes(computed)).fill();
      if (isFirst) code.i32(0).set(phase);
    },
    startRow: () => {},
    add: (vector, { at, column: own, count }) => {
      emitMasked(code, width, vector, count);
      const addAt = (offset: number, push: () => void) => {
        pushAddress(own);
        pushAddress(own);
        code.load(offset);
        push();
        code.vector("add", 8).store(offset);
      };
      const offset = sums.address + 8 * at;
      if (width === 8) addAt(offset, () => code.get(vector));
      else {
        addAt(offset, () => code.get(vector).promoteLow());
        if (count > 2) addAt(offset + 16, () => code.get(vector).get(vector).promoteHigh());
      }
    },
    endRow: () => {
      if (!isFirst) return;
      // the next of the eight rows, or the first after the last
      code
        .get(phase)
        .i32(8 * n)
        .scalar("add")
        .tee(phase)
        .get(phase);
      code
        .i32(64 * n)
        .scalar("differs")
        .scalar("mul")
        .set(phase);
    },
    end: () => {
      const emitPair = (usesColumn: boolean, at: number, count: number) => {
        if (usesColumn) code.get(column);
        else code.i32(0);
        for (const order of [[0, 4], [2, 6], undefined, [1, 5], [3, 7], undefined, undefined]) {
          if (order === undefined) code.vector("add", 8);
          else {
            for (const k of order) {
              if (usesColumn)
                code
                  .get(column)
                  .i32(width === 4 ? 1 : 0)
                  .scalar("shiftLeft");
              else code.i32(0);
              code.load(sums.address + 8 * (k * n + at));
            }
            code.vector("add", 8);
          }
        }
        emitDivided(code, divisor);
        if (width === 4) code.demote();
        // the address is below the vector
        const address = access.address + at * width;
        if (count === 1) code.storeLane(width, address, 0);
        else if (width === 4) code.storeLane(8, address, 0);
        else code.store(address);
      };
      const pairs = Math.floor(n / 2);
      if (pairs > 4) {
        code.i32(0).set(column).loop();
        emitPair(true, 0, 2);
        code
          .get(column)
          .i32(2 * width)
          .scalar("add")
          .tee(column)
          .i32(2 * width * pairs)
          .scalar("isBelow")
          .repeatIf()
          .end();
      } else for (let k = 0; k < pairs; k++) emitPair(false, 2 * k, 2);
      if (n % 2 === 1) emitPair(false, n - 1, 1);
    },
  };
}

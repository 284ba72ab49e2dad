import { sizeOf } from "@wengert/core/extend";
import { type Code, type ValueType, v128 } from "../assembling/assembler.ts";
import { type GroupSum, sumBytes } from "./groups.ts";
import type { Access, Position } from "./vectors.ts";

// Sums of the results of a fused loop. Entry l of a row or column is added, in float64, to the partial sum sₖ with k =
// l mod 8. The result is ((s₀ + s₄) + (s₂ + s₆)) + ((s₁ + s₅) + (s₃ + s₇)). The kernels `rowSums` and `columnSums` add
// in the same order, so the bits are those of eager sums.

/** Functions that emit the code of a sum, for different places in a fused loop, such as the start of each row. */
export interface SumCode {
  /** Emits code that initializes the sum, before the loop over all rows. */
  readonly start: () => void;
  /** Emits code of the sum that runs at the start of each row. */
  readonly startRow: () => void;
  /**
   * Emits the addition of one vector, which the local variable `vector` holds. The emitted code may change this
   * variable.
   */
  readonly add: (vector: number, position: Position) => void;
  /** Emits code of the sum that runs at the end of each row. */
  readonly endRow: () => void;
  /** Emits code of the sum that runs once, after the loop over all rows. */
  readonly end: () => void;
}

interface SumContext {
  readonly code: Code;
  readonly width: 4 | 8;
  readonly newLocal: (type: ValueType) => number;
  /** The output tensor of the sum: its address, and its strides along the axes of the fused loop. */
  readonly access: Access;
}

/** Emits code that divides a vector of two float64 sums by `divisor`, the number of terms of a mean. */
const emitDivided = (code: Code, divisor: number): void => {
  if (divisor !== 1) code.splat(8, divisor).vector("div", 8);
};

/**
 * Sets all lanes after the first `count` lanes of a vector to 0, so that the lanes beyond the end of a row do not
 * change the sum.
 */
function emitMasked(code: Code, width: 4 | 8, vector: number, count: number): void {
  if (count < 16 / width) code.get(vector).firstLanes(width, count).bits("and").set(vector);
}

/**
 * Emits code that sums each row of a tensor. Four local variables, each a vector of two float64 numbers, hold the eight
 * partial sums.
 */
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
 * Emits code that sums each column of a tensor. Scratch memory holds an array with eight rows of partial sums in
 * float64. Row l of the tensor is added to row l mod 8 of this array. The local variable `phase` holds the byte offset
 * of row l mod 8. `sums` describes row 0 of the array.
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
      // Moves the byte offset `phase` from one of the eight rows of partial sums to the next row, and from the last row
      // to the first row.
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
        // The store instruction takes the address that was pushed before the vector.
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

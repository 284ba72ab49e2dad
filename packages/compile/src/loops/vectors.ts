import type { Code } from "../assembling/assembler.ts";
import type { Value } from "../memory/layout.ts";

// Loads and stores one vector: four float32 or two float64. In memory, a bool takes one byte. In a vector, a bool is a
// mask that fills a whole lane. A loop of float64 converts the float32 numbers that it loads.

/** A tensor that a fused loop loads or stores. */
export interface Access {
  readonly value: Value;
  /** The address of a tensor's first element in WebAssembly memory. */
  readonly address: number;
  /** The number of bytes of an element in memory. */
  readonly width: 1 | 4 | 8;
  /** The strides of the tensor along the axes of the loop, in elements. */
  strides: readonly number[];
  /** The local variable with the byte offset of the current row. Missing if this offset is always 0. */
  row?: number;
}

/** The position of a 16-byte vector in a row of a tensor. */
export interface Position {
  /**
   * The index of the first element of a 16-byte vector, counted from the start of the row, or from `column` if `column`
   * is defined.
   */
  readonly at: number;
  /**
   * The local variable with the byte offset of the current column in a row of floats. Undefined if the position in the
   * row is fixed.
   */
  readonly column: number | undefined;
  /**
   * The number of lanes of a 16-byte vector that hold elements. Only the last vector of a row can have unused lanes.
   */
  readonly count: number;
}

/**
 * Emits code that pushes the byte offset of an element: the offset of its row, plus `step` times the offset of its
 * column.
 */
function pushOffset(code: Code, { row, width }: Access, column: number | undefined, floatWidth: 4 | 8, step = 1): void {
  if (row !== undefined) code.get(row);
  if (column !== undefined) {
    code.get(column);
    if (width < floatWidth) code.i32(Math.log2(floatWidth / width)).scalar("shiftRight");
    else if (step !== 1) code.i32(step).scalar("mul");
    if (row !== undefined) code.scalar("add");
  } else if (row === undefined) code.i32(0);
}

export const innerStride = ({ strides }: Access): number => strides.at(-1) ?? 0;

/** Emits code that loads one element of the operand, and repeats it in all lanes of the local variable `vector`. */
export function emitRepeated(code: Code, access: Access, width: 4 | 8, vector: number): void {
  pushOffset(code, access, undefined, width);
  if (access.width === 1) code.loadMaskSplat(access.address);
  else if (access.width < width) code.loadSplat(4, access.address).promoteLow();
  else code.loadSplat(width, access.address);
  code.set(vector);
}

/** Emits code that sets the local `vector` to elements of an operand. Strided elements are loaded one by one. */
export function emitLoad(
  code: Code,
  access: Access,
  width: 4 | 8,
  { at, column, count }: Position,
  vector: number,
): void {
  const step = innerStride(access);
  const address = access.address + at * step * access.width;
  pushOffset(code, access, column, width, step);
  if (access.width === 1) code.loadMask(width, address);
  else if (access.width < width) code.load(address).promoteLow();
  else if (step === 1) code.load(address);
  else {
    code.loadFirst(width, address);
    for (let lane = 1; lane < count; lane++) {
      code.set(vector);
      pushOffset(code, access, column, width, step);
      code.get(vector).loadLane(width, address + lane * step * width, lane);
    }
  }
  code.set(vector);
}

/** Emits code that stores the lanes of the local `vector` that belong to the row. May change the vector. */
export function emitStore(
  code: Code,
  access: Access,
  width: 4 | 8,
  { at, column, count }: Position,
  vector: number,
): void {
  const address = access.address + at * access.width;
  const lanes = 16 / width;
  if (access.width === 1) code.get(vector).packMask(width).set(vector);
  else if (count === lanes) {
    pushOffset(code, access, column, width);
    code.get(vector).store(address);
    return;
  }
  for (let done = 0; done < count; ) {
    const fits = [8, 4, 2, 1].find((n) => done + n <= count && n * access.width <= 8)!;
    pushOffset(code, access, column, width);
    code.get(vector).storeLane((fits * access.width) as 1 | 2 | 4 | 8, address + done * access.width, done / fits);
    done += fits;
  }
}

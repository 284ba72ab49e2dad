// A small assembler of WebAssembly modules (the WebAssembly specification, sections "Binary Format" and "Instructions").
// A module imports one memory and functions, and exports the functions that it defines.

export const i32 = 0x7f;
const f32 = 0x7d;
export const f64 = 0x7c;
export const v128 = 0x7b;
export type ValueType = typeof i32 | typeof f32 | typeof f64 | typeof v128;

/** Encodes an integer as signed LEB128. */
function signed(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n | 0; ; ) {
    const byte = rest & 127;
    rest >>= 7;
    const isLast = (rest === 0 && (byte & 64) === 0) || (rest === -1 && (byte & 64) !== 0);
    bytes.push(isLast ? byte : byte | 128);
    if (isLast) return bytes;
  }
}

/** Encodes an integer as unsigned LEB128. */
function unsigned(n: number): number[] {
  const bytes: number[] = [];
  let rest = n >>> 0;
  do {
    const byte = rest & 127;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 128);
  } while (rest !== 0);
  return bytes;
}

const name = (text: string): number[] => [...unsigned(text.length), ...Array.from(text, (c) => c.charCodeAt(0))];
const bytesOf = (x: number, width: 4 | 8): Uint8Array =>
  new Uint8Array((width === 4 ? Float32Array.of(x) : Float64Array.of(x)).buffer);
const [zeroBytes, oneBytes] = [0, 1].map((byte) => new Uint8Array(16).fill(byte)) as [Uint8Array, Uint8Array];

/** The opcodes of vector operations on floats: first for a vector of four float32, then for a vector of two float64. */
const vectorOps = {
  eq: [0x41, 0x47],
  ne: [0x42, 0x48],
  lt: [0x43, 0x49],
  gt: [0x44, 0x4a],
  le: [0x45, 0x4b],
  ge: [0x46, 0x4c],
  abs: [0xe0, 0xec],
  neg: [0xe1, 0xed],
  sqrt: [0xe3, 0xef],
  add: [0xe4, 0xf0],
  sub: [0xe5, 0xf1],
  mul: [0xe6, 0xf2],
  div: [0xe7, 0xf3],
  min: [0xe8, 0xf4],
  max: [0xe9, 0xf5],
} as const;
export type VectorOp = keyof typeof vectorOps;

/**
 * The opcodes of operations on the bits of vectors. `select` takes vectors a and b and a mask, and returns the bits of
 * a where the mask is 1, and the bits of b where the mask is 0.
 */
const bitOps = { not: 0x4d, and: 0x4e, or: 0x50, xor: 0x51, select: 0x52 } as const;
export type BitOp = keyof typeof bitOps;

/** Operations on i32 and f64 numbers, and conversions between f64 and f32. */
const scalarOps = {
  add: 0x6a,
  mul: 0x6c,
  shiftLeft: 0x74,
  shiftRight: 0x76,
  isBelow: 0x49,
  differs: 0x47,
  addDoubles: 0xa0,
  divideDoubles: 0xa3,
  toSingle: 0xb6,
} as const;
export type ScalarOp = keyof typeof scalarOps;

/**
 * A byte array that grows. Bytes are copied in bulk, because the JavaScript engine has not yet optimized this code when
 * `compile` assembles a module.
 */
class Bytes {
  #bytes: Uint8Array = new Uint8Array(1024);
  #size = 0;

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
  put(byte: number): void {
    if (this.#size === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#size++] = byte;
  }
  /** Appends two bytes. */
  putBoth(first: number, second: number): void {
    if (this.#size + 2 > this.#bytes.length) this.#grow(2);
    this.#bytes[this.#size] = first;
    this.#bytes[this.#size + 1] = second;
    this.#size += 2;
  }
  unsigned(n: number): void {
    let rest = n >>> 0;
    for (; rest > 127; rest >>>= 7) this.put((rest & 127) | 128);
    this.put(rest);
  }
  putAll(bytes: ArrayLike<number>): void {
    if (this.#size + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
  }
  #grow(count: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#size + count));
    grown.set(this.view);
    this.#bytes = grown;
  }
}

/**
 * The body of a WebAssembly function. Each method appends one instruction, unless the comment of the method says that
 * it appends several instructions.
 */
export class Code {
  readonly #bytes = new Bytes();

  /** The bytes of all instructions that were appended so far. */
  get bytes(): Uint8Array {
    return this.#bytes.view;
  }
  #put(byte: number, more?: ArrayLike<number>): this {
    this.#bytes.put(byte);
    if (more !== undefined) this.#bytes.putAll(more);
    return this;
  }
  #unsigned(n: number): this {
    this.#bytes.unsigned(n);
    return this;
  }
  /** Appends an opcode and an unsigned number, such as the index of a local variable. */
  #withIndex(op: number, n: number): this {
    if (n < 128) this.#bytes.putBoth(op, n);
    else {
      this.#bytes.put(op);
      this.#bytes.unsigned(n);
    }
    return this;
  }
  #vector(op: number): this {
    return this.#withIndex(0xfd, op);
  }
  /** Appends a vector instruction that accesses memory with the given alignment, as a power of 2. */
  #access(op: number, alignment: number, offset: number): this {
    return this.#vector(op).#put(alignment).#unsigned(offset);
  }

  /**
   * Composes a vector from bytes of two vectors. The indices 0 to 15 select bytes of the first vector, and the indices
   * 16 to 31 select bytes of the second vector.
   */
  #shuffle(bytes: readonly number[]): this {
    this.#vector(13).#bytes.putAll(bytes);
    return this;
  }

  get(local: number): this {
    return this.#withIndex(0x20, local);
  }
  set(local: number): this {
    return this.#withIndex(0x21, local);
  }
  tee(local: number): this {
    return this.#withIndex(0x22, local);
  }
  i32(n: number): this {
    return this.#put(0x41, signed(n));
  }
  f64(x: number): this {
    return this.#put(0x44, bytesOf(x, 8));
  }
  call(index: number): this {
    return this.#withIndex(0x10, index);
  }
  loop(): this {
    return this.#put(0x03).#put(0x40);
  }
  end(): this {
    return this.#put(0x0b);
  }
  /** Continues the innermost loop if the top of the stack is not 0. */
  repeatIf(): this {
    return this.#put(0x0d).#put(0);
  }
  scalar(op: ScalarOp): this {
    return this.#put(scalarOps[op]);
  }
  loadInteger(offset: number): this {
    return this.#put(0x28).#put(2).#unsigned(offset);
  }
  storeInteger(offset: number): this {
    return this.#put(0x36).#put(2).#unsigned(offset);
  }
  /** Stores the f32 or f64 at the top of the stack. */
  storeNumber(width: 4 | 8, offset: number): this {
    return (width === 4 ? this.#put(0x38).#put(2) : this.#put(0x39).#put(3)).#unsigned(offset);
  }
  /** Fills memory with a byte. Takes the address, the byte and the length from the stack. */
  fill(): this {
    return this.#put(0xfc).#put(11).#put(0);
  }

  load(offset: number): this {
    return this.#access(0, 4, offset);
  }
  /** Loads one float and repeats it in all lanes. */
  loadSplat(width: 4 | 8, offset: number): this {
    return width === 4 ? this.#access(9, 2, offset) : this.#access(10, 3, offset);
  }
  /** Loads one float into lane 0, and sets the other lanes to 0. */
  loadFirst(width: 4 | 8, offset: number): this {
    return width === 4 ? this.#access(92, 2, offset) : this.#access(93, 3, offset);
  }
  /** Replaces one lane of a vector by the float at an address. */
  loadLane(width: 4 | 8, offset: number, lane: number): this {
    return (width === 4 ? this.#access(86, 2, offset) : this.#access(87, 3, offset)).#put(lane);
  }
  /** Loads one byte per lane, 0 or 1, as a mask. Appends several instructions. */
  loadMask(width: 4 | 8, offset: number): this {
    if (width === 4)
      this.#access(92, 2, offset); // load32_zero
    else this.#access(8, 1, offset); // load16_splat
    this.#vector(0x89).#vector(0xa9); // bytes to 16 bits, to 32 bits
    if (width === 8) this.#vector(0xc9); // to 64 bits
    return this.zeros().#vector(width === 4 ? 0x38 : 0xd7); // ne
  }
  /** Loads one byte, 0 or 1, as a mask for all lanes. Appends several instructions. */
  loadMaskSplat(offset: number): this {
    return this.#access(7, 0, offset).zeros().#vector(0x24); // load8_splat, i8x16.ne
  }
  store(offset: number): this {
    return this.#access(11, 4, offset);
  }
  /** Stores one lane of a vector. The lane has 1, 2, 4 or 8 bytes. */
  storeLane(width: 1 | 2 | 4 | 8, offset: number, lane: number): this {
    const log = Math.log2(width);
    return this.#access(88 + log, log, offset).#put(lane);
  }
  /** Converts each lane of a mask to a byte, 0 or 1, at the start of the vector. Appends several instructions. */
  packMask(width: 4 | 8): this {
    const lanes = Array.from({ length: 16 }, (_, i) => (i * width) % 16);
    return this.#bytes16(oneBytes).bits("and").zeros().#shuffle(lanes);
  }
  /** A vector of 16 bytes. */
  #bytes16(bytes: ArrayLike<number>): this {
    this.#vector(12).#bytes.putAll(bytes);
    return this;
  }
  zeros(): this {
    return this.#bytes16(zeroBytes);
  }
  /** A mask that is set in the first `count` lanes. */
  firstLanes(width: 4 | 8, count: number): this {
    return this.#bytes16(Array.from({ length: 16 }, (_, i) => (i < count * width ? 255 : 0)));
  }
  /** A constant with the same float in all lanes. */
  splat(width: 4 | 8, x: number): this {
    const lane = bytesOf(x, width);
    this.#vector(12);
    for (let i = 0; i < 16; i += width) this.#bytes.putAll(lane);
    return this;
  }
  vector(op: VectorOp, width: 4 | 8): this {
    return this.#vector(vectorOps[op][width === 4 ? 0 : 1]);
  }
  bits(op: BitOp): this {
    return this.#vector(bitOps[op]);
  }
  /** Converts lanes 0 and 1 of a float32 vector to a vector of two float64 numbers. */
  promoteLow(): this {
    return this.#vector(0x5f);
  }
  /**
   * Converts lanes 2 and 3 of a float32 vector to a vector of two float64 numbers. The caller must push the float32
   * vector twice. Appends several instructions.
   */
  promoteHigh(): this {
    return this.#shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]).promoteLow();
  }
  /** Returns the first halves of two vectors as one vector. */
  joinHalves(): this {
    return this.#shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
  }
  /** Converts two doubles to floats in the lanes 0 and 1. */
  demote(): this {
    return this.#vector(0x5e);
  }
  /** Returns one of two doubles. */
  extractDouble(lane: 0 | 1): this {
    return this.#vector(0x21).#put(lane);
  }
}

/**
 * The largest size of a shared memory, in pages of 64 kB. WebAssembly requires that a shared memory declares its
 * largest size.
 */
const maxSharedPages = 2 ** 15;

export class ModuleBuilder {
  readonly #types: number[][] = [];
  readonly #typeKeys: string[] = [];
  readonly #imports: number[][] = [];
  readonly #imported = new Map<string, number>();
  readonly #functions: { readonly type: number; readonly body: Uint8Array }[] = [];
  readonly #exports: number[][] = [];

  /** Imports a function. Returns its index. All imports come before the first definition. */
  importFunction(
    module: string,
    field: string,
    params: readonly ValueType[],
    results: readonly ValueType[] = [],
  ): number {
    const known = this.#imported.get(field);
    if (known !== undefined) return known;
    const index = this.#imported.size;
    this.#imported.set(field, index);
    this.#imports.push([...name(module), ...name(field), 0, ...unsigned(this.#type(params, results))]);
    return index;
  }

  /** Defines and exports a function without params and results. Returns its index. */
  define(field: string, locals: readonly ValueType[], code: Code): number {
    const index = this.#imported.size + this.#functions.length;
    const content = new Bytes();
    content.unsigned(locals.length);
    for (const type of locals) content.putAll([1, type]);
    content.putAll(code.bytes);
    content.put(0x0b);
    const body = new Bytes();
    body.unsigned(content.view.length);
    body.putAll(content.view);
    this.#functions.push({ type: this.#type([]), body: body.view });
    this.#exports.push([...name(field), 0, ...unsigned(index)]);
    return index;
  }

  /**
   * Returns the WebAssembly module as a binary. The module imports the memory `env.memory`, which threads can share if
   * `isShared` is true.
   */
  binary(isShared: boolean): Uint8Array {
    const limits = isShared ? [3, 1, ...unsigned(maxSharedPages)] : [0, 1];
    const memory = [...name("env"), ...name("memory"), 2, ...limits];
    const bytes = new Bytes();
    bytes.putAll([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const put = (id: number, entries: readonly ArrayLike<number>[]) => {
      const count = unsigned(entries.length);
      bytes.put(id);
      bytes.unsigned(entries.reduce((sum, entry) => sum + entry.length, count.length));
      bytes.putAll(count);
      for (const entry of entries) bytes.putAll(entry);
    };
    put(1, this.#types);
    put(2, [memory, ...this.#imports]);
    put(3, this.#functions.map(({ type }) => unsigned(type))); // biome-ignore format: reads best on one line
    put(7, this.#exports);
    put(10, this.#functions.map(({ body }) => body)); // biome-ignore format: reads best on one line
    return bytes.view;
  }

  #type(params: readonly ValueType[], results: readonly ValueType[] = []): number {
    const key = `${params} ${results}`;
    const known = this.#typeKeys.indexOf(key);
    if (known >= 0) return known;
    this.#types.push([0x60, ...unsigned(params.length), ...params, ...unsigned(results.length), ...results]);
    return this.#typeKeys.push(key) - 1;
  }
}

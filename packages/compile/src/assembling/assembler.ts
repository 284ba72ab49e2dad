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
const bytesOf = (x: number, width: 4 | 8): number[] => [
  ...new Uint8Array((width === 4 ? Float32Array.of(x) : Float64Array.of(x)).buffer),
];

/** Vector operations on floats: the code for four float32, and for two float64. */
const vectorOps = {
  abs: [0xe0, 0xec],
  neg: [0xe1, 0xed],
  sqrt: [0xe3, 0xef],
  add: [0xe4, 0xf0],
  sub: [0xe5, 0xf1],
  mul: [0xe6, 0xf2],
  div: [0xe7, 0xf3],
  max: [0xe9, 0xf5],
  gt: [0x44, 0x4a],
} as const;
export type VectorOp = keyof typeof vectorOps;

/** The body of a function. Each method appends one instruction. */
export class Code {
  readonly bytes: number[] = [];

  #put(...bytes: readonly number[]): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }
  #vector(op: number, ...rest: readonly number[]): this {
    return this.#put(0xfd, ...unsigned(op), ...rest);
  }

  get(local: number): this {
    return this.#put(0x20, ...unsigned(local));
  }
  set(local: number): this {
    return this.#put(0x21, ...unsigned(local));
  }
  tee(local: number): this {
    return this.#put(0x22, ...unsigned(local));
  }
  i32(n: number): this {
    return this.#put(0x41, ...signed(n));
  }
  f32(x: number): this {
    return this.#put(0x43, ...bytesOf(x, 4));
  }
  f64(x: number): this {
    return this.#put(0x44, ...bytesOf(x, 8));
  }
  call(index: number): this {
    return this.#put(0x10, ...unsigned(index));
  }
  loop(): this {
    return this.#put(0x03, 0x40);
  }
  end(): this {
    return this.#put(0x0b);
  }
  /** Continues the innermost loop if the top of the stack is not 0. */
  repeatIf(): this {
    return this.#put(0x0d, 0);
  }
  add(): this {
    return this.#put(0x6a);
  }
  isBelow(): this {
    return this.#put(0x49);
  }
  load(offset: number): this {
    return this.#vector(0, 4, ...unsigned(offset));
  }
  /** Loads one float and repeats it in all lanes. */
  loadSplat(width: 4 | 8, offset: number): this {
    return width === 4 ? this.#vector(9, 2, ...unsigned(offset)) : this.#vector(10, 3, ...unsigned(offset));
  }
  store(offset: number): this {
    return this.#vector(11, 4, ...unsigned(offset));
  }
  storeLane32(offset: number, lane: number): this {
    return this.#vector(90, 2, ...unsigned(offset), lane);
  }
  storeLane64(offset: number, lane: number): this {
    return this.#vector(91, 3, ...unsigned(offset), lane);
  }
  /** A constant with the same float in all lanes. */
  splat(width: 4 | 8, x: number): this {
    const lane = bytesOf(x, width);
    return this.#vector(12, ...lane, ...lane, ...(width === 4 ? [...lane, ...lane] : []));
  }
  vector(op: VectorOp, width: 4 | 8): this {
    return this.#vector(vectorOps[op][width === 4 ? 0 : 1]);
  }
  and(): this {
    return this.#vector(0x4e);
  }
}

export class ModuleBuilder {
  readonly #types: number[][] = [];
  readonly #typeKeys: string[] = [];
  readonly #imports: number[][] = [];
  readonly #imported = new Map<string, number>();
  readonly #functions: { readonly type: number; readonly body: number[] }[] = [];
  readonly #exports: number[][] = [];

  /** Imports a function without results. Returns its index. All imports come before the first definition. */
  importFunction(module: string, field: string, params: readonly ValueType[]): number {
    const known = this.#imported.get(field);
    if (known !== undefined) return known;
    const index = this.#imported.size;
    this.#imported.set(field, index);
    this.#imports.push([...name(module), ...name(field), 0, ...unsigned(this.#type(params))]);
    return index;
  }

  /** Defines and exports a function without params and results. Returns its index. */
  define(field: string, locals: readonly ValueType[], code: Code): number {
    const index = this.#imported.size + this.#functions.length;
    const declared = locals.flatMap((type) => [1, type]);
    const content = [...unsigned(locals.length), ...declared];
    for (const byte of code.bytes) content.push(byte);
    content.push(0x0b);
    this.#functions.push({ type: this.#type([]), body: [...unsigned(content.length)].concat(content) });
    this.#exports.push([...name(field), 0, ...unsigned(index)]);
    return index;
  }

  /** Returns the binary. It imports the memory `env.memory`. */
  binary(): Uint8Array {
    const memory = [...name("env"), ...name("memory"), 2, 0, 1];
    const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const put = (id: number, entries: readonly number[][]) => {
      const length = entries.reduce((sum, entry) => sum + entry.length, 0);
      const count = unsigned(entries.length);
      bytes.push(id, ...unsigned(count.length + length), ...count);
      for (const entry of entries) for (const byte of entry) bytes.push(byte);
    };
    put(1, this.#types);
    put(2, [memory, ...this.#imports]);
    put(3, this.#functions.map(({ type }) => unsigned(type))); // biome-ignore format: reads best on one line
    put(7, this.#exports);
    put(10, this.#functions.map(({ body }) => body)); // biome-ignore format: reads best on one line
    return Uint8Array.from(bytes);
  }

  #type(params: readonly ValueType[]): number {
    const key = params.join();
    const known = this.#typeKeys.indexOf(key);
    if (known >= 0) return known;
    this.#types.push([0x60, ...unsigned(params.length), ...params, 0]);
    return this.#typeKeys.push(key) - 1;
  }
}

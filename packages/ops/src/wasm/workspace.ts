import type { Data } from "@wengert/core/extend";
import type { Exports } from "./exports.ts";

const pageBytes = 65536;
const maxBytes = 2 ** 31 - pageBytes; // addresses are signed where JavaScript sees them

/** Entries for which a loop is as fast as `set`, which needs a view of them first; at 24 it takes 1.1 of the time. */
const loopLimit = 16;

/**
 * The memory of a loaded binary. A kernel call lays its operands out in it from the start, one behind the other, and leaves
 * nothing: there is nothing to free, and what ran before makes no difference. From `begin` to the last `read` nothing else
 * runs: a kernel call takes no function of anybody else.
 */
export class Workspace {
  readonly #memory: Exports["memory"];
  readonly #start: number;
  #end: number;
  #float64!: Float64Array;
  #float32!: Float32Array;
  #int32!: Int32Array;
  #bytes!: Uint8Array;

  constructor(exports: Exports) {
    this.#memory = exports.memory;
    this.#start = exports.free();
    this.#end = this.#start;
    this.#refreshViews();
  }

  /** Forgets all that was laid out, and makes room for `bytes`; whether there is room. */
  begin(bytes: number): boolean {
    this.#end = this.#start;
    if (this.#bytes.length === 0) this.#refreshViews(); // the memory has grown elsewhere
    const needed = this.#start + bytes + 1024;
    if (needed <= this.#bytes.length) return true;
    if (!(needed <= maxBytes)) return false;
    try {
      this.#memory.grow(Math.ceil((needed - this.#bytes.length) / pageBytes));
    } catch {
      // the host has no more, or allows no more
    }
    if (this.#bytes.length === 0) this.#refreshViews();
    return needed <= this.#bytes.length;
  }

  /** Views of the memory as it is: growing detaches those of before. */
  #refreshViews(): void {
    const { buffer } = this.#memory;
    this.#float64 = new Float64Array(buffer);
    this.#float32 = new Float32Array(buffer);
    this.#int32 = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  /** Returns the address of the next `bytes`, with 64 unused ones behind them. `begin` has made room for all. */
  allocate(bytes: number): number {
    const address = this.#end;
    this.#end += (bytes + 64 + 15) & ~15;
    return address;
  }

  /** Copies `count` entries of `data`, from number `from` on, to `address`. */
  write(address: number, data: Data, from: number, count: number): void {
    const view = this.#viewFor(data);
    const at = address / data.BYTES_PER_ELEMENT;
    if (count <= loopLimit) for (let l = 0; l < count; l++) view[at + l] = data[from + l]!;
    else view.set(from === 0 && count === data.length ? data : data.subarray(from, from + count), at);
  }

  /** Copies `count` entries from `address` to `data`, from number `to` on. */
  read(address: number, data: Data, to: number, count: number): void {
    const view = this.#viewFor(data);
    const at = address / data.BYTES_PER_ELEMENT;
    if (count <= loopLimit) for (let l = 0; l < count; l++) data[to + l] = view[at + l]!;
    else data.set(view.subarray(at, at + count), to);
  }

  #viewFor(data: Data): Data {
    if (data instanceof Float32Array) return this.#float32;
    if (data instanceof Float64Array) return this.#float64;
    return data instanceof Int32Array ? this.#int32 : this.#bytes;
  }
}

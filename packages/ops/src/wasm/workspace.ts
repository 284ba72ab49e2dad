import type { Data } from "@wengert/core/extend";
import type { LibraryExports } from "./exports.ts";

const pageBytes = 65536;
const maxBytes = 2 ** 31 - pageBytes; // JavaScript sees addresses as signed integers

/**
 * The number of entries up to which a copy by a loop is as fast as TypedArray.set, which needs a subarray. For 24
 * entries, the loop takes 1.1 times as long.
 */
const loopLimit = 16;

/**
 * The memory of a loaded WebAssembly binary. Each kernel call begins with empty memory and allocates its operands one
 * after the other. No other call can overwrite the operands before the results are read, because kernels take no
 * callbacks.
 */
export class Workspace {
  readonly #memory: LibraryExports["memory"];
  readonly #start: number;
  #end: number;
  #float64!: Float64Array;
  #float32!: Float32Array;
  #int32!: Int32Array;
  #bytes!: Uint8Array;

  constructor(exports: LibraryExports) {
    this.#memory = exports.memory;
    this.#start = exports.free();
    this.#end = this.#start;
    this.#refreshViews();
  }

  /** Discards all allocations and reserves `bytes` bytes. Returns whether enough memory is available. */
  begin(bytes: number): boolean {
    this.#end = this.#start;
    if (this.#bytes.length === 0) this.#refreshViews(); // the memory has grown elsewhere
    const needed = this.#start + bytes + 1024;
    if (needed <= this.#bytes.length) return true;
    if (!(needed <= maxBytes)) return false;
    try {
      this.#memory.grow(Math.ceil((needed - this.#bytes.length) / pageBytes));
    } catch {
      // The call of `grow` failed: the host has no more memory, or does not allow more.
    }
    if (this.#bytes.length === 0) this.#refreshViews();
    return needed <= this.#bytes.length;
  }

  /** Creates new views of the WebAssembly memory, because growing the memory detaches earlier views. */
  #refreshViews(): void {
    const { buffer } = this.#memory;
    this.#float64 = new Float64Array(buffer);
    this.#float32 = new Float32Array(buffer);
    this.#int32 = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  /**
   * Allocates `bytes` bytes in the WebAssembly memory, followed by 64 unused bytes, and returns the address. `begin`
   * must have reserved enough memory.
   */
  allocate(bytes: number): number {
    const address = this.#end;
    this.#end += (bytes + 64 + 15) & ~15;
    return address;
  }

  /** Fills `bytes` bytes from `address` on with zeros. */
  clear(address: number, bytes: number): void {
    this.#bytes.fill(0, address, address + bytes);
  }

  /** Copies `count` entries of `data`, starting at index `from`, to `address` in the WebAssembly memory. */
  write(address: number, data: Data, from: number, count: number): void {
    const view = this.#viewFor(data);
    const at = address / data.BYTES_PER_ELEMENT;
    if (count <= loopLimit) for (let l = 0; l < count; l++) view[at + l] = data[from + l]!;
    else view.set(from === 0 && count === data.length ? data : data.subarray(from, from + count), at);
  }

  /** Copies `count` entries from `address` in the WebAssembly memory to `data`, starting at index `to`. */
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

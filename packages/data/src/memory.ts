import { DataError } from "@wengert/core";
import { bytesText } from "./source.ts";

const perByte = 60;
const alwaysAllowed = 2 ** 28; // a small file may have many columns
const atMost = 1.75 * 2 ** 30; // keeps a Map below 2^24 entries and a list below 2^25, the limits of V8

/**
 * Counts the memory of a file's contents before the memory is allocated. A process that runs out of memory ends without
 * an error that it can catch. Objects may take 60 bytes for each byte of the file, but at least 256 MB are allowed. The
 * limit is never more than three quarters of the free heap.
 */
export class MemoryBudget {
  readonly #prefix: string;
  #objects: number;
  #all: number;

  constructor(prefix: string, fileBytes: number) {
    this.#prefix = prefix;
    this.#objects = Math.min(0.75 * freeHeap(), atMost, Math.max(alwaysAllowed, perByte * fileBytes));
    this.#all = freeMemory();
  }

  /**
   * Subtracts the memory of objects and strings from the memory that is left. `what` names these objects in the error
   * message.
   * @throws DataError if the objects take more memory than is left
   */
  takeObjects(bytes: number, what: string): void {
    if (bytes > this.#objects) throw this.#shortage(this.#objects, bytes, what);
    this.#objects -= bytes;
    this.takeArrays(bytes, what);
  }

  /**
   * Counts the memory of typed arrays, which is outside of the JavaScript heap.
   * @throws DataError if the arrays take more memory than is left
   */
  takeArrays(bytes: number, what: string): void {
    if (bytes > this.#all) throw this.#shortage(this.#all, bytes, what);
    this.#all -= bytes;
  }

  #shortage(left: number, bytes: number, what: string): DataError {
    return new DataError(
      `${this.#prefix} needs too much memory: ${what} would take ${bytesText(bytes)}, but only ${bytesText(Math.floor(left))} are left; read fewer columns with { columns }, or read the file in parts`,
    );
  }
}

interface Host {
  readonly process?: {
    readonly memoryUsage?: { rss(): number };
    readonly constrainedMemory?: () => number;
    readonly getBuiltinModule?: (name: string) => unknown;
  };
  /** Only Chromium has it. */
  readonly performance: { readonly memory?: { readonly jsHeapSizeLimit: number; readonly usedJSHeapSize: number } };
}
const host = globalThis as unknown as Host;

const unknownHeap = 2 ** 30;

function freeHeap(): number {
  const v8 = host.process?.getBuiltinModule?.("node:v8") as typeof import("node:v8") | undefined;
  const { memory } = host.performance;
  const statistics = v8?.getHeapStatistics();
  const free = statistics
    ? statistics.heap_size_limit - statistics.used_heap_size
    : memory && memory.jsHeapSizeLimit - memory.usedJSHeapSize;
  return free !== undefined && free > 0 ? free : unknownHeap;
}

/** Returns the number of bytes of memory that the machine or container has, minus the memory that this process uses. */
function freeMemory(): number {
  const os = host.process?.getBuiltinModule?.("node:os") as typeof import("node:os") | undefined;
  const used = host.process?.memoryUsage?.rss();
  if (os === undefined || used === undefined) return Number.POSITIVE_INFINITY;
  const limit = host.process?.constrainedMemory?.() || Number.POSITIVE_INFINITY; // 0 without a limit
  return Math.min(os.totalmem(), limit) - used;
}

import { ArgumentError, OutOfRangeError } from "@wengert/core";
import { show, withDefaults } from "@wengert/core/extend";
import type { Communicator, Reducible, Reduction } from "@wengert/train";
import { type ElementType, elementTypeOf } from "./abi.ts";
import { MpiError } from "./errors.ts";
import type { Library } from "./library.ts";

/**
 * The connection of the current process to all processes that `mpirun` has started. MPI calls each process a rank. All
 * ranks must call the same methods in the same order, with arrays of the same class and length. A method returns when
 * all ranks have called it.
 */
export interface Mpi extends Communicator {
  /** The number of the current process, from 0 to `size - 1`. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** Waits until all ranks have called `barrier`. */
  barrier(): void;
  /** Replaces the elements of `array` by those on rank `root` (default 0), and returns `array`. */
  broadcast<A extends Reducible>(array: A, options?: BroadcastOptions): A;
  /** Replaces each element of `array` by its sum over all ranks, or by another reduction, and returns `array`. */
  allreduce<A extends Reducible>(array: A, options?: AllreduceOptions): A;
  /** Returns a new array that holds the elements of all ranks, rank by rank. */
  allgather<A extends Reducible>(array: A): A;
  /**
   * Waits until all ranks have called `finalize`, and ends MPI. If the program does not call `finalize`, `openMpi` calls
   * it at the end of the process.
   */
  finalize(): void;
  /** Ends the processes of all ranks immediately, with the exit code `code` (default 1). */
  abort(code?: number): void;
}

export interface BroadcastOptions {
  /** The rank whose elements the other ranks receive. Default 0. */
  readonly root?: number | undefined;
}

export interface AllreduceOptions {
  /** The operation that combines the elements of the ranks. Default "sum". */
  readonly op?: Reduction | undefined;
}

const reductions: readonly Reduction[] = ["sum", "min", "max", "product"];

/** Returns a communicator whose methods check their arguments. The library must already be initialized. */
export function communicatorOf(library: Library): Mpi {
  const [rank, size] = [library.rank(), library.size()];
  /** Calls `f`, which returns an error code of MPI. @throws MpiError if the code is not 0 */
  const run = (caller: string, f: () => number): void => {
    if (library.finalized())
      throw new MpiError(`${caller}: MPI is already finalized; call finalize after all other methods`);
    const code = f();
    if (code === 0) return;
    throw new MpiError(
      `${caller}: MPI failed with code ${code}, "${library.errorText(code)}"; all ranks must make the same calls, with arrays of the same class and length`,
    );
  };
  return {
    rank,
    size,
    barrier: () => run("barrier", () => library.barrier()),
    broadcast(array, options) {
      const type = typeOf("broadcast", array);
      const { root } = withDefaults<BroadcastOptions>("broadcast", options, { root: 0 });
      if (!Number.isInteger(root) || root! < 0 || root! >= size)
        throw new OutOfRangeError(
          `broadcast: root must be a rank from 0 to ${size - 1}, got ${show(root)}; write { root: 0 }`,
        );
      run("broadcast", () => library.broadcast(type, array, root!));
      return array;
    },
    allreduce(array, options) {
      const type = typeOf("allreduce", array);
      const { op } = withDefaults<AllreduceOptions>("allreduce", options, { op: "sum" });
      if (!reductions.includes(op!))
        throw new ArgumentError(`allreduce: op must be one of ${reductions.join(", ")}, got ${show(op)}`);
      run("allreduce", () => library.allreduce(type, array, op!));
      return array;
    },
    allgather<A extends Reducible>(array: A): A {
      const type = typeOf("allgather", array);
      const all = new (array.constructor as new (length: number) => A)(size * array.length);
      run("allgather", () => library.allgather(type, array, all));
      return all;
    },
    finalize() {
      if (!library.finalized()) run("finalize", () => library.finalize());
    },
    abort(code = 1) {
      if (!Number.isInteger(code) || code < 0 || code > 255)
        throw new OutOfRangeError(`abort: the exit code must be a whole number from 0 to 255, got ${show(code)}`);
      library.abort(code);
    },
  };
}

function typeOf(caller: string, array: unknown): ElementType {
  const type = elementTypeOf(array);
  if (type) return type;
  throw new ArgumentError(
    `${caller}: the array must be a Float32Array, Float64Array or Int32Array, got ${show(array)}; for a tree of tensors, use allreduceMean`,
  );
}

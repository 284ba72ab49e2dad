import { ArgumentError } from "@wengert/core";
import { show } from "@wengert/core/extend";

/** A typed array whose elements several processes can combine. */
export type Reducible = Float32Array | Float64Array | Int32Array;

/** An operation that combines the elements of several processes. */
export type Reduction = "sum" | "min" | "max" | "product";

/**
 * The connection of one process to all processes (ranks) of a parallel program, as `openMpi` of `@wengert/mpi` returns
 * it. All ranks must call the same methods in the same order. A call returns after all other ranks have made the same
 * call.
 */
export interface Communicator {
  /** The number of the current process, from 0 to `size - 1`. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** Replaces the elements of `array` by those on rank `root` (default 0), and returns `array`. */
  broadcast<A extends Reducible>(array: A, options?: { readonly root?: number | undefined }): A;
  /** Replaces each element of `array` by its sum over all ranks, or by another reduction, and returns `array`. */
  allreduce<A extends Reducible>(array: A, options?: { readonly op?: Reduction | undefined }): A;
}

/**
 * Checks a communicator.
 * @throws ArgumentError unless it has the members of a communicator
 */
export function mustBeCommunicator(caller: string, name: string, x: unknown): asserts x is Communicator {
  const { rank, size, broadcast, allreduce } = (typeof x === "object" && x !== null ? x : {}) as Partial<Communicator>;
  const isOne =
    Number.isInteger(rank) &&
    Number.isInteger(size) &&
    typeof broadcast === "function" &&
    typeof allreduce === "function";
  if (isOne) return;
  throw new ArgumentError(
    `${caller}: ${name} must be a communicator, got ${show(x)}; write const mpi = openMpi(), with openMpi of @wengert/mpi`,
  );
}

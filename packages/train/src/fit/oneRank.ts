import type { Tensor } from "@wengert/core";
import type { Bytes } from "../files/bytes.ts";
import type { Plan } from "./checkpoint.ts";
import type { Batch } from "./data.ts";
import type { Context, Objective } from "./loss.ts";
import type { Sums } from "./metrics.ts";
import type { Settings } from "./options.ts";

/** The mean loss of a batch, and its gradient. `aux` is computed from only the current process's rows of the batch. */
interface Gradient<P> {
  readonly loss: number;
  readonly grad: P;
  readonly aux: unknown;
}

/** The arguments of `fit` that must be equal on all ranks. */
interface FitArguments {
  readonly params: unknown;
  readonly data: unknown;
  readonly settings: Settings<never, unknown>;
  readonly plan: Plan;
}

/** How the processes (ranks) of a fit share its work. A fit without `parallel` has one rank. */
export interface Ranks {
  readonly rank: number;
  readonly size: number;
  /**
   * A signal that is aborted when the fit stops. All ranks see the abort after the same step, although only one rank
   * may receive Ctrl-C.
   */
  readonly signal: AbortSignal | undefined;
  /** Returns the range of this rank's rows in a batch. */
  share(rows: number): readonly [start: number, stop: number];
  /**
   * Returns the key that the loss receives. Each rank has a different key, because its rows need different random
   * numbers.
   */
  key(key: Tensor): Tensor;
  /** Returns the gradient of the whole batch, equal on all ranks. */
  gradient<P, B>(objective: Objective<P, B>, params: P, batch: Batch<B>, context: Context): Gradient<P>;
  /** Returns the sums of loss and metrics over the rows of all ranks. */
  total(sums: Sums): Sums;
  /** Checks that all ranks have called `fit` with equal arguments. Throws on all ranks if they differ. */
  checkArguments(given: FitArguments): void;
  /** Checks that all ranks hold the same parameters after a number of steps. Throws on all ranks if they differ. */
  checkParams(params: unknown, step: number): void;
  /** Returns the bytes that rank 0 passes. All ranks receive the same bytes. */
  bytesOfRankZero(bytes: Bytes | undefined): Bytes | undefined;
  /** Waits until all ranks have called `barrier`. */
  barrier(): void;
}

/** Returns an implementation of `Ranks` for a single process, without communication. */
export const oneRank = (signal: AbortSignal | undefined): Ranks => ({
  rank: 0,
  size: 1,
  signal,
  share: (rows) => [0, rows],
  key: (key) => key,
  gradient(objective, params, { batch }, context) {
    const { value, grad, aux } = objective.gradient(params, batch, context);
    return { loss: value.item(), grad, aux };
  },
  total: (sums) => sums,
  checkArguments() {},
  checkParams() {},
  bytesOfRankZero: (bytes) => bytes,
  barrier() {},
});

import { leaves, unflatten } from "@wengert/core/extend";
import { foldIn } from "@wengert/ops";
import { fingerprintOfText, fingerprintsOf, mustAgree } from "../parallel/agree.ts";
import { bytesOfRankZero } from "../parallel/bytes.ts";
import type { Communicator } from "../parallel/communicator.ts";
import { meanOverRanks } from "../parallel/mean.ts";
import { shareOf } from "../parallel/shares.ts";
import { type Batch, isRows } from "./data.ts";
import type { Context, Objective } from "./loss.ts";
import type { Ranks } from "./oneRank.ts";

const caller = "fit";

const sampledElements = 65_536; // of each tensor of the data

/** Returns the functions with which `fit` divides its work among the processes of a communicator. */
export function ranksOf(communicator: Communicator, signal: AbortSignal | undefined): Ranks {
  const { rank, size } = communicator;
  const stop = new AbortController();
  return {
    rank,
    size,
    signal: stop.signal,
    share: (rows) => shareOf(communicator, rows),
    key: (key) => foldIn(key, rank),
    gradient<P, B>(objective: Objective<P, B>, params: P, { batch, ownRows }: Batch<B>, context: Context) {
      // A rank without rows in the batch sends zeros, because a mean over no rows is undefined.
      const own = ownRows > 0 ? objective.gradient(params, batch, context) : undefined;
      const mean = meanOverRanks(caller, communicator, {
        leaves: leaves(caller, own?.grad ?? params, "params"),
        weight: ownRows,
        sums: [own ? ownRows * own.value.item() : 0, signal?.aborted ? 1 : 0],
      });
      const [loss = Number.NaN, aborted = 0] = mean.sums;
      if (aborted > 0) stop.abort(signal?.reason);
      return { loss: loss / mean.weight, grad: unflatten(params, mean.leaves), aux: own?.aux };
    },
    total({ rows, loss, metrics }) {
      const names = Object.keys(metrics);
      const values = Float64Array.of(rows, loss, ...names.map((name) => metrics[name]!));
      const [allRows = 0, allLoss = 0, ...rest] = communicator.allreduce(values);
      return { rows: allRows, loss: allLoss, metrics: Object.fromEntries(names.map((name, i) => [name, rest[i]!])) };
    },
    checkArguments({ params, data, settings, plan }) {
      const { epochs, steps, patience, validation, minDelta } = settings;
      const { everyEpochs, everySteps, batchSize } = validation ?? {};
      const schedule = [epochs, steps, patience, minDelta, everyEpochs, everySteps, batchSize].map(String);
      const sampleOf = (tree: unknown, path: string) =>
        isRows(tree) ? fingerprintsOf(caller, tree, path, sampledElements) : [];
      mustAgree(
        caller,
        communicator,
        [
          fingerprintOfText("the options", JSON.stringify([plan, schedule])),
          ...fingerprintsOf(caller, params, "params"),
          ...sampleOf(data, "data"),
          ...sampleOf(validation?.data, "validation.data"),
        ],
        "create parameters, data and options in the same way on all ranks, with the same keys; fit distributes the rows itself",
      );
    },
    checkParams: (params, step) =>
      mustAgree(
        caller,
        communicator,
        fingerprintsOf(caller, params, "params"),
        `the parameters differ after step ${step}, so make loss and optimizer depend only on their arguments`,
      ),
    bytesOfRankZero: (bytes) => bytesOfRankZero(communicator, bytes),
    barrier: () => void communicator.allreduce(new Int32Array(1)),
  };
}

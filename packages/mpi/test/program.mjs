// The program that mpi.test.ts starts on every rank. Each rank writes its results to a file, which mpi.test.ts reads.

import { existsSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { compile } from "@wengert/compile";
import { tensor, treeMap, valueAndGrad } from "@wengert/core";
import { mul, slice } from "@wengert/ops";
import { adam, applyUpdates, fit, toSafetensors } from "@wengert/train";
import { allreduceMean, dataParallel, openMpi } from "../dist/index.js";
import { dataOf, loss, meanLoss, modelOf, optionsOf, rows } from "./model.mjs";

const [folder, library] = process.argv.slice(2);
const mpi = openMpi({ library });
const { rank, size } = mpi;
const results = { rank, size, host: hostname() };

const bits = (tree) => Buffer.from(toSafetensors(tree)).toString("base64");
const messageOf = async (f) => {
  try {
    await f();
    return "no error";
  } catch (error) {
    return `${error}`;
  }
};

for (const Class of [Float32Array, Float64Array, Int32Array]) {
  const own = () => Class.of(rank + 1, 3 - rank, 3);
  results[Class.name] = {
    ...Object.fromEntries(["sum", "min", "max", "product"].map((op) => [op, [...mpi.allreduce(own(), { op })]])),
    inPlace: ((array) => mpi.allreduce(array) === array)(own()),
    broadcast: [...mpi.broadcast(own(), { root: size - 1 })],
    allgather: [...mpi.allgather(own())],
    empty: [...mpi.allreduce(new Class(0)), ...mpi.allgather(new Class(0))],
  };
}
mpi.barrier();

// The weight of each rank is the number of the rank. Rank 0 therefore has the weight 0, so the NaN in its tree must not
// change the mean.
const filled = (dtype) => tensor([rank === 0 ? Number.NaN : rank, 1], { dtype });
results.mean =
  size === 1 ? undefined : allreduceMean(mpi, { a: filled("float32"), b: [filled("float64")] }, { weight: rank });

/**
 * Trains a model with a `for` loop instead of `fit`, on a batch of 10 rows. `gradient` computes the value and the
 * gradient of a rank's rows. The rows are distributed unevenly: if there are 4 ranks, rank 1 has no row.
 */
function plainLoop(dtype, gradient) {
  const step = dataParallel(gradient, mpi, { checkEvery: 3 });
  const bounds = { 1: [0, 10], 2: [0, 3, 10], 4: [0, 5, 5, 8, 10] }[size];
  const cut = (x) => slice(x, { start: [bounds[rank]], stop: [bounds[rank + 1]] });
  const { X, y } = dataOf(10, dtype);
  const batch = { X: cut(X), y: cut(y) };
  const optimizer = adam({ learningRate: 0.01 });
  let params = modelOf(dtype);
  let state = optimizer.init(params);
  let value;
  for (let i = 0; i < 5; i++) {
    const result = step(params, batch);
    const next = optimizer.update(result.grad, state, params);
    [params, state, value] = [applyUpdates(params, next.updates), next.state, result.value];
  }
  return bits({ params, value });
}

/** Returns the parts of a fit's result that should be equal on all ranks. */
const summary = ({ params, best, history, reason, step }) => ({
  params: bits(params),
  best: bits(best.params),
  history,
  reason,
  step,
});

for (const dtype of ["float32", "float64"]) {
  const fitted = (options) =>
    fit(loss, modelOf(dtype), dataOf(rows, dtype), { ...optionsOf(dtype), parallel: mpi, ...options });
  const path = `${folder}/${dtype}.safetensors`;
  let shown = 0;
  const controller = new AbortController();
  // Only the last rank aborts its signal, in step 4.
  const interrupted = (params, batch, context) => {
    if (context.step === 4 && rank === size - 1) controller.abort();
    return loss(params, batch);
  };
  const whole = await fitted({ progress: () => void shown++ });
  const stopped = await fit(interrupted, modelOf(dtype), dataOf(rows, dtype), {
    ...optionsOf(dtype),
    parallel: mpi,
    signal: controller.signal,
    // Only rank 0 gets the path of the checkpoint. The other ranks get a path that does not exist, as on another host.
    checkpoint: { path: rank === 0 ? path : `${folder}/missing/${rank}` },
  });
  const resumed = await fitted({ checkpoint: { path: rank === 0 ? path : `${folder}/missing/${rank}` }, resume: true });
  const compiled = compile(valueAndGrad(meanLoss));
  const planned = await fitted({ compile });
  results[dtype] = {
    plain: plainLoop(dtype, valueAndGrad(meanLoss)),
    compiled: plainLoop(dtype, compiled),
    plans: compiled.signatures,
    fit: summary(whole),
    compiledFit: summary(planned),
    stopped: [stopped.reason, stopped.step],
    resumed: summary(resumed),
    shown,
  };
}
results.files = existsSync(`${folder}/missing`);

const late = `${folder}/late`;
const write = async () => {
  await sleep(100);
  writeFileSync(late, "");
};
await fit(loss, modelOf("float64"), dataOf(rows, "float64"), {
  ...optionsOf("float64"),
  steps: 1,
  validation: undefined,
  checkpoint: { write },
  parallel: mpi,
});
results.waited = existsSync(late);

if (size === 2) {
  const params = modelOf("float64");
  // One number in the parameters of rank 1 differs in its last bits from the same number on rank 0.
  const changed = params.out[0].toNested();
  if (rank === 1) changed[1][2] *= 1 + Number.EPSILON;
  const other = { ...params, out: [tensor(changed)] };
  const data = dataOf(rows, "float64");
  const ownData = dataOf(rows, "float64", rank);
  results.errors = [
    await messageOf(() => dataParallel(valueAndGrad(meanLoss), mpi)(other, data)),
    await messageOf(() => fit(loss, other, data, { ...optionsOf("float64"), parallel: mpi })),
    await messageOf(() => fit(loss, params, ownData, { ...optionsOf("float64"), parallel: mpi })),
    await messageOf(() => fit(loss, params, data, { ...optionsOf("float64"), steps: 10 + rank, parallel: mpi })),
    await messageOf(() => dataParallel(valueAndGrad(meanLoss), mpi)(params, dataOf(0, "float64"))),
  ];
  // After the first check, rank 1 once takes a step that differs from the step of the other ranks.
  let updates = 0;
  const uneven = {
    init: () => [],
    update(grads, state) {
      const factor = rank === 1 && ++updates === 50 ? -0.02 : -0.01;
      return { updates: treeMap((g) => mul(factor, g), grads), state };
    },
  };
  results.drift = await messageOf(() =>
    fit(loss, params, data, { ...optionsOf("float64"), steps: 120, optimizer: uneven, parallel: mpi }),
  );
}

// The ranks pass arrays of different lengths, and MPI reports an error. This call comes last, because after it the MPI
// calls of the ranks no longer match.
if (size === 2) results.truncated = await messageOf(() => mpi.broadcast(new Float64Array(rank === 0 ? 4 : 2)));
mpi.finalize();
results.finalized = await messageOf(() => mpi.barrier());
writeFileSync(`${folder}/${rank}.json`, JSON.stringify(results));

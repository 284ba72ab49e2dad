/**
 * Trains a two-layer network to classify handwritten digits, on several processes:
 *
 *     mpirun -n 2 node packages/examples/dist/digits-mpi/main.js
 *
 * Every process reads all images. In each step, `fit` computes the gradient of some rows of the batch on each process, and
 * adds up the gradients of all processes. Without `mpirun`, the program is a single process and needs no MPI.
 *
 * Ctrl-C stops the training on all processes and saves a checkpoint. The option `--resume` continues from the checkpoint.
 */
import { join } from "node:path";
import { compile } from "@wengert/compile";
import { type Tensor, zeros } from "@wengert/core";
import { type Mpi, openMpi } from "@wengert/mpi";
import { add, crossEntropy, matmul, mul, randomKey, randomNormal, relu, splitKey } from "@wengert/ops";
import { accuracy, adam, type Fit, fit, linear } from "@wengert/train";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder } from "../shared/files.ts";
import { finishedFit } from "../shared/fitted.ts";
import { type Batch, classes, pixelsPerImage, readDigits, wholeSet } from "../shared/mnist.ts";
import { count, flag, optional, path, positive } from "../shared/options.ts";
import { percent, whole } from "../shared/table.ts";

interface Layer {
  readonly W: Tensor;
  readonly b: Tensor;
}
type Model = readonly [Layer, Layer];

/** Returns the cross-entropy loss and the score of each digit, relu(X W₁ + b₁) W₂ + b₂. */
function loss([first, second]: Model, { images, labels }: Batch): [loss: Tensor, scores: Tensor] {
  const hidden = relu(add(matmul(images, first.W), first.b));
  const scores = add(matmul(hidden, second.W), second.b);
  return [crossEntropy(scores, labels), scores];
}

/** Returns the initial model. All processes pass the same key, so they start with the same parameters. */
function initialModel(units: number, key: Tensor): Model {
  const dtype = "float32";
  const W = mul(Math.sqrt(2 / pixelsPerImage), randomNormal(key, { shape: [pixelsPerImage, units], dtype }));
  return [
    { W, b: zeros([units], { dtype }) },
    { W: zeros([units, classes], { dtype }), b: zeros([classes], { dtype }) },
  ];
}

const options = {
  epochs: count(3, "passes over the training images"),
  batch: count(512, "images per step, on all processes together"),
  rate: positive(0.002, "initial learning rate of adam, which decays linearly to 0"),
  hidden: count(256, "units of the hidden layer"),
  limit: count(60_000, "train on the first N images only"),
  seed: count(1, "seed of the image order and the initial weights", { min: 0 }),
  library: optional(path("", "the path of the MPI library"), "libmpi.so.40 or libmpich.so.12"),
  out: path(
    "out/digits-mpi",
    "folder of the checkpoint, which process 0 writes every minute, at Ctrl-C and at the end",
  ),
  resume: flag("resume from the checkpoint"),
};

/** Returns the connection to the other processes, or `undefined` if neither `mpirun` nor `srun` has started this process. */
function connect(library: string | undefined): Mpi | undefined {
  const { OMPI_COMM_WORLD_SIZE, PMI_SIZE, SLURM_STEP_NUM_TASKS } = process.env;
  const isLaunched = OMPI_COMM_WORLD_SIZE ?? PMI_SIZE ?? SLURM_STEP_NUM_TASKS;
  return isLaunched || library ? openMpi({ library }) : undefined;
}

/**
 * Returns an `AbortSignal` that is aborted when this process receives SIGTERM. `mpirun` of Open MPI sends SIGTERM to all
 * processes at Ctrl-C. SLURM sends it at the time limit of a job.
 */
function terminated(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGTERM", () => {
    process.exitCode = 143; // the exit status that shells use after SIGTERM
    controller.abort();
  });
  return controller.signal;
}

const digitsMpi: Command<Fit<Model>> = command({
  summary:
    "classifies handwritten digits on several processes: mpirun -n 2 node packages/examples/dist/digits-mpi/main.js",
  options,
  async run({ epochs, batch, rate, hidden, limit, seed, library, out, resume }, stop) {
    const mpi = connect(library);
    const isFirst = mpi === undefined || mpi.rank === 0;
    if (isFirst) prepareFolder(out);
    const train = await readDigits("train", { dtype: "float32", limit });
    const test = await readDigits("t10k", { dtype: "float32" });
    const [modelKey, key] = splitKey(randomKey(seed)) as [Tensor, Tensor];
    const steps = epochs * Math.ceil(train.count / batch);
    const processes = mpi === undefined || mpi.size === 1 ? "1 process" : `${mpi.size} processes`;
    if (isFirst) console.log(`${whole(train.count)} images, ${processes}`);

    const start = performance.now();
    const checkpoint = join(out, "checkpoint.safetensors");
    const fitted = await finishedFit(
      fit(loss, initialModel(hidden, modelKey), wholeSet(train), {
        optimizer: adam({ learningRate: linear({ from: rate, steps }) }),
        epochs,
        batchSize: batch,
        key,
        metrics: { accuracy: (scores, { labels }) => accuracy(scores, labels) },
        validation: { data: wholeSet(test) },
        signal: mpi === undefined ? stop : AbortSignal.any([stop, terminated()]),
        progress: true,
        checkpoint: { path: checkpoint },
        resume: resume ? checkpoint : false,
        parallel: mpi,
        compile,
      }).then((result) => {
        // A NaN or infinity ends the fit on all processes. If a process exits before `finalize`, mpiexec may kill
        // another process that has not yet printed its error message.
        if (result.nonFinite) mpi?.finalize();
        return result;
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    if (isFirst) {
      const reached = fitted.history.validation.at(-1)?.metrics.accuracy ?? 0;
      if (fitted.reason === "aborted")
        console.log(`stopped after step ${fitted.step} of ${steps}; resume from ${checkpoint} with --resume`);
      else console.log(`test accuracy ${percent(reached)}, ${seconds.toFixed(1)} s`);
    }
    // After Ctrl-C, each process exits with a nonzero code. As soon as one process exits with a nonzero code, mpiexec
    // kills all processes. `finalize` waits until process 0 has printed its lines.
    mpi?.finalize();
    return fitted;
  },
});

await startIfMain(import.meta, digitsMpi);

export default digitsMpi;

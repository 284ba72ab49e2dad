/**
 * Classifies handwritten digits by a two-layer network on several processes:
 *
 *     mpirun -n 2 node packages/examples/dist/digits-mpi/main.js
 *
 * Every process reads all images. In each training step, every process computes the gradient for some rows of the
 * batch, and `fit` adds up the gradients of all processes. Without `mpirun`, the program is a single process and needs
 * no MPI.
 */
import { join } from "node:path";
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

/** Returns the initial parameters. Equal keys give equal parameters, so all processes start with the same model. */
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
  library: optional(path("", "the MPI library"), "libmpi.so.40 or libmpich.so.12"),
  out: path(
    "out/digits-mpi",
    "folder of the checkpoint, which process 0 writes every minute, at Ctrl-C and at the end",
  ),
  resume: flag("resume from the checkpoint"),
};

/** Returns the connection to the other processes, or `undefined` if no launcher has started this process. */
function connect(library: string | undefined): Mpi | undefined {
  const { OMPI_COMM_WORLD_SIZE, PMI_SIZE, SLURM_STEP_NUM_TASKS } = process.env;
  const isLaunched = OMPI_COMM_WORLD_SIZE ?? PMI_SIZE ?? SLURM_STEP_NUM_TASKS;
  return isLaunched || library ? openMpi({ library }) : undefined;
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
        signal: stop,
        progress: true,
        checkpoint: { path: checkpoint },
        resume: resume ? checkpoint : false,
        parallel: mpi,
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    if (isFirst) {
      const reached = fitted.history.validation.at(-1)?.metrics.accuracy ?? 0;
      console.log(`test accuracy ${percent(reached)}, ${seconds.toFixed(1)} s`);
      if (fitted.reason === "aborted") console.log(`resume from ${checkpoint} with --resume`);
    }
    return fitted;
  },
});

await startIfMain(import.meta, digitsMpi);

export default digitsMpi;

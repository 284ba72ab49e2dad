import { fromNdarray, nonFinite, type Tensor, treeMap, valueAndGrad } from "@wengert/core";
import { rows as flat, ndarray } from "@wengert/core/ndarray";
import { axpy, crossEntropy, randomKey, randomUniform, softmax, splitKey } from "@wengert/ops";
import { isHeldOut } from "./data/dataset.ts";
import { gridPoints } from "./grid.ts";
import { initialModel, type Layer, loss, type Model, scores } from "./model.ts";
import type { LayerData, Pace, Report, Rows, Score, Start } from "./protocol.ts";

const most = { trainJudged: 1000, heldJudged: 2000, weights: 24 } as const;

const lossAndGradient = valueAndGrad(loss, { hasAux: true });

/** A fit by gradient descent, one step at a time. */
export class Trainer {
  readonly #data: Rows;
  readonly #start: Start;
  readonly #width: number;
  readonly #training: Int32Array;
  readonly #held: Int32Array;
  readonly #sample: { readonly training: Batch; readonly held: Batch | undefined };
  #whole: Batch | undefined;
  #model!: Model;
  #orderKey!: Tensor;
  #order: Int32Array = new Int32Array();
  #next = 0;
  #step = 0;
  #seen = 0;
  #diverged: string | undefined;

  constructor(data: Rows, start: Start, share: number) {
    this.#data = data;
    this.#start = start;
    this.#width = data.width;
    const all = Int32Array.from(data.labels.keys());
    const others = all.filter((i) => !isHeldOut(i, share));
    this.#training = others.length > 0 ? others : all;
    this.#held = others.length > 0 ? all.filter((i) => isHeldOut(i, share)) : others;
    this.#sample = {
      training: this.#pick(some(this.#training, most.trainJudged)),
      held: this.#held.length > 0 ? this.#pick(some(this.#held, most.heldJudged)) : undefined,
    };
    this.reset();
  }

  reset(): void {
    const [modelKey, orderKey] = splitKey(randomKey(this.#start.seed)) as [Tensor, Tensor];
    this.#model = initialModel(
      { inputs: this.#width, hidden: this.#start.hidden, classes: this.#data.classes },
      modelKey,
    );
    this.#orderKey = orderKey;
    this.#order = new Int32Array();
    [this.#next, this.#step, this.#seen, this.#diverged] = [0, 0, 0, undefined];
  }

  /** Goes on where another fit is, whose rows were others: the reader moves points while it runs. */
  continueFrom(other: Trainer): void {
    if (shapesOf(other.#model) !== shapesOf(this.#model)) return;
    this.#model = other.#model;
    [this.#step, this.#seen] = [other.#step, other.#seen];
  }

  load(layers: readonly LayerData[], step: number): void {
    let inputs = this.#width;
    this.#model = layers.map(({ W, b }) => {
      const layer = {
        W: fromNdarray(ndarray(W, [inputs, b.length]), { label: "W" }),
        b: fromNdarray(ndarray(b, [b.length]), { label: "b" }),
      };
      inputs = b.length;
      return layer;
    });
    [this.#step, this.#diverged] = [step, undefined];
  }

  get step(): number {
    return this.#step;
  }

  get hasDiverged(): boolean {
    return this.#diverged !== undefined;
  }

  get layers(): LayerData[] {
    return this.#model.map(({ W, b }) => ({ W: numbersOf(W), b: numbersOf(b) }));
  }

  /** One step downhill: each parameter p becomes p − rate · ∂loss/∂p. A loss that is no number any more changes nothing. */
  advance({ rate, batch: size, l2 }: Pace): void {
    const batch = this.#batch(size);
    const { value, grad } = lossAndGradient(this.#model, batch.X, batch.labels, l2);
    if (!Number.isFinite(value.item())) {
      const why = nonFinite((model: Model) => loss(model, batch.X, batch.labels, l2)[0], this.#model);
      this.#diverged = `the loss is ${value.item()} after step ${this.#step}.${why ? ` ${sentence(why.message)}` : ""}`;
      return;
    }
    this.#model = treeMap<Model>((p, g) => axpy(-rate, g, p), this.#model, grad as Model);
    this.#step++;
    this.#seen += batch.size;
  }

  report(running: boolean, probe: Float32Array | undefined): Report {
    const { training, held } = this.#sample;
    const [ofTraining, ofHeld] = [this.#judge(training), held && this.#judge(held)];
    const judged = ofHeld && held ? { by: held, probabilities: ofHeld.probabilities } : { by: training, ...ofTraining };
    return {
      step: this.#step,
      epoch: this.#seen / Math.max(1, this.#training.length),
      running,
      train: ofTraining.score,
      held: ofHeld?.score,
      judged: judged.by.indices,
      probabilities: judged.probabilities,
      field: this.#data.isPlane ? this.#probabilities(grid) : undefined,
      weights: columnsOf(this.#model[0]!, most.weights),
      probe:
        probe && probe.length === this.#width
          ? this.#probabilities(
              matrix(
                probe.map((x) => x - this.#data.centre),
                this.#width,
              ),
            )
          : undefined,
      diverged: this.#diverged,
    };
  }

  #probabilities(X: Tensor): Float32Array {
    return numbersOf(softmax(scores(this.#model, X)));
  }

  #judge({ X, labels, size }: Batch): { score: Score; probabilities: Float32Array } {
    const A = scores(this.#model, X);
    const probabilities = numbersOf(softmax(A));
    const { classes } = this.#data;
    const truth = flat(labels.array!);
    let hits = 0;
    for (let i = 0; i < size; i++) {
      const row = probabilities.subarray(i * classes, (i + 1) * classes);
      if (row.indexOf(Math.max(...row)) === truth[i]) hits++;
    }
    return { score: { loss: crossEntropy(A, labels).item(), accuracy: hits / Math.max(1, size) }, probabilities };
  }

  /** The next rows in the order of this epoch; of the last too few are taken as they are. */
  #batch(wanted: number): Batch {
    const { length } = this.#training;
    if (wanted === 0 || wanted >= length) {
      this.#whole ??= this.#pick(this.#training);
      return this.#whole;
    }
    if (this.#next >= this.#order.length) {
      const [now, later] = splitKey(this.#orderKey) as [Tensor, Tensor];
      this.#orderKey = later;
      this.#order = shuffled(this.#training, now);
      this.#next = 0;
    }
    const rows = this.#order.subarray(this.#next, this.#next + wanted);
    this.#next += wanted;
    return this.#pick(rows);
  }

  #pick(indices: Int32Array): Batch {
    const { rows, labels, centre } = this.#data;
    const width = this.#width;
    const X = new Float32Array(indices.length * width);
    for (let i = 0; i < indices.length; i++) {
      const from = indices[i]! * width;
      if (rows instanceof Float32Array) X.set(rows.subarray(from, from + width), i * width);
      else for (let j = 0; j < width; j++) X[i * width + j] = rows[from + j]! / 255 - centre;
    }
    return {
      indices,
      size: indices.length,
      X: matrix(X, width),
      labels: fromNdarray(
        ndarray(
          indices.map((i) => labels[i]!),
          [indices.length],
        ),
        { label: "y" },
      ),
    };
  }
}

interface Batch {
  readonly indices: Int32Array;
  readonly size: number;
  readonly X: Tensor;
  readonly labels: Tensor;
}

const matrix = (numbers: Float32Array, width: number): Tensor =>
  fromNdarray(ndarray(numbers, [numbers.length / width, width]), { label: "X" });

/** Without the place in the bundle, which tells a reader nothing. */
const sentence = (message: string): string =>
  `${message[0]!.toUpperCase()}${message.slice(1).replace(/, at \S+:\d+:\d+/, "")}.`;

const grid = matrix(gridPoints(), 2);

const numbersOf = (x: Tensor): Float32Array => Float32Array.from(flat(x.array!));

const shapesOf = (model: Model): string => model.map(({ W }) => W.shape.join("×")).join(" ");

/** So many of them at most, evenly from all. */
const some = (all: Int32Array, count: number): Int32Array =>
  all.length <= count ? all : Int32Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);

function shuffled(all: Int32Array, key: Tensor): Int32Array {
  const rank = flat(randomUniform(key, { shape: [all.length] }).array!);
  return Int32Array.from(all.keys())
    .sort((a, b) => rank[a]! - rank[b]!)
    .map((i) => all[i]!);
}

/** What each output of a layer weighs its inputs by. */
function columnsOf({ W }: Layer, count: number): Float32Array {
  const [inputs, outputs] = W.shape as [number, number];
  const numbers = flat(W.array!);
  const column = (j: number) => Float32Array.from({ length: inputs }, (_, i) => numbers[i * outputs + j]!);
  const shown = Math.min(outputs, count);
  const columns = new Float32Array(shown * inputs);
  for (let j = 0; j < shown; j++) columns.set(column(j), j * inputs);
  return columns;
}

import { fromNdarray, nonFinite, type Tensor, tensor } from "@wengert/core";
import { ravel as flat, ndarray } from "@wengert/core/extend";
import { argmax, crossEntropy, randomKey, slice, softmax, splitKey, transpose } from "@wengert/ops";
import { accuracy, batches, confusionMatrix, type Sequence } from "@wengert/train";
import { isHeldOut } from "./data/dataset.ts";
import { gridPoints, unitNodes } from "./grid.ts";
import { hiddenUnits, initialModel, loss, type Model, scores } from "./model.ts";
import { Path } from "./path.ts";
import type {
  Landscape,
  LayerData,
  Network,
  OptimizerName,
  Pace,
  Report,
  Rows,
  Score,
  Start,
  Upcoming,
} from "./protocol.ts";
import { initialState, isCompiled, type State, stepWith } from "./steps.ts";

const most = { trainJudged: 1000, heldJudged: 2000, weights: 24, handedOver: 60_000, unitsDrawn: 16 } as const;

/**
 * Trains step by step. Between any two steps, the page can pause the fit or change its
 * settings.
 */
export class Trainer {
  readonly #data: Rows;
  readonly #start: Start;
  readonly #width: number;
  /** The indices of the training rows, and of the held-out rows. */
  readonly #training: Int32Array;
  readonly #held: Int32Array;
  readonly #sample: { readonly training: Batch; readonly held: Batch | undefined };
  #whole: Batch | undefined;
  #model!: Model;
  #path!: Path;
  /** The optimizer and its state. Undefined before the first step, and after the parameters changed. */
  #optimizer: { readonly name: OptimizerName; readonly state: State } | undefined;
  #orderKey!: Tensor;
  /** The batches of the current epoch as lists of row indices, and the index of the next batch. */
  #epoch: { readonly number: number; readonly batchSize: number; readonly batches: Sequence<Tensor> } | undefined;
  #next = 0;
  #step = 0;
  #seen = 0;
  #diverged: string | undefined;

  constructor(data: Rows, start: Start, heldOut: number) {
    this.#data = data;
    this.#start = start;
    this.#width = data.width;
    const all = Int32Array.from(data.labels.keys());
    const others = all.filter((i) => !isHeldOut(i, heldOut));
    this.#training = others.length > 0 ? others : all;
    this.#held = others.length > 0 ? all.filter((i) => isHeldOut(i, heldOut)) : others;
    this.#sample = {
      training: this.#pick(some(this.#training, most.trainJudged)),
      held: this.#held.length > 0 ? this.#pick(some(this.#held, most.heldJudged)) : undefined,
    };
    this.reset();
  }

  reset(): void {
    const [modelKey, orderKey] = splitKey(randomKey(this.#start.seed)) as [Tensor, Tensor];
    const { hidden, activation } = this.#start;
    const sizes = { inputs: this.#width, hidden, activation, classes: this.#data.classes };
    this.#begin(initialModel(sizes, modelKey), 0);
    [this.#orderKey, this.#epoch, this.#seen] = [orderKey, undefined, 0];
  }

  /**
   * Copies parameters and step count from another fit, because moving a point creates a new fit that must continue the
   * old one.
   */
  continueFrom(other: Trainer): void {
    if (shapesOf(other.#model) !== shapesOf(this.#model)) return;
    this.#begin(other.#model, other.#step);
    [this.#seen, this.#path] = [other.#seen, other.#path];
  }

  load(layers: readonly LayerData[], step: number): void {
    let inputs = this.#width;
    const model = layers.map(({ W, b }) => {
      const layer = {
        W: fromNdarray(ndarray(W, [inputs, b.length]), { label: "W" }),
        b: fromNdarray(ndarray(b, [b.length]), { label: "b" }),
      };
      inputs = b.length;
      return layer;
    });
    this.#begin(model, step);
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

  /** Takes one training step. If the loss is not finite, the parameters stay unchanged. */
  advance({ optimizer: name, learningRate, batchSize, l2 }: Pace): void {
    const { activation } = this.#start;
    const { X, labels, size } = this.#batch(batchSize);
    const before = this.#optimizer?.name === name ? this.#optimizer.state : initialState(name, this.#model);
    const batch = { X, labels };
    const lambda = l2 === 0 ? [] : [scalar(l2)];
    const { model, state, value } = stepWith(name, activation)(
      this.#model,
      before,
      batch,
      scalar(learningRate),
      ...lambda,
    );
    if (!Number.isFinite(value.item())) {
      const why = nonFinite((each: Model) => loss(each, batch, activation, ...lambda), this.#model);
      this.#diverged = `the loss is ${value.item()} after step ${this.#step}.${why ? ` ${sentence(why.message)}` : ""}`;
      return;
    }
    [this.#model, this.#optimizer] = [model, { name, state }];
    this.#step++;
    this.#seen += size;
    this.#path.add(this.#step, this.#model);
  }

  /** Returns the numbers of the next training step, without taking the step. */
  upcoming({ batchSize }: Pace): Upcoming {
    const [epoch, next] = [this.#epoch, this.#next];
    const { X, labels, size } = this.#batch(batchSize);
    [this.#epoch, this.#next] = [epoch, next];
    const count = Math.min(size, Math.max(1, Math.floor(most.handedOver / this.#width)));
    return {
      layers: this.layers,
      X: numbersOf(X).slice(0, count * this.#width),
      labels: Int32Array.from(flat(labels.array!)).slice(0, count),
      size,
      step: this.#step,
    };
  }

  /**
   * Returns a generator of pictures of the loss around the path of the parameters. Each call of `next` computes a
   * single loss.
   */
  async landscapes({ l2 }: Pace): Promise<Generator<Landscape | undefined, void>> {
    const { activation } = this.#start;
    const path = this.#path.to(this.#step, this.#model);
    const parameters = this.#model.reduce((sum, { W }) => sum + W.size, 0);
    const rows = this.#pick(some(this.#training, Math.min(1000, Math.max(100, Math.floor(4e6 / parameters)))));
    const lambda = l2 === 0 ? [] : [scalar(l2)];
    const lossOf = (model: Model) => loss(model, rows, activation, ...lambda).item();
    const { landscapes } = await import("./landscape.ts");
    return landscapes({ path, lossOf, rows: rows.size, penalized: l2 !== 0 });
  }

  report(running: boolean, probe: Float32Array | undefined): Report {
    const { training, held } = this.#sample;
    const ofTraining = this.#judge(training);
    const ofHeld = held && this.#judge(held);
    const [rows, judged] = ofHeld && held ? [held, ofHeld] : [training, ofTraining];
    const guessed = confusionMatrix(judged.guesses, rows.labels, { classes: this.#names });
    return {
      step: this.#step,
      epoch: this.#seen / Math.max(1, this.#training.length),
      running,
      train: ofTraining.score,
      held: ofHeld?.score,
      judged: rows.indices,
      guesses: Int32Array.from(flat(judged.guesses.array!)),
      confusion: guessed.counts.toNested<number[][]>(),
      recall: guessed.results.map(({ recall }) => recall),
      probabilities: numbersOf(softmax(judged.A)),
      field: this.#data.isPlane ? this.#probabilities(grid) : undefined,
      weights: columnsOf(this.#model[0]!.W, most.weights),
      network: this.#data.isPlane ? this.#network : undefined,
      probe:
        probe && probe.length === this.#width
          ? this.#probabilities(
              matrix(
                probe.map((x) => x - this.#data.center),
                this.#width,
              ),
            )
          : undefined,
      compiled: isCompiled(),
      diverged: this.#diverged,
    };
  }

  #begin(model: Model, step: number): void {
    this.#model = model;
    this.#optimizer = undefined;
    [this.#step, this.#diverged] = [step, undefined];
    this.#path = new Path({ step, model });
  }

  get #network(): Network {
    const [first, second] = this.#model;
    if (!first || !second) return { layers: this.layers, units: [] };
    const drawn = Math.min(most.unitsDrawn, first.b.size);
    const some = { W: slice(first.W, { stop: [null, drawn] }), b: slice(first.b, { stop: [drawn] }) };
    const numbers = numbersOf(transpose(hiddenUnits([some], unitGrid, this.#start.activation)));
    const size = unitNodes ** 2;
    return {
      layers: this.layers,
      units: Array.from({ length: numbers.length / size }, (_, j) => numbers.slice(j * size, (j + 1) * size)),
    };
  }

  #probabilities(X: Tensor): Float32Array {
    return numbersOf(softmax(scores(this.#model, X, this.#start.activation)));
  }

  #judge({ X, labels }: Batch): { readonly score: Score; readonly A: Tensor; readonly guesses: Tensor } {
    const A = scores(this.#model, X, this.#start.activation);
    const guesses = argmax(A, { axis: 1 });
    return { score: { loss: crossEntropy(A, labels).item(), accuracy: accuracy(guesses, labels) }, A, guesses };
  }

  /**
   * Returns the row indices of the next batch. Starts a new epoch when all batches are used, or when the batch size has
   * changed.
   */
  #batch(batchSize: number): Batch {
    if (batchSize === 0 || batchSize >= this.#training.length) {
      this.#whole ??= this.#pick(this.#training);
      return this.#whole;
    }
    if (this.#epoch?.batchSize !== batchSize || this.#next === this.#epoch.batches.length) {
      const number = (this.#epoch?.number ?? -1) + 1;
      const rows = fromNdarray(ndarray(this.#training, [this.#training.length]));
      const inOrder = batches(rows, { batchSize, key: this.#orderKey, epoch: number });
      [this.#epoch, this.#next] = [{ number, batchSize, batches: inOrder }, 0];
    }
    return this.#pick(Int32Array.from(flat(this.#epoch.batches.at(this.#next++)!.array!)));
  }

  /**
   * Copies rows into tensors. The data set keeps its rows as bytes, which take a quarter of the memory of float32
   * numbers.
   */
  #pick(indices: Int32Array): Batch {
    const { rows, labels, center } = this.#data;
    const width = this.#width;
    const X = new Float32Array(indices.length * width);
    for (let i = 0; i < indices.length; i++) {
      const from = indices[i]! * width;
      if (rows instanceof Float32Array) X.set(rows.subarray(from, from + width), i * width);
      else for (let j = 0; j < width; j++) X[i * width + j] = rows[from + j]! / 255 - center;
    }
    const y = indices.map((i) => labels[i]!);
    return {
      indices,
      size: indices.length,
      X: matrix(X, width),
      labels: fromNdarray(ndarray(y, [y.length]), { label: "y" }),
    };
  }

  get #names(): string[] {
    return Array.from({ length: this.#data.classes }, (_, k) => `${k}`);
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

/**
 * Converts a number that changes from step to step to a tensor. If the number were not a tensor, a compiled step would
 * always use the number of its first call.
 */
const scalar = (x: number): Tensor => tensor(x, { dtype: "float32" });

/** Returns an error message as a sentence, without the location in the minified bundle. */
const sentence = (message: string): string =>
  `${message[0]!.toUpperCase()}${message.slice(1).replace(/, at \S+:\d+:\d+/, "")}.`;

const grid = matrix(gridPoints(), 2);
const unitGrid = matrix(gridPoints(unitNodes), 2);

const numbersOf = (x: Tensor): Float32Array => Float32Array.from(flat(x.array!));

const shapesOf = (model: Model): string => model.map(({ W }) => W.shape.join("×")).join(" ");

/** Returns at most `count` evenly spaced entries of a list. */
const some = (all: Int32Array, count: number): Int32Array =>
  all.length <= count ? all : Int32Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);

/** Returns the first columns of the weight matrix W, one after another. A column contains the weights of one output. */
const columnsOf = (W: Tensor, count: number): Float32Array =>
  numbersOf(transpose(slice(W, { start: [0, 0], stop: [null, Math.min(count, W.shape[1]!)] })));

import { compile } from "@wengert/compile";
import { ones, type Tensor, tensor, zeros } from "@wengert/core";
import {
  add,
  argmax,
  concat,
  crossEntropy,
  matmul,
  mean,
  mul,
  randomKey,
  softmax,
  sqrt,
  square,
  sum,
  variance,
} from "@wengert/ops";
import { accuracy, fit, type History, kFold, momentum, type StandardScaler, standardize } from "@wengert/train";
import type { Guess } from "../shared/classifiers.ts";
import { finishedFit } from "../shared/fitted.ts";
import { type Car, columns, origins } from "./data.ts";

/** The training cars of a fit, and the held-out cars, which the fit does not use. */
export interface Split {
  readonly train: readonly Car[];
  readonly heldOut: readonly Car[];
}

/** Splits the cars into folds at random, stratified by origin. Each car is held out in exactly one split. */
export function splits(cars: readonly Car[], folds: number, seed: number): Split[] {
  const places = tensor([...cars.keys()], { dtype: "int32" });
  const chosen = (some: Tensor) => some.toNested<number[]>().map((place) => cars[place]!);
  const parts = kFold(places, { folds, key: randomKey(seed), labels: labelsOf(cars) });
  return Array.from(parts, ({ train, test }) => ({ train: chosen(train), heldOut: chosen(test) }));
}

export interface Model {
  /** The weight matrix: its rows are the features and the bias, its columns are the origins of the cars. */
  readonly W: Tensor;
  /** The means and standard deviations of the training columns, which standardize the features. */
  readonly scaling: StandardScaler<Tensor>;
  readonly history: History;
}

export interface Settings {
  readonly steps: number;
  readonly rate: number;
  /** The factor of the ridge penalty |W|²/2 in the loss. */
  readonly ridge: number;
}

/**
 * Fits softmax regression by gradient descent on all training cars, starting from weights of 0. The held-out cars are
 * used only for validation.
 */
export async function learn({ train, heldOut }: Split, { steps, rate, ridge }: Settings): Promise<Model> {
  const scaling = standardize(valuesOf(train));
  const rows = (cars: readonly Car[]) => ({ X: rowsOf(cars, scaling), labels: labelsOf(cars) });
  const loss = (W: Tensor, { X, labels }: ReturnType<typeof rows>, { training }: { training: boolean }) => {
    const A = matmul(X, W);
    const misfit = crossEntropy(A, labels);
    return [training ? add(misfit, mul(ridge / 2, sum(square(W)))) : misfit, A] as const;
  };
  const everySteps = Math.max(1, Math.floor(steps / 50));
  const { params, history } = await finishedFit(
    fit(loss, startingPoint(), rows(train), {
      optimizer: momentum({ learningRate: rate, momentum: 0.95 }),
      steps,
      batchSize: train.length,
      shuffle: false,
      metrics: { accuracy: (A, { labels }) => accuracy(A, labels) },
      validation: { data: rows(heldOut), everySteps },
      history: { everySteps },
      compile,
    }),
  );
  return { W: params, scaling, history };
}

const startingPoint = (): Tensor => zeros([columns.length + 1, origins.length], { label: "W" });

const valuesOf = (cars: readonly Car[]): Tensor => tensor(cars.map(({ values }) => [...values]));

/** Returns the features, standardized by the mean and deviation of the training cars, and a column of ones for the bias. */
export function rowsOf(cars: readonly Car[], scaling: StandardScaler<Tensor>): Tensor {
  return tensor(concat([scaling.transform(valuesOf(cars)), ones([cars.length, 1])], { axis: 1 }), { label: "X" });
}

/** Returns the index of each car's origin. */
export const labelsOf = (cars: readonly Car[]): Tensor =>
  tensor(
    cars.map(({ origin }) => origin),
    { dtype: "int32", label: "labels" },
  );

/** Returns the probability of each origin for each car. */
export const probabilities = ({ W, scaling }: Model, cars: readonly Car[]): Tensor =>
  softmax(matmul(rowsOf(cars, scaling), W));

/** A car and the prediction of the model. The label of a car is its origin. */
export interface Verdict extends Car, Guess {
  readonly probabilities: readonly number[];
}

export function judge(model: Model, cars: readonly Car[]): Verdict[] {
  const P = probabilities(model, cars);
  const [rows, guesses] = [P.toNested<number[][]>(), argmax(P, { axis: 1 }).toNested<number[]>()];
  return cars.map((car, i) => {
    const [all, guess] = [rows[i]!, guesses[i]!];
    return { ...car, label: car.origin, guess, probability: all[guess]!, probabilities: all };
  });
}

export const guessesOf = (verdicts: readonly Verdict[]): Tensor =>
  tensor(
    verdicts.map(({ guess }) => guess),
    { dtype: "int32" },
  );

export const accuracyOf = (verdicts: readonly Verdict[]): number => accuracy(guessesOf(verdicts), labelsOf(verdicts));

/** Returns the mean and the sample standard deviation of n numbers (with divisor n − 1). */
export function meanAndSpread(values: readonly number[]): readonly [mean: number, spread: number] {
  const x = tensor([...values]);
  return [mean(x).item(), sqrt(variance(x, { ddof: 1 })).item()];
}

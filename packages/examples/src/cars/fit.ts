import { ones, type Tensor, tensor, zeros } from "@wengert/core";
import { add, concat, crossEntropy, matmul, mul, randomKey, softmax, square, sum } from "@wengert/ops";
import { accuracy, fit, type History, kFold, momentum, type Standardization, standardize } from "@wengert/train";
import { likeliest } from "../algebra.ts";
import { InputError } from "../options.ts";
import { type Car, columns, origins } from "./data.ts";

/** Cars to learn from, and others that the fit must not see. */
export interface Split {
  readonly train: readonly Car[];
  readonly heldOut: readonly Car[];
}

/** Each car is held out in one of the splits, which the seed draws; the origins have nearly the same shares in each. */
export function splits(cars: readonly Car[], folds: number, seed: number): Split[] {
  const places = tensor([...cars.keys()], { dtype: "int32" });
  const chosen = (some: Tensor) => some.toNested<number[]>().map((place) => cars[place]!);
  const parts = kFold(places, { folds, key: randomKey(seed), labels: labelsOf(cars) });
  return Array.from(parts, ({ train, test }) => ({ train: chosen(train), heldOut: chosen(test) }));
}

export interface Model {
  /** A row for each column and one for the bias, a column for each origin. */
  readonly W: Tensor;
  /** Where the columns of the training cars lie, and how far apart: in these scales they are multiplied. */
  readonly scaling: Standardization<Tensor>;
  readonly history: History;
}

export interface Settings {
  readonly steps: number;
  readonly rate: number;
  /** Weight of |W|²/2 in the loss. */
  readonly ridge: number;
}

/**
 * Softmax regression from W = 0, each step on all cars that are learned from. Those that are held out have no part in it,
 * not even in the scales; they are measured beside it.
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
  const { params, history, nonFinite } = await fit(loss, startingPoint(), rows(train), {
    optimiser: momentum({ rate, momentum: 0.95 }),
    steps,
    size: train.length,
    shuffle: false,
    metrics: { accuracy: (A, { labels }) => accuracy(A, labels) },
    validation: { data: rows(heldOut), everySteps },
    history: { everySteps },
  });
  if (nonFinite) throw new InputError(`${nonFinite.message}: a smaller --rate keeps it finite.`);
  return { W: params, scaling, history };
}

const startingPoint = (): Tensor => zeros([columns.length + 1, origins.length], { label: "W" });

const valuesOf = (cars: readonly Car[]): Tensor => tensor(cars.map(({ values }) => [...values]));

/** How many standard deviations each number lies above the mean of the training cars, and a 1 for the bias. */
export function rowsOf(cars: readonly Car[], scaling: Standardization<Tensor>): Tensor {
  return tensor(concat([scaling.apply(valuesOf(cars)), ones([cars.length, 1])], { axis: 1 }), { label: "X" });
}

/** The place of each car's origin. */
export const labelsOf = (cars: readonly Car[]): Tensor =>
  tensor(
    cars.map(({ origin }) => origin),
    { dtype: "int32", label: "labels" },
  );

/** For each car the probability of each origin. */
export function probabilities({ W, scaling }: Model, cars: readonly Car[]): number[][] {
  return softmax(matmul(rowsOf(cars, scaling), W)).toNested<number[][]>();
}

/** A car with what the model says of it. */
export interface Verdict extends Car {
  readonly probabilities: readonly number[];
  readonly guess: number;
}

export function judge(model: Model, cars: readonly Car[]): Verdict[] {
  const rows = probabilities(model, cars);
  return cars.map((car, i) => ({ ...car, probabilities: rows[i]!, guess: likeliest(rows[i]!) }));
}

export const accuracyOf = (verdicts: readonly Verdict[]): number =>
  verdicts.filter(({ guess, origin }) => guess === origin).length / verdicts.length;

/** The mean of numbers, and their standard deviation about it as an estimate from so few: with n − 1. */
export function meanAndSpread(values: readonly number[]): readonly [mean: number, spread: number] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return [mean, Math.sqrt(squares / (values.length - 1))];
}

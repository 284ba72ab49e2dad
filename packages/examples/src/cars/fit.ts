import { type Tensor, tensor, valueAndGrad, zeros } from "@wengert/core";
import { add, crossEntropy, matmul, mul, randomKey, softmax, square, sum } from "@wengert/ops";
import { likeliest } from "../algebra.ts";
import { descent } from "../descent.ts";
import { type Scale, scaleOf, standardised } from "../scale.ts";
import { shuffled } from "../shuffle.ts";
import { type Car, columns, origins } from "./data.ts";

/** Cars to learn from, and others that the fit must not see. */
export interface Split {
  readonly train: readonly Car[];
  readonly heldOut: readonly Car[];
}

/** The cars in an order that the seed decides, dealt out like cards: each is held out in one of the splits. */
export function splits(cars: readonly Car[], folds: number, seed: number): Split[] {
  const order = [...shuffled(cars.length, randomKey(seed))];
  return Array.from({ length: folds }, (_, fold) => {
    const held = new Set(order.filter((_, place) => place % folds === fold));
    return { train: cars.filter((_, i) => !held.has(i)), heldOut: cars.filter((_, i) => held.has(i)) };
  });
}

/** A matrix of weights, a row for each column and the bias, a column for each origin, in the scales of the training cars. */
export interface Model {
  readonly W: Tensor;
  readonly scales: readonly Scale[];
}

export interface Settings {
  readonly steps: number;
  readonly rate: number;
  /** Weight of |W|²/2 in the loss. */
  readonly ridge: number;
}

const momentum = 0.95;

/** Softmax regression by gradient descent from W = 0; `heldOut` has no part in it, not even in the scales. */
export function learn(train: readonly Car[], { steps, rate, ridge }: Settings): Model {
  const scales = columns.map((_, j) => scaleOf(train.map(({ values }) => values[j]!)));
  const X = rowsOf(train, scales);
  const labels = labelsOf(train);
  const loss = (W: Tensor) => add(crossEntropy(matmul(X, W), labels), mul(ridge / 2, sum(square(W))));
  const start = zeros([columns.length + 1, origins.length], { label: "W" });
  const path = descent(valueAndGrad(loss), start, { steps, rate, momentum });
  return { W: path.at(-1)!.params, scales };
}

/** How many standard deviations each number lies above the mean of the training cars, and a 1 for the bias. */
export function rowsOf(cars: readonly Car[], scales: readonly Scale[]): Tensor {
  return tensor(
    cars.map(({ values }) => [...values.map((value, j) => standardised(value, scales[j]!)), 1]),
    { label: "X" },
  );
}

/** The place of each car's origin. */
export const labelsOf = (cars: readonly Car[]): Tensor =>
  tensor(
    cars.map(({ origin }) => origin),
    { dtype: "int32", label: "labels" },
  );

/** For each car the probability of each origin. */
export function probabilities({ W, scales }: Model, cars: readonly Car[]): number[][] {
  return softmax(matmul(rowsOf(cars, scales), W)).toNested<number[][]>();
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

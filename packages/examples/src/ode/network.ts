import { type Tensor, zeros } from "@wengert/core";
import { add, glorotNormal, matmul, splitKey, tanh } from "@wengert/ops";
import type { Field } from "./solver.ts";

/** The weights of a network with two inputs, one hidden layer and two outputs. */
export interface Network {
  readonly W1: Tensor;
  readonly b1: Tensor;
  readonly W2: Tensor;
  readonly b2: Tensor;
}

/** Returns random weights for a hidden layer of the given width. */
export function initialNetwork(key: Tensor, width: number): Network {
  const [first, second] = splitKey(key);
  return {
    W1: glorotNormal(first, { shape: [2, width] }),
    b1: zeros([width]),
    W2: glorotNormal(second, { shape: [width, 2] }),
    b2: zeros([2]),
  };
}

/** Returns the right-hand side of dz/dt = f(z) that a network computes: f(z) = tanh(z W₁ + b₁) W₂ + b₂. */
export const fieldOf =
  ({ W1, b1, W2, b2 }: Network): Field =>
  (z) =>
    add(matmul(tanh(add(matmul(z, W1), b1)), W2), b2);

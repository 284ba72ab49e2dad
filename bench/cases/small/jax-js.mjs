import { defaultDevice, grad, init, nn, numpy as np } from "@jax-js/jax";

export async function gradient() {
  await init("wasm");
  defaultDevice("wasm");
  const X = np.array([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 10],
  ]);
  const Y = np.array([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
  const loss = (W) =>
    nn
      .logSoftmax(np.matmul(X, W), -1)
      .mul(Y)
      .sum()
      .mul(-1 / 3);
  return grad(loss)(np.zeros([3, 3])).dataSync();
}

// vmap: the gradient for each row of a batch
import { grad, record, type Tensor, tensor, vmap } from "@wengert/core";
import { dot, sigmoid, square, sub } from "@wengert/ops";

const w = tensor([0.5, -1]);
const loss = (w: Tensor, x: Tensor, t: Tensor) => square(sub(sigmoid(dot(w, x)), t));

// The gradient of the loss for one row x, a vector, and its target t.
const ofRow = (x: Tensor, t: Tensor) => grad(loss)(w, x, t);
record(ofRow, tensor([1, 2]), tensor(1));

// vmap runs the same steps on three rows at once. Each tensor that depends
// on the rows gets an axis of length 3. The loop over rows is in the ops.
record(
  (x: Tensor, t: Tensor) => vmap(ofRow)(x, t),
  tensor([[1, 2], [0, -1], [3, 1]]),
  tensor([1, 0, 1]),
);

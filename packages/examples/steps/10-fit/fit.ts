import { add, log, matmul, mul, softmax, sub, sum, type Tensor, tanh, tensor, vjp } from "./tape.ts";

// XOR answers yes if exactly one of two bits is 1. A straight line can't separate the yes points from the no points.
const X = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
const Y = tensor([[1, 0], [0, 1], [0, 1], [1, 0]]); // no, yes, yes, no

/** Returns the probabilities of "no" and "yes" for each row of X. The network has a hidden layer of three units. */
const model = (W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) => {
  const hidden = tanh(add(matmul(X, W1), b1));
  return softmax(add(matmul(hidden, W2), b2));
};

/** Returns the cross-entropy: the mean of −log p, where p is the predicted probability of the right answer. */
const loss = (W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) =>
  mul(tensor(-1 / 4), sum(mul(Y, log(model(W1, b1, W2, b2)))));

// The initial weights are small, and different for each hidden unit
let W1 = tensor([[0.5, -0.4, 0.3], [0.2, 0.6, -0.5]]);
let b1 = tensor([0.1, -0.2, 0.3]);
let W2 = tensor([[0.4, -0.3], [-0.6, 0.2], [0.5, 0.1]]);
let b2 = tensor([0, 0]);

const rate = tensor(0.5);
for (let epoch = 0; epoch <= 500; epoch++) {
  const { value, pullback } = vjp(loss, W1, b1, W2, b2);
  if (epoch % 100 === 0) console.log(`epoch ${epoch}: loss ${value.item().toFixed(8)}`);
  const [dW1, db1, dW2, db2] = pullback(tensor(1));
  W1 = sub(W1, mul(rate, dW1));
  b1 = sub(b1, mul(rate, db1));
  W2 = sub(W2, mul(rate, dW2));
  b2 = sub(b2, mul(rate, db2));
}
const rounded = (_: string, x: unknown) => (typeof x === "number" ? Number(x.toFixed(3)) : x);
console.log(JSON.stringify(model(W1, b1, W2, b2).toNested(), rounded));
// → epoch 0: loss 0.73598942
// → epoch 100: loss 0.44902487
// → epoch 200: loss 0.03821812
// → epoch 300: loss 0.01596305
// → epoch 400: loss 0.00993529
// → epoch 500: loss 0.00717834
// → [[0.995,0.005],[0.008,0.992],[0.009,0.991],[0.993,0.007]]

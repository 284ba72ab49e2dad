// A Newton step, by the Hessian
import { grad, hessian, record, type Tensor, tensor } from "@wengert/core";
import { add, exp, mul, square, sum } from "@wengert/ops";

const f = (x: Tensor) =>
  sum(add(exp(x), square(mul(x, tensor([1, 2])))));
const x = tensor([1, -0.5], { label: "x" });

type Pair = [number, number];
const [[a, b], [c, d]] = hessian(f)(x).toNested<[Pair, Pair]>();
const [g, h] = grad(f)(x).toNested<Pair>();
const det = a * d - b * c;
const step = [(d * g - b * h) / det, (a * h - c * g) / det];
console.log("Hessian", [[a, b], [c, d]]);
console.log("x − H⁻¹ ∇f =", [1 - step[0]!, -0.5 - step[1]!]);

// The tape of the gradient: f and its sweep in one list.
// Sweeping that gives the Hessian times ones.
record(grad(f), x);

// A Newton step with the Hessian
import { grad, hessian, record, type Tensor, tensor } from "@wengert/core";
import { add, div, exp, mul, square, sub, sum } from "@wengert/ops";

const scale = tensor([1, 2], { label: "scale" });
const f = (x: Tensor) =>
  sum(add(exp(x), square(mul(x, scale))));
const x = tensor([1, -0.5], { label: "x" });

type Pair = [number, number];
const H = hessian(f)(x).toNested<[Pair, Pair]>();
const [[a, b], [c, d]] = H;
const [g, h] = grad(f)(x).toNested<Pair>();
const det = a * d - b * c;
const step = tensor([d * g - b * h, a * h - c * g]);
console.log("Hessian", H);
console.log("x − H⁻¹ ∇f =", sub(x, div(step, det)));

// The tape of grad(f) contains f and the sweep of f. A
// sweep through this tape gives the Hessian times ones.
record(grad(f), x);

// A Newton step, by the Hessian
import { grad, hessian, record, type Tensor, tensor } from "@wengert/core";
import { add, exp, mul, square, sum } from "@wengert/ops";

const f = (x: Tensor) => sum(add(exp(x), square(mul(x, tensor([1, 2])))));
const x = tensor([1, -0.5], { label: "x" });

const [[a, b], [c, d]] = hessian(f)(x).toNested<[[number, number], [number, number]]>();
const [g, h] = grad(f)(x).toNested<[number, number]>();
const det = a * d - b * c;
console.log("Hessian", [[a, b], [c, d]]);
console.log("x − H⁻¹ ∇f =", [1 - (d * g - b * h) / det, -0.5 - (a * h - c * g) / det]);

// The tape of the gradient: f and its sweep in one list. Sweeping that gives the Hessian times ones.
record(grad(f), x);

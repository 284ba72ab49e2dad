import { grad, hvp, type Tensor, tensor } from "@wengert/core";
import { add, exp, greater, mul, softmax, sqrt, square, sum, where } from "@wengert/ops";
import { check, type Question } from "./check.ts";

// Exercise 8 (fix a function with a wrong gradient) and exercise 9 (write a function that computes a Hessian-vector
// product).

type Scalar = (x: Tensor) => Tensor;

const right: Scalar = (x) => {
  const isPositive = greater(x, 0);
  return sum(where(isPositive, sqrt(where(isPositive, x, 1)), 0));
};
const values: Question<Scalar, readonly [Tensor]> = {
  task: "Change f so that its gradient is finite everywhere and its value stays the same.",
  right,
  slips: [
    {
      answer: (x) => sum(where(greater(x, 0), sqrt(add(x, 1e-12)), 0)),
      hint: "No NaN is left, but the function has changed: near 0 the small number changes the root. Use where instead of adding.",
    },
  ],
  cases: [[tensor([4, 0, 9])], [tensor([-1, 2, 0])], [tensor([1e-12, 0])]],
  names: ["x"],
  run: (answer, x) => answer(x),
  praise: "",
};
const gradients: Question<Scalar, readonly [Tensor]> = {
  ...values,
  slips: [
    {
      answer: (x) => sum(where(greater(x, 0), sqrt(x), 0)),
      hint: "The value is right, but the gradient still has a NaN. The where after sqrt drops the root of 0 from the value, but sqrt has already run on 0. In the sweep that root gets the cotangent 0, and 0 times its infinite slope is NaN. Keep 0 away from sqrt: replace it with another number, such as 1, before the root.",
    },
  ],
  run: (answer, x) => grad(answer)(x),
  praise:
    "The value is unchanged and the gradient is finite: sqrt never gets the 0, so no slope is infinite. nonFinite(f, x) finds such steps and suggests this fix.",
};
/** Checks the user's function, which must sum the square roots of the positive elements and have a finite gradient. */
export const checkRoots = (answer: Scalar): boolean => check(values, answer) && check(gradients, answer);

type Hvp = (f: Scalar, x: Tensor, v: Tensor) => Tensor;
const products: Question<Hvp, readonly [Scalar, Tensor, Tensor]> = {
  task: "Write the product of the Hessian of f at x with v. grad(f) is a function like any other: take ⟨grad(f)(x), v⟩. What is its gradient?",
  right: (f, x, v) => hvp(f)(x, v),
  slips: [
    {
      answer: (f, x, v) => mul(grad(f)(x), v),
      hint: "That is ∇f ⊙ v, a first derivative. Sum it to a scalar and differentiate with respect to x once more.",
    },
    {
      answer: (f, x) => grad(f)(x),
      hint: "That is the gradient. Its product with v is a function of x, whose gradient is H v.",
    },
    {
      answer: (f, x) => grad((y: Tensor) => sum(grad(f)(y)))(x),
      hint: "That is H times ones. Multiply the gradient by v before the sum.",
    },
    {
      answer: (f, x, v) => mul(grad((y: Tensor) => sum(grad(f)(y)))(x), v),
      hint: "That is (H 1) ⊙ v. Multiply the gradient by v earlier, before the sum.",
    },
  ],
  cases: [
    [(x) => mul(sum(x), sum(mul(x, exp(x)))), tensor([0.5, -1, 0.2]), tensor([1, 2, -1])],
    [(x) => sum(mul(softmax(x), square(add(x, 1)))), tensor([1, 0, -1]), tensor([0, 1, 3])],
  ],
  names: ["f", "x", "v"],
  run: (answer, ...of) => answer(...of),
  praise:
    "H v = ∇ ⟨∇f, v⟩, for about the cost of two gradients and without building H. hvp(f)(x, v) computes the same.",
};
/** Checks a Hessian-vector product. */
export const checkHvp = (answer: Hvp): boolean => check(products, answer);

/** All exercise questions of this file, for the tests. A test checks that each common wrong answer gets its hint. */
export const questions = { values, gradients, products };

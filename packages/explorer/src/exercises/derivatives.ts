import { grad, hvp, type Tensor, tensor } from "@wengert/core";
import { add, exp, greater, mul, softmax, sqrt, square, sum, where } from "@wengert/ops";
import { check, type Question } from "./check.ts";

// Functions to be repaired and built: exercises 8 and 9.

type Scalar = (x: Tensor) => Tensor;

const right: Scalar = (x) => {
  const isPositive = greater(x, 0);
  return sum(where(isPositive, sqrt(where(isPositive, x, 1)), 0));
};
const values: Question<Scalar, readonly [Tensor]> = {
  task: "Change f so that its gradient is finite everywhere and its value stays as it is.",
  right,
  slips: [
    {
      answer: (x) => sum(where(greater(x, 0), sqrt(add(x, 1e-12)), 0)),
      hint: "No NaN is left, but it is another function: near 0 the small number changes the root. Choose instead of adding.",
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
      hint: "The value is right, the gradient still has a NaN. The where behind leaves the root of 0 out of the value, but the root has been taken: coming back it gets the cotangent 0, and 0 times its infinite slope is NaN. Keep 0 away from sqrt: before the root is taken, put another number in its place, such as 1.",
    },
  ],
  run: (answer, x) => grad(answer)(x),
  praise:
    "The value is as it was, and the gradient is finite: the root never sees the 0, so no slope is infinite. nonFinite(f, x) would have written the cure.",
};
/** The sum of the roots of what is positive, with a finite gradient. */
export const checkRoots = (answer: Scalar): boolean => check(values, answer) && check(gradients, answer);

type Hvp = (f: Scalar, x: Tensor, v: Tensor) => Tensor;
const products: Question<Hvp, readonly [Scalar, Tensor, Tensor]> = {
  task: "Write the product of the Hessian of f at x with v. grad(f) is a function like any other: what is ⟨grad(f)(x), v⟩, and its gradient?",
  right: (f, x, v) => hvp(f)(x, v),
  slips: [
    {
      answer: (f, x, v) => mul(grad(f)(x), v),
      hint: "That is ∇f ⊙ v, of first order. Make a scalar of it with sum, and differentiate that by x once more.",
    },
    {
      answer: (f, x) => grad(f)(x),
      hint: "That is the gradient. Its product with v is a function of x, whose gradient is H v.",
    },
    {
      answer: (f, x) => grad((y: Tensor) => sum(grad(f)(y)))(x),
      hint: "That is H times ones. Weigh the gradient with v before the sum.",
    },
    {
      answer: (f, x, v) => mul(grad((y: Tensor) => sum(grad(f)(y)))(x), v),
      hint: "v comes in too late: that is (H 1) ⊙ v. Multiply inside, before the sum.",
    },
  ],
  cases: [
    [(x) => mul(sum(x), sum(mul(x, exp(x)))), tensor([0.5, -1, 0.2]), tensor([1, 2, -1])],
    [(x) => sum(mul(softmax(x), square(add(x, 1)))), tensor([1, 0, -1]), tensor([0, 1, 3])],
  ],
  names: ["f", "x", "v"],
  run: (answer, ...of) => answer(...of),
  praise: "H v = ∇ ⟨∇f, v⟩, for about the price of two gradients and without H. hvp(f)(x, v) is this.",
};
/** A Hessian times a vector, by two gradients. */
export const checkHvp = (answer: Hvp): boolean => check(products, answer);

/** All of these, for the tests: each slip must be met with its hint. */
export const questions = { values, gradients, products };

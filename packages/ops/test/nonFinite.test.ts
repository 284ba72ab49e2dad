import { grad, nonFinite, OutOfRangeError, scan, type Tensor, tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";
import {
  add,
  asin,
  binaryCrossEntropy,
  broadcastTo,
  cast,
  crossEntropy,
  cumsum,
  det,
  div,
  dot,
  einsum,
  equal,
  exp,
  expm1,
  greater,
  less,
  log,
  log1p,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mod,
  mul,
  notEqual,
  outer,
  pow,
  prod,
  reshape,
  sinh,
  slogdet,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  take,
  takeAlong,
  variance,
  where,
} from "@wengert/ops";
import { linearRecurrence, xlogy } from "@wengert/ops/extend";
import { describe, expect, it } from "vitest";
import { sampled } from "./soak.ts";
import { areMutated, sources } from "./sources.ts";
import { allSamples, int32, numbers, ofFloats, random } from "./support.ts";

type Function = (x: Tensor) => Tensor;

/**
 * A computation with a non-finite result, the expected message, and a corrected computation if the message names a fix.
 */
interface Case {
  readonly f: Function;
  readonly at: Tensor;
  /**
   * The expected message without the location of the user's call: the text before the location, and the text after it.
   */
  readonly says: readonly [what: string, why: string];
  readonly cured?: Function;
}

const p = tensor([0.5, 0], { label: "p" });
const zeros = tensor([0, 0]);
const constant = tensor([3, 3]);
const logits = tensor([
  [1, 2],
  [3, 4],
]);
const mask = tensor([
  [true, false],
  [false, false],
]);
const masked: Function = (x) => where(mask, x, -Infinity);
const leftOut =
  "the cotangent there is 0, as in the branch that a where does not select, but 0 × Infinity is NaN: keep that branch finite too, ";
const beyond = "is beyond the largest float64, 1.8e308: scale the inputs, or compute with logarithms";

const families: Record<string, Record<string, Case>> = {
  "the domain of a function": {
    "at its end": {
      f: (x) => sum(asin(x)),
      at: tensor([0.5, 1]),
      says: [
        "the cotangent of input 0 of asin is Infinity at [1]",
        "a finite result needs −1 < x < 1, got 1: replace such elements with where first",
      ],
      cured: (x) => sum(asin(where(less(x, 1), x, 0))),
    },
    "of two numbers": {
      f: (x) => sum(mod(3, x)),
      at: tensor([2, 0]),
      says: [
        "the value of mod is NaN at [1]",
        "a finite result needs b ≠ 0, got 3 and 0: replace such elements with where first",
      ],
      cured: (x) => sum(mod(3, where(equal(x, 0), 1, x))),
    },
    "is everything, but the result overflows": {
      f: (x) => sum(sinh(x)),
      at: tensor([2, 800]),
      says: ["the value of sinh is Infinity at [1]", `the result for a finite number ${beyond}`],
    },
  },
  "a loop": {
    "whose value is not finite": {
      f: (x) => sum(scan((c: Tensor) => [log(sub(c, 1)), undefined], x, undefined, { length: 2 }).carry),
      at: tensor([20, 3]),
      says: [
        "the value of scan is NaN at [1]",
        "iteration 1: the value of log is NaN; the log of a negative number (-0.3068528194400547) is NaN: write log(where(greater(x, 0), x, 1))",
      ],
    },
    "whose gradient is not finite": {
      f: (x) => sum(scan((c: Tensor) => [sqrt(c), undefined], x, undefined, { length: 1 }).carry),
      at: tensor([1, 0]),
      says: [
        "the cotangent of input 0 of scan is Infinity at [1]",
        "it arose in the pullback of an iteration: run nonFinite on the body alone",
      ],
    },
  },
  "log 0": {
    "in an entropy": {
      f: (p) => sum(mul(p, log(p))),
      at: p,
      says: [
        "the value of log is -Infinity at [1]",
        "log 0 is −Infinity: use logSoftmax for the log of a softmax, else write log(where(greater(p, 0), p, 1))",
      ],
      cured: (p) => sum(mul(p, log(where(greater(p, 0), p, 1)))),
    },
    "of a softmax": {
      f: (x) => sum(log(softmax(x))),
      at: tensor([0, 800]),
      says: [
        "the value of log is -Infinity at [0]",
        "log 0 is −Infinity: use logSoftmax for the log of a softmax, else write log(where(greater(x, 0), x, 1))",
      ],
      cured: (x) => sum(logSoftmax(x)),
    },
    "in the gradient, where the value is swallowed": {
      f: (p) => sum(exp(log(p))),
      at: p,
      says: ["the cotangent of input 0 of log is NaN at [1]", `${leftOut}log(where(greater(p, 0), p, 1))`],
    },
    "of a number so small that its reciprocal is infinite": {
      f: (x) => log(x),
      at: tensor(1e-320),
      says: [
        "the cotangent of input 0 of log is Infinity",
        `the derivative 1 / x is infinite at ${1e-320}: write log(where(greater(x, 0), x, 1))`,
      ],
    },
    "and of a negative number": {
      f: (x) => sum(log(sub(x, 1))),
      at: p,
      says: [
        "the value of log is NaN at [0]",
        "the log of a negative number (-0.5) is NaN: write log(where(greater(x, 0), x, 1))",
      ],
    },
    "as log1p(−1)": {
      f: (x) => sum(log1p(x)),
      at: tensor([0, -1]),
      says: [
        "the value of log1p is -Infinity at [1]",
        "log1p(−1) is −Infinity: write log1p(where(greater(x, -1), x, 0))",
      ],
      cured: (x) => sum(log1p(where(greater(x, -1), x, 0))),
    },
    "as log1p of less": {
      f: (x) => sum(log1p(x)),
      at: tensor([0, -3]),
      says: [
        "the value of log1p is NaN at [1]",
        "log1p of a number below −1 (-3) is NaN: write log1p(where(greater(x, -1), x, 0))",
      ],
    },
    "as log1p where the value is swallowed": {
      f: (x) => sum(exp(log1p(x))),
      at: tensor([0, -1]),
      says: ["the cotangent of input 0 of log1p is NaN at [1]", `${leftOut}log1p(where(greater(x, -1), x, 0))`],
    },
  },

  "0 / 0": {
    "of elements": {
      f: (x) => sum(div(x, x)),
      at: p,
      says: [
        "the value of div is NaN at [1]",
        "0 / 0 is NaN: add a small number to the divisor, or divide by where(notEqual(p, 0), p, 1)",
      ],
      cured: (p) => sum(div(p, where(notEqual(p, 0), p, 1))),
    },
    "of a number and 0": {
      f: (x) => sum(div(2, x)),
      at: p,
      says: [
        "the value of div is Infinity at [1]",
        "2 / 0 is Infinity: add a small number to the divisor, or divide by where(notEqual(p, 0), p, 1)",
      ],
      cured: (p) => sum(div(2, where(notEqual(p, 0), p, 1))),
    },
    "of a row and its sum": {
      f: (x) => sum(square(div(x, sum(x, { axis: 1, keepDims: true })))),
      at: tensor([
        [1, 2],
        [0, 0],
      ]),
      says: [
        "the value of div is NaN at [1, 0]",
        "0 / 0 is NaN: add a small number to the divisor, or divide by where(notEqual(b, 0), b, 1)",
      ],
    },
    "of a vector and its norm": {
      f: (x) => sum(div(x, sqrt(sum(square(x))))),
      at: zeros,
      says: [
        "the value of div is NaN at [0]",
        "the divisor is the root of 0, such as a norm or a standard deviation: add a small number under it, sqrt(add(x, 1e-12))",
      ],
      cured: (x) => sum(div(x, sqrt(add(sum(square(x)), 1e-12)))),
    },
    "with a divisor so small that the quotient is infinite": {
      f: (x) => div(1e300, x),
      at: tensor(1e-300),
      says: ["the value of div is Infinity", `the quotient of finite numbers ${beyond}`],
    },
    "with a divisor so small that the derivative is infinite": {
      f: (x) => div(1, x),
      at: tensor(1e-200),
      says: ["the cotangent of input 1 of div is -Infinity", `the derivative by the divisor ${beyond}`],
    },
    "where the value is swallowed": {
      f: (x) => exp(div(-1, x)),
      at: tensor(0),
      says: ["the cotangent of input 1 of div is NaN", `${leftOut}div(-1, where(notEqual(x, 0), x, 1))`],
    },
    "beside infinities that were given": {
      f: (x) => sum(div(mul(x, Infinity), tensor([1, Infinity]))),
      at: tensor([1, 1]),
      says: ["the value of div is NaN at [1]", "Infinity / Infinity is NaN: divide both by the larger one first"],
    },
    "of nothing": {
      f: (x) => mean(x),
      at: tensor([]),
      says: ["the value of mean is NaN", "the mean of no elements is NaN: check the size first"],
    },
  },

  "sqrt at 0": {
    "in the gradient": {
      f: (p) => sum(sqrt(p)),
      at: p,
      says: [
        "the cotangent of input 0 of sqrt is Infinity at [1]",
        "the derivative of a root is infinite at 0: add a small number under it, sqrt(add(p, 1e-12)), or write sqrt(where(greater(p, 0), p, 1))",
      ],
      cured: (p) => sum(sqrt(add(p, 1e-12))),
    },
    "of a norm": {
      f: (x) => sqrt(sum(square(x))),
      at: zeros,
      says: [
        "the cotangent of input 0 of sqrt is Infinity",
        "the derivative of a root is infinite at 0: add a small number under it, sqrt(add(x, 1e-12)), or write sqrt(where(greater(x, 0), x, 1))",
      ],
    },
    "as a power": {
      f: (p) => sum(pow(p, 0.5)),
      at: p,
      says: [
        "the cotangent of input 0 of pow is Infinity at [1]",
        "the derivative of a power below 1 is infinite at 0: add a small number to the base, pow(add(p, 1e-12), 0.5), or write pow(where(greater(p, 0), p, 1), 0.5)",
      ],
      cured: (p) => sum(pow(add(p, 1e-12), 0.5)),
    },
    "as a negative power": {
      f: (p) => sum(pow(p, -1)),
      at: p,
      says: [
        "the value of pow is Infinity at [1]",
        "0 to the power of -1 is infinite: add a small number to the base, pow(add(p, 1e-12), -1), or write pow(where(greater(p, 0), p, 1), -1)",
      ],
      cured: (p) => sum(pow(where(greater(p, 0), p, 1), -1)),
    },
    "and of a negative number": {
      f: (x) => sum(sqrt(sub(x, 1))),
      at: p,
      says: [
        "the value of sqrt is NaN at [0]",
        "the root of a negative number (-0.5) is NaN: write sqrt(maximum(x, 0))",
      ],
      cured: (x) => sum(sqrt(maximum(sub(x, 1), 0))),
    },
    "and a fractional power of a negative number": {
      f: (x) => sum(pow(x, 1.5)),
      at: tensor([1, -2]),
      says: [
        "the value of pow is NaN at [1]",
        "a negative number (-2) to a fractional power is NaN: write pow(where(greater(x, 0), x, 1), 1.5)",
      ],
      cured: (x) => sum(pow(where(greater(x, 0), x, 1), 1.5)),
    },
    "and what that derivative is made of": {
      f: (x) => sum(xlogy(x, tensor([1, 3]))),
      at: tensor([2, -2]),
      says: [
        "the value of xlogy is NaN at [1]",
        "the log of a negative number (-2) is NaN: write where(greater(x, 0), x, 1) for x",
      ],
      cured: (x) => sum(xlogy(where(greater(x, 0), x, 1), tensor([1, 3]))),
    },
    "and the derivative by the exponent of a negative number": {
      f: (x) => sum(pow(tensor([-2]), x)),
      at: tensor([2]),
      says: [
        "the cotangent of input 1 of pow is NaN at [0]",
        "the derivative by the exponent contains the log of the base, NaN for a negative base (-2): write pow(where(greater(a, 0), a, 1), x)",
      ],
    },
  },

  overflow: {
    "of exp": {
      f: (x) => sum(exp(x)),
      at: tensor([1, 1000]),
      says: [
        "the value of exp is Infinity at [1]",
        "exp overflows above 709, got 1000: subtract the maximum first, or use softmax, logSoftmax, logSumExp or sigmoid, which do so",
      ],
    },
    "of exp in float32": {
      f: (x) => sum(exp(x)),
      at: tensor([1, 90], { dtype: "float32" }),
      says: [
        "the value of exp is Infinity at [1]",
        "exp overflows above 88, got 90: subtract the maximum first, or use softmax, logSoftmax, logSumExp or sigmoid, which do so",
      ],
    },
    "of exp in a softmax by hand, though NaN is Infinity / Infinity": {
      f: (x) => sum(square(div(exp(x), sum(exp(x))))),
      at: tensor([1, 1000]),
      says: [
        "the value of exp is Infinity at [1]",
        "exp overflows above 709, got 1000: subtract the maximum first, or use softmax, logSoftmax, logSumExp or sigmoid, which do so",
      ],
      cured: (x) => sum(square(softmax(x))),
    },
    "of exp in a sigmoid by hand, whose value is right": {
      f: (x) => sum(div(1, add(1, exp(x)))),
      at: tensor([1, 1000]),
      says: ["the cotangent of input 0 of exp is NaN at [1]", `${leftOut}exp(minimum(x, 709))`],
      cured: (x) => sum(div(1, add(1, exp(minimum(x, 709))))),
    },
    "of expm1": {
      f: (x) => expm1(x),
      at: tensor(800),
      says: [
        "the value of expm1 is Infinity",
        "expm1 overflows above 709, got 800: subtract the maximum first, or use softmax, logSoftmax, logSumExp or sigmoid, which do so",
      ],
    },
    "of a square": {
      f: (x) => square(x),
      at: tensor(1e200),
      says: ["the value of square is Infinity", `the square of a finite number ${beyond}`],
    },
    "of a product": {
      f: (x) => mul(x, x),
      at: tensor(1e200),
      says: ["the value of mul is Infinity", `the product of finite numbers ${beyond}`],
    },
    "of a power": {
      f: (x) => pow(x, 2),
      at: tensor(1e200),
      says: ["the value of pow is Infinity", `the power of finite numbers ${beyond}`],
    },
    "of a sum of two": {
      f: (x) => add(x, 1.7e308),
      at: tensor(1e308),
      says: ["the value of add is Infinity", `the sum of finite numbers ${beyond}`],
    },
    "of a sum of many": {
      f: (x) => sum(x),
      at: tensor([1e308, 1e308]),
      says: ["the value of sum is Infinity", `the sum of finite numbers ${beyond}`],
    },
    "of a matrix product in float32": {
      f: (x) => matmul(x, x),
      at: tensor([1e30, 1e30], { dtype: "float32" }),
      says: [
        "the value of matmul is Infinity",
        "a sum of products of finite numbers is beyond the largest float32, 3.4e38: scale the inputs, or compute with logarithms",
      ],
    },
    "of a product of many": {
      f: (x) => prod(x),
      at: tensor([1e200, -1e200, 2]),
      says: ["the value of prod is -Infinity", `the product of finite numbers ${beyond}`],
    },
    "of a product of the others, where one is 0": {
      f: (x) => prod(x),
      at: tensor([0, 1e200, 1e200]),
      says: ["the cotangent of input 0 of prod is Infinity at [0]", `the product of finite numbers ${beyond}`],
    },
    "of the products of those before": {
      f: (x) => grad((y: Tensor) => sum(prod(y, { axis: 0 })))(x),
      at: tensor([0, 1e200, 1e200]),
      says: ["the value of exclusiveCumprod is Infinity at [0]", `the product of finite numbers ${beyond}`],
    },
    "of a linear recurrence": {
      f: (x) => sum(linearRecurrence(x, x)),
      at: tensor([1e200, 1e200, 1e200]),
      says: ["the value of linearRecurrence is Infinity at [2]", `a sum of products of finite numbers ${beyond}`],
    },
    "of an inner product": {
      f: (x) => dot(x, x),
      at: tensor([1, 1e200]),
      says: ["the value of dot is Infinity", `a sum of products of finite numbers ${beyond}`],
    },
    "of an outer product": {
      f: (x) => sum(outer(x, tensor([1, 1e200]))),
      at: tensor([1, 1e200, 1]),
      says: ["the value of outer is Infinity at [1, 1]", `the product of finite numbers ${beyond}`],
    },
    "of a contraction": {
      f: (x) => einsum("i,i,j->j", x, x, tensor([1, -1])),
      at: tensor([1, 1e200]),
      says: ["the value of einsum is Infinity", `a sum of products of finite numbers ${beyond}`],
    },
    "of the gradient of a contraction": {
      f: (x) => mul(einsum("i,i->", x, tensor([1e200, 1])), 1e200),
      at: tensor([0, 1]),
      says: ["the cotangent of input 0 of einsum is Infinity at [0]", `a sum of products of finite numbers ${beyond}`],
    },
    "of the gradient of an entry taken twice": {
      f: (x) => sum(mul(take(x, int32([1, 1]), { axis: 0 }), tensor([1e308, 1e308]))),
      at: tensor([0, 1e-10]),
      says: ["the cotangent of input 0 of take is Infinity at [1]", `the sum of finite numbers ${beyond}`],
    },
    "of the gradient of an entry taken twice along an axis": {
      f: (x) => sum(mul(takeAlong(x, int32([1, 1]), { axis: 0 }), tensor([1e308, 1e308]))),
      at: tensor([0, 1e-10]),
      says: ["the cotangent of input 0 of takeAlong is Infinity at [1]", `the sum of finite numbers ${beyond}`],
    },
    "of the gradient of a broadcast entry": {
      f: (x) => sum(mul(broadcastTo(x, { shape: [2] }), tensor([1e308, 1e308]))),
      at: tensor(1e-10),
      says: ["the cotangent of input 0 of broadcastTo is Infinity", `the sum of finite numbers ${beyond}`],
    },
    "of a weighted loss": {
      f: (x) => crossEntropy(x, int32(0), { weight: tensor([1e308, 1]) }),
      at: tensor([0, 10]),
      says: ["the value of zeroSafeMul is Infinity", `the product of finite numbers ${beyond}`],
    },
    "of the distance between two logits": {
      f: (x) => sum(logSoftmax(x)),
      at: tensor([-1e308, 1e308]),
      says: ["the value of logSoftmax is -Infinity at [0]", `the difference of finite logits ${beyond}`],
    },
    "of the distance between two logits in a loss": {
      f: (x) => crossEntropy(x, int32([1, 0])),
      at: tensor([
        [0, 1],
        [-1e308, 1e308],
      ]),
      says: ["the value of crossEntropy is Infinity at [1]", `the difference of finite logits ${beyond}`],
    },
    "of a loss whose target is not a probability": {
      f: (x) => binaryCrossEntropy(x, tensor([1.5])),
      at: tensor([-1.5e308]),
      says: ["the value of binaryCrossEntropy is Infinity at [0]", `the loss of finite numbers ${beyond}`],
    },
  },

  "masked −Infinity": {
    "in every logit of a row": {
      f: (x) => sum(square(softmax(masked(x)))),
      at: logits,
      says: [
        "the value of softmax is NaN at [1, 0]",
        "all logits of a slice are −Infinity: pass the mask as { where: mask }, which gives such a slice the probabilities 0",
      ],
      cured: (x) => sum(square(softmax(x, { where: mask }))),
    },
    "in every logit of a row, by hand": {
      f: (x) => sum(exp(sub(masked(x), max(masked(x), { axis: 1, keepDims: true })))),
      at: logits,
      says: [
        "the value of sub is NaN at [1, 0]",
        "Infinity − Infinity is NaN: if everything is masked with −Infinity, pass { where: mask } to softmax or logSoftmax, or mask with a large number such as -1e9",
      ],
      cured: (x) => {
        const low = where(mask, x, -1e9);
        return sum(exp(sub(low, max(low, { axis: 1, keepDims: true }))));
      },
    },
    "of a multiplication by the mask": {
      f: (x) => sum(softmax(add(x, mul(cast(mask, { dtype: "float64" }), -Infinity)))),
      at: logits,
      says: [
        "the value of mul is NaN at [0, 1]",
        "0 × Infinity is NaN: choose with where(mask, x, y) instead of multiplying by a mask; softmax takes { where: mask }",
      ],
      cured: (x) => sum(softmax(x, { where: mask })),
    },
    "of a log-probability": {
      f: (x) => sum(mul(logSoftmax(where(tensor([true, false]), x, -Infinity)), tensor([1, 0]))),
      at: logits,
      says: [
        "the value of logSoftmax is -Infinity at [0, 1]",
        "the log-probability of a logit of −Infinity is −Infinity: replace it with where before it is summed, or use crossEntropy",
      ],
      cured: (x) => crossEntropy(where(tensor([true, false]), x, -Infinity), int32([0, 0])),
    },
    "of the label": {
      f: (x) => crossEntropy(where(tensor([true, false]), x, -Infinity), int32([0, 1])),
      at: logits,
      says: [
        "the value of crossEntropy is Infinity at [1]",
        "the logit of the label is −Infinity because its class is masked: ignore the row too, with { ignoreIndex }",
      ],
      cured: (x) => crossEntropy(where(tensor([true, false]), x, -Infinity), int32([0, 1]), { ignoreIndex: 1 }),
    },
    "of a class with a probability": {
      f: (x) => crossEntropy(where(tensor([true, false]), x, -Infinity), tensor([0.5, 0.5])),
      at: tensor([1, 2]),
      says: [
        "the value of crossEntropy is Infinity",
        "a class has the logit −Infinity but a nonzero probability, perhaps from label smoothing: give it the weight 0",
      ],
      cured: (x) =>
        crossEntropy(where(tensor([true, false]), x, -Infinity), tensor([0.5, 0.5]), { weight: tensor([1, 0]) }),
    },
    "in all of a row of a loss": {
      f: (x) => crossEntropy(masked(x), int32([0, 1])),
      at: logits,
      says: ["the value of crossEntropy is NaN at [1]", "all logits of a row are −Infinity: keep at least one class"],
    },
    "and a logit of +Infinity in a loss": {
      f: (x) => crossEntropy(where(tensor([true, false]), x, Infinity), int32([0, 1])),
      at: logits,
      says: ["the value of crossEntropy is NaN at [0]", "a logit is Infinity: find its cause"],
    },
    "of a binary target": {
      f: (x) => binaryCrossEntropy(where(tensor([true, false]), x, -Infinity), tensor([1, 1])),
      at: tensor([1, 2]),
      says: [
        "the value of binaryCrossEntropy is Infinity at [1]",
        "a logit is infinite on the wrong side of its target: find its cause",
      ],
    },
    "in all of a slice of logSumExp": {
      f: (x) => sum(logSumExp(masked(x), { axis: 1 })),
      at: logits,
      says: [
        "the value of logSumExp is -Infinity at [1]",
        "all elements of a slice are −Infinity, or the slice is empty: replace the result with where",
      ],
      cured: (x) => {
        const y = logSumExp(masked(x), { axis: 1 });
        return sum(where(equal(y, -Infinity), 0, y));
      },
    },
    "in a sum": {
      f: (x) => sum(cumsum(mul(x, tensor([Infinity, -Infinity])), { axis: 0 })),
      at: tensor([1, 1]),
      says: [
        "the value of cumsum is NaN at [1]",
        "Infinity − Infinity and 0 × Infinity are NaN: replace infinite inputs with where first",
      ],
    },
    "and a logit of +Infinity": {
      f: (x) => sum(softmax(div(x, tensor([1, 0])))),
      at: tensor([1, 1]),
      says: [
        "the value of div is Infinity at [1]",
        "1 / 0 is Infinity: add a small number to the divisor, or divide by where(notEqual(b, 0), b, 1)",
      ],
    },
    "and a logit of +Infinity that was given": {
      f: (x) => sum(softmax(where(tensor([true, false]), x, Infinity))),
      at: tensor([1, 1]),
      says: ["the value of softmax is NaN at [0]", "a logit is Infinity: find its cause, or exclude it with { where }"],
    },
  },

  "division by a zero variance": {
    "of a constant feature": {
      f: (x) => sum(square(div(sub(x, mean(x)), sqrt(variance(x))))),
      at: constant,
      says: [
        "the value of div is NaN at [0]",
        "the divisor is the standard deviation of a constant, 0: add a small number to the variance, sqrt(add(variance, 1e-5))",
      ],
      cured: (x) => sum(square(div(sub(x, mean(x)), sqrt(add(variance(x), 1e-5))))),
    },
    "with a view between": {
      f: (x) => sum(square(div(sub(x, mean(x)), reshape(sqrt(variance(x)), { shape: [1] })))),
      at: constant,
      says: [
        "the value of div is NaN at [0]",
        "the divisor is the standard deviation of a constant, 0: add a small number to the variance, sqrt(add(variance, 1e-5))",
      ],
    },
    "by the variance itself": {
      f: (x) => sum(div(sub(x, 2), variance(x))),
      at: constant,
      says: [
        "the value of div is Infinity at [0]",
        "the divisor is the variance of a constant, 0: add a small number to it, add(variance, 1e-5)",
      ],
      cured: (x) => sum(div(sub(x, 2), add(variance(x), 1e-5))),
    },
    "by hand": {
      f: (x) => sum(div(sub(x, mean(x)), sqrt(mean(square(sub(x, mean(x))))))),
      at: constant,
      says: [
        "the value of div is NaN at [0]",
        "the divisor is the root of 0, such as a norm or a standard deviation: add a small number under it, sqrt(add(x, 1e-12))",
      ],
    },
    "in the gradient, with the small number in the wrong place": {
      f: (x) => sum(square(div(sub(x, mean(x)), add(sqrt(variance(x)), 1e-5)))),
      at: constant,
      says: [
        "the cotangent of input 0 of sqrt is NaN",
        "the derivative of a root is infinite at 0, and the variance of a constant is 0: write sqrt(add(variance, 1e-5))",
      ],
      cured: (x) => sum(square(div(sub(x, mean(x)), sqrt(add(variance(x), 1e-5))))),
    },
    "of a single element": {
      f: (x) => variance(x, { ddof: 1 }),
      at: tensor([3]),
      says: [
        "the value of variance is NaN",
        "too few elements for a variance: n − ddof is 0; use more elements, or a smaller ddof",
      ],
      cured: (x) => variance(x, { ddof: 0 }),
    },
  },

  "linear algebra": {
    "det of large numbers": {
      f: (x) => det(x),
      at: tensor([
        [1e200, 1],
        [1, 1e200],
      ]),
      says: ["the value of det is Infinity", "the determinant is too large for a float64: use slogdet"],
      cured: (x) => slogdet(x).logAbsDet,
    },
    "slogdet of a singular matrix": {
      f: (x) => slogdet(x).logAbsDet,
      at: tensor([
        [1, 2],
        [2, 4],
      ]),
      says: [
        "the value of slogdet is -Infinity at [1]",
        "the determinant is 0, and its logarithm is −Infinity: add 1e-6 to the diagonal",
      ],
      cured: (x) => slogdet(add(x, tensor([[1e-6, 0], [0, 1e-6]]))).logAbsDet, // biome-ignore format: one matrix
    },
  },

  "where with a poisoned branch": {
    "of log": {
      f: (p) => sum(where(greater(p, 0), log(p), 0)),
      at: p,
      says: ["the cotangent of input 0 of log is NaN at [1]", `${leftOut}log(where(greater(p, 0), p, 1))`],
      cured: (p) => sum(where(greater(p, 0), log(where(greater(p, 0), p, 1)), 0)),
    },
    "of sqrt": {
      f: (p) => sum(where(greater(p, 0), sqrt(p), 0)),
      at: p,
      says: ["the cotangent of input 0 of sqrt is NaN at [1]", `${leftOut}sqrt(where(greater(p, 0), p, 1))`],
      cured: (p) => sum(where(greater(p, 0), sqrt(where(greater(p, 0), p, 1)), 0)),
    },
    "of div": {
      f: (p) => sum(where(notEqual(p, 0), div(1, p), 0)),
      at: p,
      says: ["the cotangent of input 1 of div is NaN at [1]", `${leftOut}div(1, where(notEqual(p, 0), p, 1))`],
      cured: (p) => sum(where(notEqual(p, 0), div(1, where(notEqual(p, 0), p, 1)), 0)),
    },
    "of a division of rows": {
      f: (x) => {
        const total = sum(x, { axis: 1, keepDims: true });
        return sum(square(where(greater(total, 0), div(x, total), 0)));
      },
      at: tensor([
        [1, 2],
        [0, 0],
      ]),
      says: ["the cotangent of input 0 of div is NaN at [1, 0]", `${leftOut}div(x, where(notEqual(b, 0), b, 1))`],
      cured: (x) => {
        const total = sum(x, { axis: 1, keepDims: true });
        return sum(square(where(greater(total, 0), div(x, where(notEqual(total, 0), total, 1)), 0)));
      },
    },
    "of pow": {
      f: (p) => sum(where(greater(p, 0), pow(p, 0.5), 0)),
      at: p,
      says: ["the cotangent of input 0 of pow is NaN at [1]", `${leftOut}pow(where(greater(p, 0), p, 1), 0.5)`],
      cured: (p) => sum(where(greater(p, 0), pow(where(greater(p, 0), p, 1), 0.5), 0)),
    },
    "of exp": {
      f: (x) => sum(where(less(x, 10), exp(x), 0)),
      at: tensor([1, 1000]),
      says: ["the cotangent of input 0 of exp is NaN at [1]", `${leftOut}exp(minimum(x, 709))`],
      cured: (x) => sum(where(less(x, 10), exp(where(less(x, 10), x, 0)), 0)),
    },
    "of a product with what log made infinite": {
      f: (x) => sum(where(greater(p, 0), mul(log(p), x), 0)),
      at: tensor([1, 1]),
      says: [
        "the value of log is -Infinity at [1]",
        "log 0 is −Infinity: use logSoftmax for the log of a softmax, else write log(where(greater(p, 0), p, 1))",
      ],
    },
  },
};

for (const [family, cases] of Object.entries(families))
  describe(family, () => {
    for (const [title, { f, at, says, cured }] of Object.entries(cases)) {
      it(title, () => {
        const { message, site = "" } = nonFinite(f, at)!;
        expect(site).toMatch(/nonFinite\.test\.ts:\d+:\d+$/);
        expect(message.replace(site, "here").split(", at here; ")).toEqual(says);
      });
      if (cured) it(`${title}: the fix works`, () => expect(nonFinite(cured, at)).toBe(undefined));
    }
  });

describe("the result of an op for finite numbers of any size is finite, or the op explains why not", () => {
  const extremes = [1.5e308, -1.5e308, 1e200, -1e200, 800, 1, 1e-320, 0, -1];
  const extremeLike = (x: Tensor, seed: number): Tensor => {
    const y = tensor(random(x.shape, seed));
    const chosen = numbers(y).map((at) => extremes[Math.floor(((at + 1) / 2) * extremes.length)]!);
    ravel(y.array!).set(chosen);
    return y;
  };
  /**
   * Factorizations throw for most matrices with zeros or huge entries, because such matrices are singular or not
   * positive definite.
   */
  const reportOrError: typeof nonFinite = (f, ...args) => {
    try {
      return nonFinite(f, ...args);
    } catch (error) {
      if (error instanceof OutOfRangeError) return undefined;
      throw error;
    }
  };
  for (const { title, call, sample } of sampled(allSamples, 4)) {
    const { f, floats } = ofFloats(call, sample);
    if (floats.length === 0) continue;
    it(title, () => {
      for (let seed = 1; seed <= 12; seed++) {
        const report = reportOrError(f, ...floats.map((x, i) => extremeLike(x, 100 * seed + i)));
        if (report) expect(report.message).toMatch(/^the (value|cotangent) of .*; ./);
      }
    });
  }
});

describe("nothing is reported for", () => {
  const fine: Record<string, [Function, Tensor]> = {
    "a mask inside softmax": [(x) => sum(square(softmax(where(tensor([true, false]), x, -Infinity)))), logits],
    "a mask that is added": [(x) => sum(square(softmax(add(x, tensor([0, -Infinity]))))), logits],
    "rows without entries": [(x) => sum(square(softmax(x, { where: mask }))), logits],
    "log-probabilities that where excludes": [(x) => sum(where(mask, logSoftmax(x, { where: mask }), 0)), logits],
    "exp of −Infinity": [(x) => sum(exp(masked(x))), logits],
    "a maximum over masked entries": [(x) => sum(max(where(tensor([true, false]), x, -Infinity), { axis: 1 })), logits],
  };
  for (const [title, [f, x]] of Object.entries(fine)) it(title, () => expect(nonFinite(f, x)).toBe(undefined));
});

describe.skipIf(areMutated)("every cause is tested", () => {
  const said = Object.values(families).flatMap((cases) => Object.values(cases).map(({ says }) => says.join("\n")));
  for (const { file, causes } of sources)
    for (const text of causes)
      it(`${file}: ${text}`, () => expect(said.some((says) => says.includes(text))).toBe(true));
});

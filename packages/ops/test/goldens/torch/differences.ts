/**
 * Calls for which PyTorch and Wengert give different results, with the reasons. The table of docs/numerics.md lists the
 * same differences.
 */
export interface Difference {
  /** The source text of a call, or a pattern that matches the source texts of several calls. */
  readonly call: string | RegExp;
  /** Which results of the call differ: its value, or the gradient of an input. */
  readonly of: readonly string[];
  /** The expected result: float64 numbers in nested lists, a tensor as in the golden file, or the name of an error. */
  readonly torch: unknown;
  readonly wengert: unknown;
}

interface Policy {
  readonly because: string;
  readonly differences: readonly Difference[];
}

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const tail = 4.248354255291589e-18; // e⁻⁴⁰

export const policies: Readonly<Record<string, Policy>> = {
  "NaN in abs, sign and relu": {
    because:
      "NaN propagates; PyTorch's comparisons with NaN choose a branch. The derivative of relu is 1 only for x > 0.",
    differences: [
      { call: "sign(NaN)", of: ["value"], torch: 0, wengert: nan },
      { call: "abs(NaN)", of: ["cotangent 0", "second 1"], torch: 0, wengert: nan },
      { call: "relu(NaN)", of: ["cotangent 0", "second 1"], torch: 1, wengert: 0 },
    ],
  },
  "NaN in minimum and maximum, derivative": {
    because: "neither input was selected as the larger one; PyTorch passes the whole cotangent to both",
    differences: [
      { call: /^m..imum\(.*NaN/, of: ["cotangent 0", "cotangent 1"], torch: 1, wengert: 0 },
      { call: /^m..imum\(.*NaN/, of: ["second 2"], torch: 3, wengert: 0 },
    ],
  },
  "tails of sigmoid, tanh, softplus and logSigmoid": {
    because: "σ(x) σ(−x) keeps the digits that PyTorch's s (1 − s) and 1 − y² lose",
    differences: [
      { call: "sigmoid(40)", of: ["cotangent 0", "second 1"], torch: 0, wengert: tail },
      { call: /^(sigmoid|logSigmoid)\(40\)/, of: ["second 0"], torch: 0, wengert: -tail },
      { call: /^tanh\(-?40\)/, of: ["cotangent 0", "second 1"], torch: 0, wengert: 4 * tail ** 2 },
      { call: "tanh(40)", of: ["second 0"], torch: 0, wengert: -8 * tail ** 2 },
      { call: "tanh(-40)", of: ["second 0"], torch: 0, wengert: 8 * tail ** 2 },
      { call: "softplus(40)", of: ["second 0"], torch: 0, wengert: tail },
    ],
  },
  "softplus above 20": {
    because: "the result is ln(1 + eˣ) everywhere; PyTorch returns x above 20",
    differences: [
      { call: "softplus(21)", of: ["value"], torch: 21, wengert: 21.000000000758256 },
      { call: "softplus(21)", of: ["cotangent 0", "second 1"], torch: 1, wengert: 0.9999999992417439 },
      { call: "softplus(21)", of: ["second 0"], torch: 0, wengert: 7.582560416412862e-10 },
      { call: "softplus(30)", of: ["second 0"], torch: 0, wengert: 9.357622968838425e-14 },
    ],
  },
  "second derivative of sigmoid near 0": {
    because: "Wengert computes −σ′(x) tanh(x / 2); PyTorch computes 1 − 2σ(x), which rounds to 0 near 0",
    differences: [{ call: "sigmoid(1e-310)", of: ["second 0"], torch: 0, wengert: -1.2500000000003e-311 }],
  },
  "order of a sum": {
    because:
      "eight partial sums each take every eighth element and are added at the end; PyTorch adds in another order",
    differences: [{ call: /^sum\(\[10+, 1, -10+\]\)/, of: ["value"], torch: 0, wengert: 1 }],
  },
  "gelu of ±∞ and of very large numbers": {
    because: "x Φ(x) and its derivatives have limits at ±∞; PyTorch multiplies ∞ by 0",
    differences: [
      { call: "gelu(-Infinity)", of: ["value", "cotangent 0", "second 0", "second 1"], torch: nan, wengert: 0 },
      { call: "gelu(Infinity)", of: ["cotangent 0", "second 1"], torch: nan, wengert: 1 },
      { call: "gelu(Infinity)", of: ["second 0"], torch: nan, wengert: 0 },
      { call: /^gelu\(-?1e\+308\)/, of: ["second 0"], torch: nan, wengert: 0 },
    ],
  },
  "expm1 far below 0, derivative": {
    because: "the derivative is computed as eˣ, because y + 1 rounds to 0",
    differences: [{ call: "expm1(-40)", of: ["cotangent 0", "second 0", "second 1"], torch: 0, wengert: tail }],
  },
  "log1p of very large numbers": {
    because: "PyTorch's vector code overflows",
    differences: [{ call: "log1p(1e+308)", of: ["value"], torch: infinity, wengert: 709.1962086421661 }],
  },
  "second derivatives of pow at base 0": {
    because: "they are finite if the exact derivatives are; PyTorch multiplies by ln 0 or divides by the base",
    differences: [
      { call: /^pow\(-?0, -?0\)/, of: ["second 0", "second 1", "second 2"], torch: nan, wengert: 0 },
      { call: /^pow\(-?0, (1|800)\)/, of: ["second 0"], torch: nan, wengert: 0 },
      { call: /^pow\(-?0, 1\)/, of: ["second 1"], torch: nan, wengert: 1 },
      { call: /^pow\(-?0, (800|2)\)/, of: ["second 1"], torch: nan, wengert: 0 },
      { call: "pow(0, 2)", of: ["second 0"], torch: nan, wengert: 2 },
      { call: /^pow\(Infinity, -?0\)/, of: ["second 1"], torch: nan, wengert: infinity },
      { call: "pow(0, 0.5)", of: ["second 1"], torch: nan, wengert: -infinity },
    ],
  },
  "mixed second derivative of pow at the exponent 0": {
    because: "∂²aᵇ/∂a∂b is 1 / a at b = 0; PyTorch treats x⁰ as a constant",
    differences: [
      { call: /^pow\(1, -?0\)/, of: ["second 1"], torch: 0, wengert: 1 },
      { call: /^pow\(800, -?0\)/, of: ["second 1"], torch: 89.36806789935117, wengert: 89.36931789935117 },
    ],
  },
  "pow to 0.5 of −0 and −∞": {
    because: "pow follows IEEE 754; PyTorch computes a square root if the exponent is the number 0.5",
    differences: [
      { call: "pow(-0, number 0.5)", of: ["cotangent 0", "second 1"], torch: -infinity, wengert: infinity },
      { call: "pow(-Infinity, number 0.5)", of: ["value"], torch: nan, wengert: infinity },
      { call: "pow(-Infinity, number 0.5)", of: ["cotangent 0", "second 1"], torch: nan, wengert: 0 },
    ],
  },
  "prod of infinities and NaN, derivative": {
    because:
      "the derivative is the product of the other entries; PyTorch divides the product of all entries by the entry",
    differences: [
      { call: "prod([NaN, 1, 2])", of: ["cotangent 0"], torch: [nan, nan, nan], wengert: [2, nan, nan] },
      { call: "prod([NaN, 1, 2])", of: ["second 0"], torch: [nan, nan, nan], wengert: [15, nan, nan] },
      { call: "prod([0, NaN, 2])", of: ["second 0"], torch: [nan, nan, nan], wengert: [nan, 2, nan] },
      { call: "prod([NaN, Infinity])", of: ["cotangent 0"], torch: [nan, nan], wengert: [infinity, nan] },
      { call: "prod([Infinity, 1])", of: ["cotangent 0"], torch: [nan, infinity], wengert: [1, infinity] },
      { call: "prod([-Infinity, 1])", of: ["cotangent 0"], torch: [nan, -infinity], wengert: [1, -infinity] },
      { call: /^prod\(\[-?Infinity, 1\]\)/, of: ["second 0"], torch: [nan, nan], wengert: [3, nan] },
      { call: "prod([Infinity, Infinity])", of: ["cotangent 0"], torch: [nan, nan], wengert: [infinity, infinity] },
      { call: "prod([-Infinity, -Infinity])", of: ["cotangent 0"], torch: [nan, nan], wengert: [-infinity, -infinity] },
      { call: "prod([Infinity, -Infinity])", of: ["cotangent 0"], torch: [nan, nan], wengert: [-infinity, infinity] },
      { call: /^prod\(\[Infinity, (1|Infinity)\]\)/, of: ["second 1"], torch: nan, wengert: infinity },
      { call: /^prod\(\[-Infinity, (1|-Infinity)\]\)/, of: ["second 1"], torch: nan, wengert: -infinity },
      { call: "prod([0, Infinity])", of: ["second 0"], torch: [3, nan], wengert: [nan, 1] },
      {
        call: "prod([1e+308, 1e+308, 1e+308])",
        of: ["second 0"],
        torch: [nan, nan, nan],
        wengert: [nan, infinity, nan],
      },
    ],
  },
  "logAddExp and logSumExp, if all entries are −∞": {
    because: "the value is the constant −Infinity; PyTorch computes −Infinity − (−Infinity)",
    differences: [
      { call: "logAddExp(-Infinity, -Infinity)", of: ["cotangent 0", "cotangent 1"], torch: nan, wengert: 0 },
      { call: "logAddExp(-Infinity, -Infinity)", of: ["second 0", "second 1", "second 2"], torch: nan, wengert: 0 },
      { call: "logSumExp([-Infinity, -Infinity])", of: ["cotangent 0"], torch: [nan, nan], wengert: [0, 0] },
      { call: "logSumExp([-Infinity, -Infinity])", of: ["second 1"], torch: nan, wengert: 0 },
    ],
  },
  "second derivatives of logAddExp far apart": {
    because: "their limit is 0; PyTorch's e^(a − b) overflows",
    differences: [
      {
        call: /^logAddExp\((?!(\S+), \1\)).*(800|Infinity)/,
        of: ["second 0", "second 1"],
        torch: nan,
        wengert: 0,
      },
    ],
  },
  "logSumExp with a +∞, derivative": {
    because: "the derivative is the softmax, which is NaN in that slice",
    differences: [
      { call: /^logSumExp\(\[Infinity, (1|-Infinity)\]\)/, of: ["cotangent 0"], torch: [nan, 0], wengert: [nan, nan] },
    ],
  },
  "logSumExp of large numbers, derivative": {
    because: "the derivative is the softmax, whose entries sum to 1; PyTorch's e^(x − y) ignores the rounding of y",
    differences: [
      {
        call: "logSumExp([1e+308, 1e+308, 1e+308])",
        of: ["cotangent 0"],
        torch: [1, 1, 1],
        wengert: [1 / 3, 1 / 3, 1 / 3],
      },
      {
        call: "logSumExp([1e+308, 1e+308, 1e+308])",
        of: ["second 0"],
        torch: [-12, -10, -4],
        wengert: [-10 / 9, -4 / 9, 14 / 9],
      },
      { call: "logSumExp([1e+308, 1e+308, 1e+308])", of: ["second 1"], torch: 13, wengert: 13 / 3 },
    ],
  },
  "one probability close to 1": {
    because: "the largest entry is computed from the other entries; PyTorch's 1 − s rounds to 0",
    differences: [
      { call: "softmax([40, 0], { axis: 0 })", of: ["cotangent 0"], torch: [0, tail], wengert: [-tail, tail] },
      {
        call: "softmax([40, 0], { axis: 0 })",
        of: ["second 0", "second 1"],
        torch: [0, 2 * tail],
        wengert: [-2 * tail, 2 * tail],
      },
      { call: "logSoftmax([40, 0], { axis: 0 })", of: ["value"], torch: [0, -40], wengert: [-tail, -40] },
      {
        call: "logSoftmax([40, 0], { axis: 0 })",
        of: ["second 0"],
        torch: [0, -6 * tail],
        wengert: [6 * tail, -6 * tail],
      },
      { call: "logSoftmax([40, 0], { axis: 0 })", of: ["second 1"], torch: [0, 2], wengert: [-2 * tail, 2] },
      { call: "logSumExp([40, 0])", of: ["second 0"], torch: [0, 2 * tail], wengert: [-2 * tail, 2 * tail] },
      { call: "crossEntropy([40, 0, 0], int32 0)", of: ["value"], torch: 0, wengert: 2 * tail },
      {
        call: "crossEntropy([40, 0, 0], int32 0)",
        of: ["cotangent 0"],
        torch: [0, tail, tail],
        wengert: [-2 * tail, tail, tail],
      },
      {
        call: "crossEntropy([40, 0, 0], int32 0)",
        of: ["second 0"],
        torch: [0, 2 * tail, 8 * tail],
        wengert: [-10 * tail, 2 * tail, 8 * tail],
      },
      { call: "crossEntropy([40, 0, 0], int32 0)", of: ["second 1"], torch: 0, wengert: 10 * tail },
      {
        call: "crossEntropy([0, 40, 0], int32 0)",
        of: ["second 0"],
        torch: [-2 * tail, 0, 6 * tail],
        wengert: [-2 * tail, -4 * tail, 6 * tail],
      },
      { call: "crossEntropy([40, 0], [1, 0])", of: ["value"], torch: 0, wengert: tail },
      { call: "crossEntropy([40, 0], [1, 0])", of: ["cotangent 0"], torch: [0, tail], wengert: [-tail, tail] },
      { call: "crossEntropy([40, 0], [1, 0])", of: ["cotangent 1"], torch: [0, 40], wengert: [tail, 40] },
      { call: "crossEntropy([40, 0], [1, 0])", of: ["second 1"], torch: [0, -2], wengert: [2 * tail, -2] },
      { call: /^binaryCrossEntropy\((40, 1|-40, 0), /, of: ["value"], torch: 0, wengert: tail },
      { call: /^binaryCrossEntropy\(40, 1, /, of: ["cotangent 0"], torch: 0, wengert: -tail },
    ],
  },
  "logSoftmax of a −∞, derivative": {
    because: "the entry is the constant −Infinity, so its cotangent is 0",
    differences: [
      { call: "logSoftmax([-Infinity, 1], { axis: 0 })", of: ["cotangent 0"], torch: [1, -1], wengert: [0, 0] },
      { call: "logSoftmax([-Infinity, 1], { axis: 0 })", of: ["second 1"], torch: [-2, 0], wengert: [0, 0] },
      { call: "logSoftmax([-Infinity, -Infinity], { axis: 0 })", of: ["second 1"], torch: [nan, nan], wengert: [0, 0] },
      {
        call: "logSoftmax([Infinity, -Infinity], { axis: 0 })",
        of: ["second 1"],
        torch: [nan, nan],
        wengert: [nan, 0],
      },
    ],
  },
  "crossEntropy with the logit of the label at −∞": {
    because: "the loss is the constant Infinity, which no step can lower",
    differences: [
      {
        call: "crossEntropy([-Infinity, 0, 1], int32 0)",
        of: ["cotangent 0"],
        torch: [-1, 0.2689414213699951, 0.7310585786300049],
        wengert: [0, 0, 0],
      },
      {
        call: "crossEntropy([-Infinity, 0, 1], int32 0)",
        of: ["second 0"],
        torch: [0, -1.179671599448891, 1.1796715994488913],
        wengert: [0, 0, 0],
      },
      { call: "crossEntropy([-Infinity, 0, 1], int32 0)", of: ["second 1"], torch: 6.38635147178003, wengert: 0 },
    ],
  },
  "crossEntropy with probabilities, 0 × −∞": {
    because: "the limit of t ln s at t = 0 is 0; a logit of −∞ is a constant",
    differences: [
      { call: "crossEntropy([-Infinity, 0], [0, 1])", of: ["value"], torch: nan, wengert: 0 },
      { call: "crossEntropy([-Infinity, 0], [0.5, 0.5])", of: ["cotangent 0"], torch: [-0.5, 0.5], wengert: [0, 0] },
      { call: /^crossEntropy\(\[-Infinity, 0\], \[/, of: ["second 0"], torch: [-1, 1], wengert: [0, 0] },
      { call: /^crossEntropy\(\[-Infinity, 0\], \[/, of: ["second 1"], torch: [2, 0], wengert: [0, 0] },
    ],
  },
  "crossEntropy, an ignored row": {
    because: "an ignored row has no effect, even if it holds NaN",
    differences: [
      {
        call: /^crossEntropy\(\[\[1, 2\], \[NaN, Infinity\]\]/,
        of: ["cotangent 0"],
        torch: [
          [-0.7310585786300049, 0.7310585786300049],
          [nan, nan],
        ],
        wengert: [
          [-0.7310585786300049, 0.7310585786300049],
          [0, 0],
        ],
      },
      {
        call: /^crossEntropy\(\[\[1, 2\], \[NaN, Infinity\]\]/,
        of: ["second 0"],
        torch: [
          [-0.3932238664829637, 0.3932238664829637],
          [nan, nan],
        ],
        wengert: [
          [-0.3932238664829637, 0.3932238664829637],
          [0, 0],
        ],
      },
    ],
  },
  "class index out of range": {
    because: "a label is ignored only if it equals ignoreIndex; PyTorch ignores −100 by default",
    differences: [
      {
        call: "crossEntropy([[1, 2]], int32 [-100], { reduction: sum })",
        of: ["value"],
        torch: 0,
        wengert: "OutOfRangeError",
      },
    ],
  },
  "binaryCrossEntropy of an infinite or NaN logit": {
    because: "the term with weight 0 counts as 0, and the other term is Infinity; NaN propagates to every derivative",
    differences: [
      { call: /^binaryCrossEntropy\((Infinity, 1|-Infinity, 0), /, of: ["value"], torch: nan, wengert: 0 },
      { call: /^binaryCrossEntropy\(-Infinity, (1|0\.5), /, of: ["value"], torch: nan, wengert: infinity },
      { call: /^binaryCrossEntropy\(NaN, /, of: ["second 1"], torch: -1, wengert: nan },
    ],
  },
  "mean and variance over an empty axis, derivative": {
    because: "for n = 0, the mean and its derivative are 0 / 0 = NaN; a sum of no deviations is 0",
    differences: [
      { call: "mean([])", of: ["second 1"], torch: 0, wengert: nan },
      { call: /^mean\(float64 \[2, 0\]/, of: ["second 1"], torch: [0, 0], wengert: [nan, nan] },
      { call: "mse([], [])", of: ["second 2"], torch: 0, wengert: nan },
      { call: "variance([])", of: ["second 1"], torch: nan, wengert: 0 },
      { call: /^variance\(float64 \[2, 0\]/, of: ["second 1"], torch: [nan, nan], wengert: [0, 0] },
    ],
  },
  "mse and binaryCrossEntropy of two shapes": {
    because: "a prediction [N, 1] and a target [N] would give N × N losses; PyTorch broadcasts",
    differences: [{ call: "mse([1], [])", of: ["value"], torch: nan, wengert: "ShapeError" }],
  },
  "clip with min > max": {
    because: "the interval is empty, so the call is a mistake",
    differences: [{ call: "clip([1], { min: 2, max: 1 })", of: ["value"], torch: [1], wengert: "OutOfRangeError" }],
  },
  "squeeze of an axis whose size is not 1": {
    because: "the caller expected the size 1, as in NumPy; PyTorch keeps the axis",
    differences: [{ call: "squeeze([1, 2], { axis: 0 })", of: ["value"], torch: [1, 2], wengert: "ShapeError" }],
  },
  "takeAlong: negative index": {
    because: "−1 is the last entry, as in take and in NumPy",
    differences: [
      { call: "takeAlong([1, 2], int32 [-1], { axis: 0 })", of: ["value"], torch: "RuntimeError", wengert: [2] },
    ],
  },
  "reducing over axis: []": {
    because: "an empty list means no axes, as in NumPy; PyTorch reduces all axes",
    differences: [{ call: "sum([[1, 2]], { axis: [] })", of: ["value"], torch: 3, wengert: [[1, 2]] }],
  },
  "sums of int32 and bool": {
    because: "int32 is the only integer dtype, and wraps around; PyTorch adds in int64",
    differences: [
      { call: /^sum\(int32/, of: ["value"], torch: { int64: 2147483649 }, wengert: { int32: -2147483647 } },
      {
        call: /^cumsum\(int32/,
        of: ["value"],
        torch: { int64: [2147483647, 2147483649] },
        wengert: { int32: [2147483647, -2147483647] },
      },
      { call: /^prod\(int32/, of: ["value"], torch: { int64: 4294967294 }, wengert: { int32: -2 } },
      { call: /^sum\(bool/, of: ["value"], torch: { int64: 2 }, wengert: { int32: 2 } },
    ],
  },
  "dtypes that differ, and int32 or bool where a float is needed": {
    because: "conversions should be explicit; PyTorch promotes",
    differences: [
      { call: "div(int32 [1], int32 [2])", of: ["value"], torch: [0.5], wengert: "DTypeError" },
      { call: "exp(int32 [1])", of: ["value"], torch: [Math.E], wengert: "DTypeError" },
      { call: /^add\(\[1\], (int32|float32) \[1\]\)/, of: ["value"], torch: [2], wengert: "DTypeError" },
      { call: "add(bool [true], bool [true])", of: ["value"], torch: { bool: [true] }, wengert: "DTypeError" },
      { call: "equal([1], int32 [1])", of: ["value"], torch: { bool: [true] }, wengert: "DTypeError" },
      { call: "where(bool [true], [1], int32 [2])", of: ["value"], torch: [1], wengert: "DTypeError" },
      { call: "logicalAnd([1], [2])", of: ["value"], torch: { bool: [true] }, wengert: "DTypeError" },
      { call: "concat([[1], int32 [2]])", of: ["value"], torch: [1, 2], wengert: "DTypeError" },
      { call: "take([1, 2], [1], { axis: 0 })", of: ["value"], torch: [2], wengert: "DTypeError" },
      { call: "pow(int32 [2], int32 [-1])", of: ["value"], torch: { int32: [0] }, wengert: "OutOfRangeError" },
    ],
  },
  "cast to int32 of a number that it cannot hold": {
    because: "int32 cannot represent the number; PyTorch's result depends on the processor",
    differences: [
      {
        call: /^cast\(\[(-?2147483\d+|Infinity|NaN)\], { dtype: int32 }\)/,
        of: ["value"],
        torch: { int32: [-2147483648] },
        wengert: "OutOfRangeError",
      },
    ],
  },
};

/**
 * The formulas of an op in TeX: its value, and its VJP rules. There is one rule per input (null if no derivative flows
 * to the input), or one rule for all inputs.
 */
export interface Formula {
  readonly value: string;
  readonly rules: readonly (string | null)[];
}

// In the formulas, y is the output and g its cotangent. The inputs are a, b, c and x. A bar marks the cotangent of an
// input.
const unary = (value: string, rule: string | null): Formula => ({
  value: withSide("y", value),
  rules: [rule === null ? null : withSide("\\bar x", rule)],
});
const binary = (value: string, toA: string, toB: string): Formula => ({
  value: withSide("y", value),
  rules: [withSide("\\bar a", toA), withSide("\\bar b", toB)],
});
/** Returns the TeX equation `side = right`. If `right` already contains its own left side, returns `right` unchanged. */
const withSide = (side: string, right: string): string => (right.startsWith(`${side}_`) ? right : `${side} = ${right}`);
const comparison = (sign: string): Formula => ({ value: `y = a ${sign} b`, rules: [null, null] });
const T = "^{\\mathsf T}";

/** The formulas of all ops, by the name of the op. A test checks that no formula is missing. */
export const formulas: Readonly<Record<string, Formula>> = {
  // arithmetic
  add: binary("a + b", "g", "g"),
  sub: binary("a - b", "g", "-g"),
  mul: binary("a \\odot b", "g \\odot b", "g \\odot a"),
  div: binary("a / b", "g / b", "-(g / b) \\odot y"),
  neg: unary("-x", "-g"),
  pow: binary("a^b", "g\\, b\\, a^{b-1}", "g\\, y \\log a"),
  powSlope: binary("b\\, a^{b-1}", "g\\, b (b-1)\\, a^{b-2}", "g\\, a^{b-1} (1 + b \\log a)"),
  xlogy: binary("b \\log a", "g\\, b / a", "g \\log a"),
  axpy: {
    value: "y = a\\, x + b",
    rules: ["\\bar a = \\textstyle\\sum g \\odot x", "\\bar x = a\\, g", "\\bar b = g"],
  },

  // elementwise functions
  square: unary("x^2", "2\\, g \\odot x"),
  sqrt: unary("\\sqrt{x}", "g / (2y)"),
  abs: unary("|x|", "g \\odot \\operatorname{sign} x"),
  sign: unary("\\operatorname{sign} x", null),
  exp: unary("e^x", "g \\odot y"),
  expm1: unary("e^x - 1", "g\\, e^x"),
  log: unary("\\log x", "g / x"),
  log1p: unary("\\log(1 + x)", "g / (1 + x)"),
  sin: unary("\\sin x", "g \\cos x"),
  cos: unary("\\cos x", "-g \\sin x"),
  tanh: unary("\\tanh x", "g\\,(1 - y^2)"),
  tanhSlope: unary("1 - \\tanh^2 x", "-2\\, g\\, y \\tanh x"),
  sigmoid: unary("\\sigma(x)", "g\\, \\sigma(x)\\, \\sigma(-x)"),
  sigmoidSlope: unary("\\sigma(x)\\, \\sigma(-x)", "-g\\, y \\tanh \\tfrac{x}{2}"),
  logSigmoid: unary("\\log \\sigma(x)", "g\\, \\sigma(-x)"),
  softplus: unary("\\log(1 + e^x)", "g\\, \\sigma(x)"),
  relu: unary("\\max(x, 0)", "g\\, [x > 0]"),
  reluPullback: { value: "y = h\\, [x > 0]", rules: [null, "\\bar h = g\\, [x > 0]"] },
  gelu: unary("x\\, \\Phi(x)", "g\\,(\\Phi(x) + x\\, \\varphi(x))"),
  geluSlope: unary("\\Phi(x) + x\\, \\varphi(x)", "g\\,(2 - x^2)\\, \\varphi(x)"),
  clip: unary("\\min(\\max(x, \\mathit{min}), \\mathit{max})", "g\\, [\\mathit{min} \\le x \\le \\mathit{max}]"),
  minimum: binary("\\min(a, b)", "g\\, [a < b] + \\tfrac g2 [a = b]", "g\\, [b < a] + \\tfrac g2 [a = b]"),
  maximum: binary("\\max(a, b)", "g\\, [a > b] + \\tfrac g2 [a = b]", "g\\, [b > a] + \\tfrac g2 [a = b]"),
  logAddExp: binary("\\log(e^a + e^b)", "g\\, \\sigma(a - b)", "g\\, \\sigma(b - a)"),
  logAddExpSlope: binary("\\sigma(a - b)", "g\\, y\\, \\sigma(b - a)", "-g\\, y\\, \\sigma(b - a)"),
  where: {
    value: "y = c\\;?\\;a : b",
    rules: [null, "\\bar a = c\\;?\\;g : 0", "\\bar b = c\\;?\\;0 : g"],
  },
  cast: unary("x", "g"),

  // comparisons
  equal: comparison("="),
  notEqual: comparison("\\ne"),
  less: comparison("<"),
  lessEqual: comparison("\\le"),
  greater: comparison(">"),
  greaterEqual: comparison("\\ge"),
  logicalAnd: comparison("\\wedge"),
  logicalOr: comparison("\\vee"),
  logicalXor: comparison("\\oplus"),
  logicalNot: unary("\\neg x", null),
  isFinite: unary("[\\,|x| < \\infty\\,]", null),
  isNaN: unary("[\\,x \\ne x\\,]", null),

  // reductions
  sum: unary("\\textstyle\\sum x", "g \\text{ repeated over the axes of the sum}"),
  mean: unary("\\tfrac1n \\textstyle\\sum x", "g / n \\text{ repeated}"),
  variance: unary("\\tfrac1{n - d} \\textstyle\\sum (x - \\mu)^2", "\\tfrac{2g}{n - d} \\odot (x - \\mu)"),
  max: unary("\\max x", "g\\, [x = y] \\text{, shared by ties}"),
  min: unary("\\min x", "g\\, [x = y] \\text{, shared by ties}"),
  argmax: unary("\\operatorname{argmax} x", null),
  argmin: unary("\\operatorname{argmin} x", null),
  prod: unary("\\textstyle\\prod x", "g \\odot \\textstyle\\prod_{j \\ne i} x_j"),
  exclusiveCumprod: unary("y_i = \\textstyle\\prod_{j < i} x_j", "y \\odot \\operatorname{linearRecurrence}(x, g)"),
  linearRecurrence: {
    value: "y_{i+1} = a_i\\, y_i + b_i",
    rules: ["\\bar a = \\bar b \\odot y", "\\bar b_i = a_{i+1}\\, \\bar b_{i+1} + g_{i+1}"],
  },
  cumsum: unary("y_i = \\textstyle\\sum_{j \\le i} x_j", "\\bar x_i = \\textstyle\\sum_{j \\ge i} g_j"),
  logSumExp: unary("\\log \\textstyle\\sum e^x", "g\\, \\operatorname{softmax}(x)"),

  // shapes
  reshape: unary("x \\text{ in another shape}", "g \\text{ in the shape of } x"),
  transpose: unary(`x${T}`, `g${T}`),
  expandDims: unary("x \\text{ with an axis of size 1}", "g \\text{ without it}"),
  squeeze: unary("x \\text{ without axes of size 1}", "g \\text{ with them}"),
  flip: unary("x \\text{ backwards}", "g \\text{ backwards}"),
  broadcastTo: unary("x \\text{ repeated}", "\\textstyle\\sum g \\text{ over the copies}"),
  slice: unary("x[\\text{from} : \\text{to}]", "g \\text{ among zeros}"),
  unslice: unary("x \\text{ among zeros}", "g[\\text{from} : \\text{to}]"),
  concat: {
    value: "y = [x_1, x_2, \\dots]",
    rules: ["\\bar x_k = \\text{the part of } g \\text{ at the position of } x_k"],
  },
  stack: { value: "y = [x_1, x_2, \\dots]", rules: ["\\bar x_k = g[k]"] },
  pad: unary("x \\text{ with a margin}", "g \\text{ without the margin}"),
  take: { value: "y = a[i]", rules: ["\\bar a[i] \\mathrel{+}= g", null] },
  scatterAdd: { value: "y[i] \\mathrel{+}= a", rules: ["\\bar a = g[i]", null] },
  takeAlong: { value: "y = a[i]", rules: ["\\bar a[i] \\mathrel{+}= g", null] },
  scatterAddAlong: { value: "y[i] \\mathrel{+}= a", rules: ["\\bar a = g[i]", null] },
  oneHot: unary("[\\,x = k\\,]_k", null),

  // linear algebra
  matmul: binary("a\\, b", `g\\, b${T}`, `a${T} g`),
  dot: binary("a \\cdot b", "g \\cdot b", "a \\cdot g"),
  outer: binary(`a\\, b${T}`, "g\\, b", `g${T} a`),
  einsum: {
    value: "y = \\textstyle\\sum \\prod_k x_k",
    rules: ["\\bar x_k = \\textstyle\\sum g \\prod_{j \\ne k} x_j"],
  },

  // softmax
  softmax: {
    value: "s_i = e^{x_i} / \\textstyle\\sum_j e^{x_j}",
    rules: ["\\bar x = s \\odot (g - \\langle g, s \\rangle)"],
  },
  softmaxPullback: {
    value: "y = s \\odot (h - \\langle h, s \\rangle)",
    rules: ["\\bar s = (h - \\bar h) \\odot (g - \\bar g)", "\\bar h = s \\odot (g - \\langle g, s \\rangle)"],
  },
  subtractWeightedMean: {
    value: "y = h - \\langle h, s \\rangle / \\langle 1, s \\rangle",
    rules: [
      "\\bar s = -y \\textstyle\\sum g / \\langle 1, s \\rangle",
      "\\bar h = g - s \\textstyle\\sum g / \\langle 1, s \\rangle",
    ],
  },
  logSoftmax: {
    value: "y_i = x_i - \\log \\textstyle\\sum_j e^{x_j}",
    rules: ["\\bar x = g - \\operatorname{softmax}(x) \\textstyle\\sum g"],
  },
  logSoftmaxPullback: {
    value: "y = h - s \\textstyle\\sum h, \\quad s = \\operatorname{softmax}(x)",
    rules: [
      "\\bar x = -(\\textstyle\\sum h)\\; s \\odot (g - \\langle g, s \\rangle)",
      "\\bar h = g - \\langle g, s \\rangle",
    ],
  },
  crossEntropy: {
    value: "y = -\\textstyle\\sum t \\log s, \\quad s = \\operatorname{softmax}(x)",
    rules: ["\\bar x = g\\,(s - t) \\quad (\\textstyle\\sum t = 1)", "\\bar t = -g \\log s"],
  },
  crossEntropyPullback: {
    value: "y = h\\,(s - t), \\quad s = \\operatorname{softmax}(x)",
    rules: ["\\bar x = h\\; s \\odot (g - \\langle g, s \\rangle)", null, "\\bar h = \\langle g, s - t \\rangle"],
  },
  softCrossEntropyPullback: {
    value: "y = h\\,(s \\textstyle\\sum t - t), \\quad s = \\operatorname{softmax}(x)",
    rules: [
      "\\bar x = h\\; s \\odot (g - \\langle g, s \\rangle) \\textstyle\\sum t",
      "\\bar t = -h\\,(g - \\langle g, s \\rangle)",
      "\\bar h = \\langle g, s \\textstyle\\sum t - t \\rangle",
    ],
  },
  binaryCrossEntropy: binary("-b \\log \\sigma(a) - (1 - b) \\log \\sigma(-a)", "g\\,(\\sigma(a) - b)", "-g\\, a"),

  // random numbers
  randomNormal: unary("\\text{normal samples from a key}", null),
  randomUniform: unary("\\text{uniform samples from a key}", null),

  // structural ops of core
  alias: unary("x", "g"),
  withLabel: unary("x", "g"),
  accumulate: binary("a + b", "g", "g"),
  pack: {
    value: "y = [x_1, x_2, \\dots]",
    rules: ["\\bar x_k = \\text{the part of } g \\text{ at the position of } x_k"],
  },
  part: unary("x[\\text{from} : \\text{to}]", "g \\text{ among zeros}"),
  place: unary("x \\text{ among zeros}", "g[\\text{from} : \\text{to}]"),
  stopGradient: unary("x", null),
  customVjp: {
    value: "y = \\operatorname{forward}(x)",
    rules: ["\\bar x = \\operatorname{backward}(\\mathit{residuals}, g)"],
  },
  checkpoint: { value: "y = f(x)", rules: ["\\bar x = \\text{the sweep of } f \\text{, run again, from } g"] },
};

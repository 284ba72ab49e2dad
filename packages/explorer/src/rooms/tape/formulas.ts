/**
 * The formulas of an op in TeX: the formula of its value, and the formulas of its VJP rules. The rules are a list with
 * a rule for each input (null if no derivative flows to the input), or a single rule for all inputs.
 */
export interface Formula {
  readonly value: string;
  readonly rules: readonly (string | null)[];
}

// In these formulas, y is the output of an op, g is the cotangent of y, and a, b, c and x are inputs. A bar marks the
// cotangent of an input.
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

/**
 * The formulas of elementwise ops: each element of y depends only on the elements of the inputs at the same position.
 */
const elementwise: Readonly<Record<string, Formula>> = {
  // arithmetic
  add: binary("a + b", "g", "g"),
  sub: binary("a - b", "g", "-g"),
  mul: binary("a \\odot b", "g \\odot b", "g \\odot a"),
  div: binary("a / b", "g / b", "-(g / b) \\odot y"),
  neg: unary("-x", "-g"),
  klDivergence: binary("a \\log(a / b)", "g\\,(1 + \\log(a / b))", "-g\\, a / b"),
  pow: binary("a^b", "g\\, b\\, a^{b-1}", "g\\, y \\log a"),
  powSlope: binary("b\\, a^{b-1}", "g\\, b (b-1)\\, a^{b-2}", "g\\, a^{b-1} (1 + b \\log a)"),
  xlogy: binary("b \\log a", "g\\, b / a", "g \\log a"),

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
  silu: unary("x\\, \\sigma(x)", "g\\,(\\sigma(x) + x\\, \\sigma'(x))"),
  siluSlope: unary("\\sigma(x) + x\\, \\sigma'(x)", "g\\, \\sigma'(x)\\,(2 - x \\tanh \\tfrac{x}{2})"),
  elu: unary("x > 0\\;?\\;x : \\alpha\\,(e^x - 1)", "x > 0\\;?\\;g : g\\, \\alpha\\, e^x"),
  leakyRelu: unary("x > 0\\;?\\;x : s\\, x", "x > 0\\;?\\;g : s\\, g"),
  tan: unary("\\tan x", "g / \\cos^2 x"),
  asin: unary("\\arcsin x", "g / \\sqrt{1 - x^2}"),
  acos: unary("\\arccos x", "-g / \\sqrt{1 - x^2}"),
  atan: unary("\\arctan x", "g / (1 + x^2)"),
  sinh: unary("\\sinh x", "g \\cosh x"),
  cosh: unary("\\cosh x", "g \\sinh x"),
  asinh: unary("\\operatorname{arsinh} x", "g / \\sqrt{x^2 + 1}"),
  acosh: unary("\\operatorname{arcosh} x", "g / \\sqrt{x^2 - 1}"),
  atanh: unary("\\operatorname{artanh} x", "g / (1 - x^2)"),
  exp2: unary("2^x", "g\\, y \\log 2"),
  log2: unary("\\log_2 x", "g / (x \\log 2)"),
  log10: unary("\\log_{10} x", "g / (x \\log 10)"),
  reciprocal: unary("1 / x", "-g / x^2"),
  floor: unary("\\lfloor x \\rfloor", null),
  ceil: unary("\\lceil x \\rceil", null),
  round: unary("x \\text{ rounded to a whole number}", null),
  trunc: unary("x \\text{ without its fraction}", null),
  nanToNum: unary("x \\text{ without NaN and infinities}", "g\\, [\\,|x| < \\infty\\,]"),
  hypot: binary("\\sqrt{a^2 + b^2}", "g\\, a / y", "g\\, b / y"),
  hypotSlope: binary("a / h,\\ h = \\sqrt{a^2 + b^2}", "g\\, b^2 / h^3", "-g\\, a\\, b / h^3"),
  atan2: binary("\\operatorname{atan2}(a, b)", "g\\, b / (a^2 + b^2)", "-g\\, a / (a^2 + b^2)"),
  atan2Slope: binary("b / h,\\ h = a^2 + b^2", "-2\\, g\\, a\\, b / h^2", "g\\,(a^2 - b^2) / h^2"),
  mod: binary("a - b\\, \\lfloor a / b \\rfloor", "g", "-g\\, \\lfloor a / b \\rfloor"),
  floorDivide: { value: "y = \\lfloor a / b \\rfloor", rules: [null, null] },
  erf: unary("\\operatorname{erf} x", "g\\, \\tfrac{2}{\\sqrt\\pi}\\, e^{-x^2}"),
  erfc: unary("1 - \\operatorname{erf} x", "-g\\, \\tfrac{2}{\\sqrt\\pi}\\, e^{-x^2}"),
  gaussian: unary("e^{-x^2}", "-2\\, g\\, x\\, y"),
  erfinv: unary("\\operatorname{erf}^{-1} x", "g\\, \\tfrac{\\sqrt\\pi}{2}\\, e^{y^2}"),
  erfinvSlope: unary("\\tfrac{\\sqrt\\pi}{2}\\, e^{z^2},\\ z = \\operatorname{erf}^{-1} x", "2\\, g\\, z\\, y^2"),
  logNdtr: unary("\\log \\Phi(x)", "g\\, \\varphi(x) / \\Phi(x)"),
  inverseMills: unary("\\varphi(x) / \\Phi(x)", "-g\\, y\\,(x + y)"),
  inverseMillsExcess: unary("x + h,\\ h = \\varphi(x) / \\Phi(x)", "g\\,(1 - h\\, y)"),
  lgamma: unary("\\log |\\Gamma(x)|", "g\\, \\psi(x)"),
  digamma: unary("\\psi(x)", "g\\, \\psi'(x)"),
  polygamma: unary("\\psi^{(n)}(x)", "g\\, \\psi^{(n+1)}(x)"),
  betaln: binary("\\log B(a, b)", "g\\,(\\psi(a) - \\psi(a + b))", "g\\,(\\psi(b) - \\psi(a + b))"),
  polygammaDifference: binary(
    "\\psi^{(n)}(a) - \\psi^{(n)}(a + b)",
    "g\\,(\\psi^{(n+1)}(a) - \\psi^{(n+1)}(a + b))",
    "-g\\, \\psi^{(n+1)}(a + b)",
  ),
  gammainc: {
    value: "y = P(a, x)",
    rules: ["\\text{no derivative by } a", "\\bar x = g\\, x^{a-1} e^{-x} / \\Gamma(a)"],
  },
  gammaincSlope: {
    value: "y = x^{a-1} e^{-x} / \\Gamma(a)",
    rules: ["\\text{no derivative by } a", "\\bar x = g\\, y\\,(a - 1 - x) / x"],
  },
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
  isClose: { value: "y = |a - b| \\le \\mathit{atol} + \\mathit{rtol}\\,|b|", rules: [null, null] },
  logicalOr: comparison("\\vee"),
  logicalXor: comparison("\\oplus"),
  logicalNot: unary("\\neg x", null),
  isFinite: unary("[\\,|x| < \\infty\\,]", null),
  isNaN: unary("[\\,x \\ne x\\,]", null),
};

/**
 * Whether an op is elementwise. An elementwise op broadcasts inputs whose shape differs from the shape of the output.
 */
export const isElementwise = (op: string): boolean => Object.hasOwn(elementwise, op);

/** The formulas of all ops, by the name of the op. A test checks that no formula is missing. */
export const formulas: Readonly<Record<string, Formula>> = {
  ...elementwise,

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
  roll: unary("x \\text{ rotated along its axes}", "g \\text{ rotated back}"),
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
  axpy: {
    value: "y = a\\, x + b",
    rules: ["\\bar a = \\textstyle\\sum g \\odot x", "\\bar x = a\\, g", "\\bar b = g"],
  },
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
  huber: binary(
    "|d| \\le \\delta\\;?\\;\\tfrac12 d^2 : \\delta\\,(|d| - \\tfrac12 \\delta),\\ d = a - b",
    "g\\, \\min(\\max(d, -\\delta), \\delta)",
    "-g\\, \\min(\\max(d, -\\delta), \\delta)",
  ),
  binaryCrossEntropy: binary("-b \\log \\sigma(a) - (1 - b) \\log \\sigma(-a)", "g\\,(\\sigma(a) - b)", "-g\\, a"),

  // random numbers
  randomNormal: unary("\\text{normal samples from a key}", null),

  // The formulas of `windows`, of convolutions and of pooling ops, in which w is a window of x.
  windows: unary("y_i = (x_{i}, \\dots, x_{i+k-1})", "\\bar x_j = \\textstyle\\sum_{i + l = j} g_{i l}"),
  overlapAdd: unary("y_j = \\textstyle\\sum_{i + l = j} x_{i l}", "\\bar x_{i l} = g_{i+l}"),
  conv2d: {
    value: "y_i = \\textstyle\\sum_l x_{i+l}\\, k_l",
    rules: ["\\bar x_j = \\textstyle\\sum_l g_{j-l}\\, k_l", "\\bar k_l = \\textstyle\\sum_i g_i\\, x_{i+l}"],
  },
  convInputPullback: {
    value: "y_j = \\textstyle\\sum_l h_{j-l}\\, k_l",
    rules: ["\\bar h_i = \\textstyle\\sum_l g_{i+l}\\, k_l", "\\bar k_l = \\textstyle\\sum_i h_i\\, g_{i+l}"],
  },
  convKernelPullback: {
    value: "y_l = \\textstyle\\sum_i h_i\\, x_{i+l}",
    rules: ["\\bar x_j = \\textstyle\\sum_l h_{j-l}\\, g_l", "\\bar h_i = \\textstyle\\sum_l x_{i+l}\\, g_l"],
  },
  maxPool2d: unary("y_i = \\max w_i", "\\bar x_j = \\textstyle\\sum_i g_i\\, [x_j = y_i] / \\#[w_i = y_i]"),
  maxPoolPullback: {
    value: "y_j = \\textstyle\\sum_i h_i\\, [x_j = \\max w_i] / \\#",
    rules: [null, "\\bar h_i = \\textstyle\\sum_j g_j\\, [x_j = \\max w_i] / \\#"],
  },
  maxPoolTangent: {
    value: "y_i = \\textstyle\\sum_j u_j\\, [x_j = \\max w_i] / \\#",
    rules: [null, "\\bar u_j = \\textstyle\\sum_i g_i\\, [x_j = \\max w_i] / \\#"],
  },
  avgPool2d: unary("y_i = \\operatorname{mean} w_i", "\\bar x_j = \\textstyle\\sum_{i : j \\in w_i} g_i / n_i"),
  avgPoolPullback: unary(
    "y_j = \\textstyle\\sum_{i : j \\in w_i} x_i / n_i",
    "\\bar x_i = \\operatorname{mean}_{j \\in w_i} g_j",
  ),

  // order, counts, and updates
  argsort: unary("\\operatorname{argsort} x", null),
  searchsorted: { value: "y = \\#[a < x]", rules: [null, null] },
  all: unary("\\textstyle\\bigwedge x", null),
  any: unary("\\textstyle\\bigvee x", null),
  countNonzero: unary("\\#[x \\neq 0]", null),
  std: unary("\\sqrt{\\tfrac1{n - d} \\textstyle\\sum (x - \\mu)^2}", "g\\, (x - \\mu) / ((n - d)\\, y)"),
  norm: unary("(\\textstyle\\sum |x|^p)^{1/p}", "g\\, \\operatorname{sign}(x)\\, (|x| / y)^{p-1}"),
  cumprod: unary(
    "y_i = \\textstyle\\prod_{j \\le i} x_j",
    "\\bar x_i = \\textstyle\\sum_{j \\ge i} g_j\\, \\prod_{l \\le j,\\, l \\neq i} x_l",
  ),
  logCumsumExp: unary(
    "y_i = \\log \\textstyle\\sum_{j \\le i} e^{x_j}",
    "\\bar x_i = \\textstyle\\sum_{j \\ge i} g_j\\, e^{x_i - y_j}",
  ),
  segmentSum: { value: "y_k = \\textstyle\\sum_{i : s_i = k} x_i", rules: ["\\bar x_i = g_{s_i}", null] },
  addAt: { value: "y = x,\\ y[i] \\mathrel{+}= v", rules: ["\\bar x = g", null, "\\bar v = g[i]"] },
  setAt: { value: "y = x,\\ y[i] = v", rules: ["\\bar x = g,\\ \\bar x[i] = 0", null, "\\bar v = g[i]"] },
  randomTruncatedNormal: unary("\\text{truncated normal samples from a key}", null),
  randomUniform: unary("\\text{uniform samples from a key}", null),

  // structural ops of core
  insertAxes: unary("x \\text{ with axes of size 1}", "g \\text{ without them}"),
  removeAxes: unary("x \\text{ without axes of size 1}", "g \\text{ with them}"),
  moveAxis: unary("x \\text{ with an axis moved}", "g \\text{ with the axis moved back}"),
  repeatAlong: unary("x \\text{ repeated along a new axis}", "\\textstyle\\sum g \\text{ over the copies}"),
  sumAxis: unary("\\textstyle\\sum x", "g \\text{ repeated}"),
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
  scan: {
    value: "(c_{t+1},\\, y_t) = \\operatorname{body}(c_t, x_t)",
    rules: [
      "(\\bar c_t,\\, \\bar x_t) = \\text{the pullback of the body, from } (\\bar c_{t+1},\\, \\bar y_t) \\text{, last iteration first}",
    ],
  },
  fixedPoint: {
    value: "x = \\operatorname{body}(x, p)",
    rules: [
      "\\bar p = (\\partial_p \\mathrm{body})^{\\mathsf T}\\, w, \\quad w = (\\partial_x \\mathrm{body})^{\\mathsf T}\\, w + g",
    ],
  },
  root: {
    value: "\\operatorname{body}(x, p) = 0",
    rules: [
      "\\bar p = -(\\partial_p \\mathrm{body})^{\\mathsf T}\\, w, \\quad (\\partial_x \\mathrm{body})^{\\mathsf T}\\, w = g",
    ],
  },
  customJvp: {
    value: "y = \\operatorname{value}(x)",
    rules: [
      "\\bar x = \\text{the transpose of } \\dot x \\mapsto \\operatorname{tangent}(x, \\dot x) \\text{, applied to } g",
    ],
  },
  checkpoint: { value: "y = f(x)", rules: ["\\bar x = \\text{the sweep of } f \\text{, run again, from } g"] },
};

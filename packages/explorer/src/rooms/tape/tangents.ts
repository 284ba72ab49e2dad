import { formulas, isElementwise } from "./formulas.ts";

// The TeX formulas of forward mode, which compute the tangent of an op's output y from the tangents of its inputs. A
// dot marks a tangent. Most of these formulas are derived from the formulas in formulas.ts. The tables in this file
// have the others.

/** Linear ops: the output is y = A x with a constant matrix A. So the tangent of y is A times the tangent of x. */
const linear: ReadonlySet<string> = new Set(
  `sum mean cumsum reshape transpose expandDims squeeze flip broadcastTo slice unslice concat stack pad take scatterAdd
  takeAlong scatterAddAlong segmentSum windows overlapAdd alias withLabel accumulate pack part place insertAxes
  removeAxes moveAxis repeatAlong sumAxis`.split(/\s+/),
);

const T = "^{\\mathsf T}";
/**
 * The terms of the tangent of an op's output y, one for each input. The tangent of y is the sum of the terms whose
 * inputs have a tangent.
 */
const terms: Readonly<Record<string, readonly string[]>> = {
  axpy: ["\\dot a\\, x", "a\\, \\dot x", "\\dot b"],
  matmul: ["\\dot a\\, b", "a\\, \\dot b"],
  dot: ["\\dot a \\cdot b", "a \\cdot \\dot b"],
  outer: [`\\dot a\\, b${T}`, `a\\, \\dot b${T}`],
  conv2d: ["\\textstyle\\sum_l \\dot x_{i+l}\\, k_l", "\\textstyle\\sum_l x_{i+l}\\, \\dot k_l"],
  avgPool2d: ["\\operatorname{mean} \\dot w_i"],
  variance: ["\\tfrac2{n - d} \\textstyle\\sum (x - \\mu) \\odot \\dot x"],
  std: ["\\textstyle\\sum (x - \\mu) \\odot \\dot x / ((n - d)\\, y)"],
  norm: ["\\textstyle\\sum \\operatorname{sign}(x)\\, (|x| / y)^{p-1} \\odot \\dot x"],
  max: ["\\textstyle\\sum \\dot x\\, [x = y] \\text{, shared by ties}"],
  min: ["\\textstyle\\sum \\dot x\\, [x = y] \\text{, shared by ties}"],
  prod: ["\\textstyle\\sum_i \\dot x_i \\prod_{j \\ne i} x_j"],
  logSumExp: ["\\langle \\dot x, \\operatorname{softmax}(x) \\rangle"],
  softmax: ["s \\odot (\\dot x - \\langle \\dot x, s \\rangle)"],
  logSoftmax: ["\\dot x - \\langle \\dot x, \\operatorname{softmax}(x) \\rangle"],
  crossEntropy: ["\\langle \\dot x, s - t \\rangle", "-\\langle \\dot t, \\log s \\rangle"],
};

/** Formulas for the tangents of ops. These formulas do not depend on which inputs have a tangent. */
const whole: Readonly<Record<string, string>> = {
  where: "\\dot y = c\\;?\\;\\dot a : \\dot b",
  scan: "(\\dot c_{t+1},\\, \\dot y_t) = J_{\\mathrm{body}}\\, (\\dot c_t, \\dot x_t)",
  fixedPoint: "\\dot x = (\\partial_x \\mathrm{body})\\, \\dot x + (\\partial_p \\mathrm{body})\\, \\dot p",
  root: "(\\partial_x \\mathrm{body})\\, \\dot x + (\\partial_p \\mathrm{body})\\, \\dot p = 0",
  customJvp: "\\dot y = \\operatorname{tangent}(x, \\dot x)",
};

/**
 * Returns the tangent of the output of an op in TeX. `flows` says for each input whether it has a tangent. For an op without
 * a formula, returns the general rule: the Jacobian times the tangent.
 */
export function tangentFormula(op: string, flows: readonly boolean[]): string {
  const formula = Object.hasOwn(formulas, op) ? formulas[op]! : undefined;
  if (formula && linear.has(op)) return dotted(formula.value, ["x", "y", "a", "b"]);
  if (Object.hasOwn(whole, op)) return whole[op]!;
  const own = Object.hasOwn(terms, op) ? terms[op] : undefined;
  const all = own ?? (formula && isElementwise(op) ? formula.rules.map(termOf) : []);
  const used = all.filter((_, k) => flows[k]).filter((term) => term !== undefined);
  if (used.length > 0) return `\\dot ${op === "softmax" ? "s" : "y"} = ${sumOf(used)}`;
  if (flows.length === 1) return "\\dot y = J\\, \\dot x";
  const places = [...flows.keys()].filter((k) => flows[k]);
  return `\\dot y = ${places.map((k) => `J_{${k + 1}}\\, \\dot x_{${k + 1}}`).join(" + ")}`;
}

/** Returns the sum of terms in TeX. A term may begin with a minus sign. */
const sumOf = ([first, ...others]: readonly string[]): string =>
  first + others.map((term) => (term.startsWith("-") ? ` - ${term.slice(1)}` : ` + ${term}`)).join("");

/**
 * Returns the contribution of an input to the tangent of an elementwise op. The Jacobian is diagonal. So the
 * contribution is the VJP rule of the input, with the tangent of the input in place of the cotangent g.
 */
function termOf(rule: string | null): string | undefined {
  const [, letter, right] = /^\\bar (\w) = (.*)$/.exec(rule ?? "") ?? [];
  return right?.replaceAll(symbol, (found) => (found === "g" ? `{\\dot ${letter}}` : found));
}

/** Puts a dot over the given letters in a TeX formula. */
const dotted = (tex: string, letters: readonly string[]): string =>
  tex.replaceAll(symbol, (found) => (letters.includes(found) ? `{\\dot ${found}}` : found));

/**
 * Matches a letter or a TeX command. If the argument of the command is text or a name, the match includes the argument.
 */
const symbol = /\\(?:text|operatorname|mathit|mathrm)\{[^}]*\}|\\[a-zA-Z]+|[a-zA-Z]/g;

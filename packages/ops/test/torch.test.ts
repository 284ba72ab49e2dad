import { readFileSync } from "node:fs";
import { type Tensor, vjp, WengertError } from "@wengert/core";
import { describe, expect, it, test } from "vitest";
import { type Difference, policies } from "./goldens/torch/differences.ts";
import { models } from "./goldens/torch/models.ts";
import {
  type Answer,
  answerOf,
  type Case,
  type Golden,
  goldens,
  pointsOf,
  read,
  tensorOf,
  textOf,
  withGoldens,
} from "./goldens/torch/read.ts";
import { allExports, type Exported, ofFloats } from "./support.ts";

/** Exports that are not compared with PyTorch, because numpy.test.ts compares them with NumPy or SciPy. */
const comparedWithNumpy = [
  ...["arange", "linspace", "eye", "diag", "tril", "triu", "meshgrid"],
  ...["split", "unstack", "at", "repeat", "tile", "roll", "moveAxis", "swapAxes", "flatten"],
  ...["setAt", "addAt", "segmentSum"],
  ...["std", "norm", "any", "all", "countNonzero", "cumprod", "logCumsumExp", "median", "quantile"],
  ...["sort", "argsort", "topK", "searchsorted"],
];

/** Random functions, whose numbers differ from PyTorch's. */
const randomFunctions = [
  ...["randomBernoulli", "randomCategorical", "randomGumbel", "randomExponential", "randomTruncatedNormal"],
  ...["randomGamma", "randomInteger", "choice"],
  ...["glorotUniform", "glorotNormal", "heUniform", "heNormal", "orthogonal"],
];

/** Exports that are not compared with PyTorch, with the reason. */
const withoutCounterpart: Readonly<Record<string, string>> = {
  ...Object.fromEntries(comparedWithNumpy.map((name) => [name, "compared with NumPy"])),
  ...Object.fromEntries(randomFunctions.map((name) => [name, "another generator, with other numbers"])),
  softmaxPullback: "a backward kernel; compared by the derivatives of softmax",
  logSoftmaxPullback: "a backward kernel; compared by the derivatives of logSoftmax",
  crossEntropyPullback: "a backward kernel; compared by the derivatives of crossEntropy",
  softCrossEntropyPullback: "a backward kernel; compared by the derivatives of crossEntropy",
  reluPullback: "a backward kernel; compared by the derivatives of relu",
  expr: "a notation for other ops, which are compared",
  overlapAdd: "the adjoint of windows; compared by the derivatives of windows",
  convInputPullback: "a backward kernel; compared by the derivatives of conv2d",
  convKernelPullback: "a backward kernel; compared by the derivatives of conv2d",
  maxPoolPullback: "a backward kernel; compared by the derivatives of maxPool2d",
  maxPoolTangent: "the tangent of maxPool2d; compared by the second derivatives of maxPool2d",
  avgPoolPullback: "a backward kernel; compared by the derivatives of avgPool2d",
  unslice: "the adjoint of slice; compared by the derivatives of slice",
  scatterAdd: "the adjoint of take; compared by the derivatives of take",
  scatterAddAlong: "the adjoint of takeAlong; compared by the derivatives of takeAlong",
  sigmoidSlope: "the derivative of sigmoid; compared by those of sigmoid",
  tanhSlope: "the derivative of tanh; compared by those of tanh",
  geluSlope: "the derivative of gelu; compared by those of gelu",
  powSlope: "the derivative of pow; compared by those of pow",
  xlogy: "a part of the rule of pow; compared by its derivatives",
  logAddExpSlope: "the derivative of logAddExp; compared by those of logAddExp",
  siluSlope: "the derivative of silu; compared with references of 60 digits",
  hypotSlope: "the derivative of hypot; compared with references of 60 digits",
  atan2Slope: "the derivative of atan2; compared with references of 60 digits",
  tan: "compared with references of 60 digits",
  asin: "compared with references of 60 digits",
  acos: "compared with references of 60 digits",
  atan: "compared with references of 60 digits",
  atan2: "compared with references of 60 digits",
  sinh: "compared with references of 60 digits",
  cosh: "compared with references of 60 digits",
  asinh: "compared with references of 60 digits",
  acosh: "compared with references of 60 digits",
  atanh: "compared with references of 60 digits",
  exp2: "compared with references of 60 digits",
  log2: "compared with references of 60 digits",
  log10: "compared with references of 60 digits",
  reciprocal: "compared with references of 60 digits",
  hypot: "compared with references of 60 digits",
  silu: "compared with references of 60 digits",
  elu: "compared with references of 60 digits",
  huber: "compared with references of 60 digits",
  erf: "compared with references of 60 digits",
  erfc: "compared with references of 60 digits",
  gaussian: "compared with references of 60 digits",
  erfinv: "compared with references of 60 digits",
  erfinvSlope: "compared with references of 60 digits",
  logNdtr: "compared with references of 60 digits",
  inverseMills: "compared with references of 60 digits",
  inverseMillsExcess: "compared with references of 60 digits",
  lgamma: "compared with references of 60 digits",
  digamma: "compared with references of 60 digits",
  polygamma: "compared with references of 60 digits",
  betaln: "compared with references of 60 digits",
  polygammaDifference: "compared with references of 60 digits",
  gammainc: "compared with references of 60 digits",
  gammaincSlope: "compared with references of 60 digits",
  floor: "exact; compared with Python's results",
  ceil: "exact; compared with Python's results",
  round: "exact; compared with Python's results",
  trunc: "exact; compared with Python's results",
  mod: "exact; compared with Python's results",
  floorDivide: "exact; compared with Python's results",
  isClose: "tested with NumPy's formula",
  diff: "tested with its formula, composed of slice and sub",
  leakyRelu: "tested with its formula",
  nanToNum: "tested with its formula",
  subtractWeightedMean: "a part of the rules of softmaxPullback; compared by the second derivatives of softmax",
  exclusiveCumprod: "a part of the rule of prod; compared by its derivatives",
  linearRecurrence: "a part of the rule of prod; compared by its derivatives",
  cholesky: "compared with NumPy in linalg.test.ts",
  triangularSolve: "compared with NumPy in linalg.test.ts",
  solve: "compared with NumPy in linalg.test.ts",
  inv: "compared with NumPy in linalg.test.ts",
  det: "compared with NumPy in linalg.test.ts",
  slogdet: "compared with NumPy in linalg.test.ts",
  lstsq: "compared with NumPy in linalg.test.ts",
  qr: "compared with NumPy in linalg.test.ts",
  eigh: "compared with NumPy in linalg.test.ts",
  svd: "compared with NumPy in linalg.test.ts",
  matrixNorm: "compared with NumPy in linalg.test.ts",
  matrixTrace: "compared with NumPy in linalg.test.ts",
  dropout: "random entries, from another generator",
  permutation: "another generator, with other numbers",
  randomKey: "another generator, with other numbers",
  foldIn: "another generator, with other numbers",
  splitKey: "another generator, with other numbers",
  randomUniform: "another generator, with other numbers",
  randomNormal: "another generator, with other numbers",
};

const calls = new Map<string, Exported["call"]>([
  ...allExports.map(({ name, call }) => [name, call] as const),
  ...Object.entries(models as unknown as Record<string, Exported["call"]>),
]);

type Answers = Readonly<Record<string, Answer>>;

const named = (value: Answer, cotangents: readonly Answer[] = [], second: readonly Answer[] = []): Answers =>
  Object.fromEntries([
    ["value", value],
    ...cotangents.map((answer, k) => [`cotangent ${k}`, answer] as const),
    ...second.map((answer, k) => [`second ${k}`, answer] as const),
  ]);

const theirs = ({ error, value, cotangents, second }: Case): Answers =>
  named(error ?? read(value!), cotangents?.map(read), second?.map(read));

function ours(c: Case): Answers {
  const call = calls.get(c.op)!;
  const args = withGoldens(c.args, tensorOf) as unknown[];
  let value: Tensor;
  try {
    value = call(...args) as Tensor;
  } catch (error) {
    if (error instanceof WengertError) return named(error.name);
    throw error;
  }
  const u = c.u && tensorOf(c.u);
  if (u === undefined || u.dtype !== value.dtype || String(u.shape) !== String(value.shape))
    return named(answerOf(value));
  const { f, floats } = ofFloats(call, args);
  const pull = (g: Tensor, ...xs: Tensor[]) => vjp(f, ...xs).pullback(g);
  const [toU, ...toInputs] = vjp(pull, u, ...floats).pullback(c.v!.map(tensorOf));
  return named(answerOf(value), pull(u, ...floats).map(answerOf), [...toInputs, toU].map(answerOf));
}

/**
 * The allowed error of an element. For a single op, it is 1e-12 of the element. For a model, in which terms cancel, it
 * is 1e-12 of the largest element of the tensor.
 */
type Tolerance = (w: number, all: readonly number[]) => number;
const ofItself: Tolerance = (w) => 1e-12 * Math.abs(w);
const ofLargest: Tolerance = (_, all) => 1e-12 * Math.max(...all.map(Math.abs));

function agree(answer: Answer, wanted: Answer, tolerance = ofItself): boolean {
  if (typeof answer === "string" || typeof wanted === "string") return answer === wanted;
  const near = (x: number, w: number) =>
    Object.is(x, w) || x === w || (Number.isFinite(w) && Math.abs(x - w) <= tolerance(w, wanted.values));
  const isAlike = answer.dtype === wanted.dtype && String(answer.shape) === String(wanted.shape);
  return isAlike && answer.values.every((x, i) => near(x, wanted.values[i]!));
}
const bothRefuse = (a: Answer, b: Answer) => typeof a === "string" && typeof b === "string";

interface Disagreement {
  readonly call: string;
  readonly of: string;
  readonly torch: Answer;
  readonly wengert: Answer;
}
function disagreements(c: Case, tolerance = ofItself): Disagreement[] {
  const [call, torch, wengert] = [textOf(c), theirs(c), ours(c)];
  return Object.keys(wengert)
    .map((of) => ({ call, of, torch: torch[of]!, wengert: wengert[of]! }))
    .filter((each) => !agree(each.wengert, each.torch, tolerance) && !bothRefuse(each.wengert, each.torch));
}

test.each(allExports.map(({ name }) => name))("%s is compared with PyTorch, or has no counterpart there", (name) => {
  expect(goldens.cases.some(({ op }) => op === name)).toBe(!(name in withoutCounterpart));
});
test("exports without a counterpart exist", () => {
  for (const name of Object.keys(withoutCounterpart)) expect(calls.has(name), name).toBe(true);
});

describe("value, cotangents and second-order products", () => {
  const cases = goldens.cases;
  it.each(cases.map((c) => [textOf(c), c] as const))("%s", (_, c) => expect(disagreements(c)).toEqual([]));
});

describe("loss, gradient and Hessian-vector product of a model", () => {
  const cases = goldens.models;
  it.each(cases.map((c) => [c.op, c] as const))("%s", (_, c) => expect(disagreements(c, ofLargest)).toEqual([]));
});

const edges = [...goldens.points.flatMap(pointsOf), ...goldens.edges];
const differing = edges.flatMap((c) => disagreements(c));
const isCalled = ({ call }: Difference, text: string) => (typeof call === "string" ? call === text : call.test(text));
const isOf = (difference: Difference, { call, of }: Disagreement) =>
  difference.of.includes(of) && isCalled(difference, call);

describe("at the edges, except for declared differences", () => {
  const declared = Object.values(policies).flatMap(({ differences }) => differences);
  const undeclared = differing.filter((found) => !declared.some((difference) => isOf(difference, found)));
  it.each([...new Set(edges.map(({ op }) => op))])("%s agrees with PyTorch", (op) => {
    expect(undeclared.filter(({ call }) => call.startsWith(`${op}(`))).toEqual([]);
  });
});

describe("declared differences", () => {
  const page = readFileSync(new URL("../../../docs/numerics.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| ([^|]+) \|/gm)].map(([, row]) => row);
  const declaredAnswer = (x: unknown): Answer => {
    if (typeof x === "string") return x;
    return read((typeof x === "number" || Array.isArray(x) ? { float64: x } : x) as Golden);
  };
  for (const [row, { differences }] of Object.entries(policies)) {
    it.each(differences.map((difference) => [String(difference.call), String(difference.of), difference] as const))(
      `${row}: %s, %s`,
      (_, __, difference) => {
        const found = differing.filter((each) => isOf(difference, each));
        const calls = edges.filter((c) => isCalled(difference, textOf(c)));
        expect(calls).not.toEqual([]);
        expect(found).toHaveLength(calls.length * difference.of.length);
        for (const { torch, wengert } of found) {
          expect(agree(torch, declaredAnswer(difference.torch)), `PyTorch: ${JSON.stringify(torch)}`).toBe(true);
          expect(agree(wengert, declaredAnswer(difference.wengert)), `Wengert: ${JSON.stringify(wengert)}`).toBe(true);
        }
      },
    );
    it(`${row}: docs/numerics.md has this row`, () => expect(rows).toContain(row));
  }
});

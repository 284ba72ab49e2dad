import { unpack } from "../autodiff/fanout.ts";
import { vjp } from "../autodiff/vjp.ts";
import { WengertError } from "../checks/errors.ts";
import { jvp } from "../transforms/derivatives.ts";
import { constantLike, fromNdarray, tensor } from "../values/create.ts";
import { numberText, shapeText, unravelIndex } from "../values/format.ts";
import { assign, isSameShape, ndarray, ravel } from "../values/ndarray.ts";
import type { Tensor } from "../values/tensor.ts";

/** The likely cause of a wrong derivative. */
export type Cause =
  | "sign"
  | "missing factor"
  | "transposed"
  | "swapped arguments"
  | "missing broadcast reduction"
  | "not linear in the cotangent"
  | "nothing flows back"
  | "leaves the tape"
  | "ignores strides"
  | "not differentiable here"
  | "not deterministic"
  | "not finite"
  | "unknown";

/** The component of a derivative with the largest error. */
export interface Diagnosis {
  readonly order: number;
  /** The path of the input whose derivative is wrong, and the index of the component with the largest error. */
  readonly input: string;
  readonly index: readonly number[];
  /**
   * The derivative of ⟨u, f⟩ with respect to the element of the input at `index`: `analytic` by the VJP rules, and
   * `numeric` by finite differences. u is a tensor of ones if ones reveal the error, otherwise random.
   */
  readonly analytic: number;
  readonly numeric: number;
  readonly ratio: number;
  readonly cause: Cause;
}

/** The error that gradcheck throws if the derivatives of a function differ from finite differences. */
export class GradcheckError extends WengertError {
  readonly diagnosis: Diagnosis;
  constructor(diagnosis: Diagnosis, advice: string, u?: string) {
    const { order, input, index, analytic, numeric, ratio, cause } = diagnosis;
    const [a, n, r] = [analytic, numeric, ratio].map(numberText);
    const component = index.length > 0 ? ` at ${shapeText(index)}` : "";
    const numbers = `∂⟨u, f⟩/∂(${input})${component} is ${a} by the rules, ${n} by finite differences, ratio ${r}`;
    const found = u === undefined ? `the cotangent of ${input} has the wrong shape or dtype` : numbers;
    const end = u === undefined ? "" : `; u is ${u}`;
    super(`gradcheck: order ${order}: ${found}; likely cause: ${cause} (${advice})${end}`);
    this.diagnosis = diagnosis;
  }
}

/** A function of a list of tensors, and the point at which gradcheck checks the function. */
export interface Subject {
  readonly order: number;
  readonly names: readonly string[];
  readonly xs: readonly Tensor[];
  readonly f: (xs: readonly Tensor[]) => readonly Tensor[];
}

// The functions below treat a list of tensors as one vector of numbers.
export type Vector = Float64Array;
export const flatten = (tensors: readonly Tensor[]): Vector =>
  Float64Array.from(tensors.flatMap(({ array }) => [...ravel(array!)]));
export const unflattenLike = (vector: Vector, like: readonly Tensor[]): Tensor[] => unpack(tensor(vector), like);
export const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/**
 * Returns J v, the Jacobian of f times v, by central differences with two step sizes and Richardson extrapolation. For
 * the step size h, the error is O(h⁴).
 */
export function numericTangent(subject: Subject, v: Vector, h = 1e-3): Vector {
  const [a, b, c, d] = [h, -h, h / 2, -h / 2].map((step) => evaluateMoved(subject, v, step)) as [
    Vector,
    Vector,
    Vector,
    Vector,
  ];
  return a.map((_, i) => (4 * ((c[i]! - d[i]!) / h) - (a[i]! - b[i]!) / (2 * h)) / 3);
}

/**
 * Returns f at x + h v, where h is the step size and v the direction. The argument that f receives has gaps in memory,
 * to reveal kernels that ignore strides.
 */
function evaluateMoved({ xs, f }: Subject, v: Vector, h: number): Vector {
  const moved = flatten(xs).map((x, i) => x + h * v[i]!);
  return flatten(f(unflattenLike(moved, xs).map(spreadOut)));
}

/** Returns a copy of `x` that is not contiguous: its memory has a gap after each element. */
function spreadOut(x: Tensor): Tensor {
  const { stride } = ndarray(new Float64Array(x.size), x.shape);
  const spread = ndarray(new Float64Array(2 * x.size + 1), x.shape, stride.map((step) => 2 * step), 1); // biome-ignore format: reads best on one line
  assign(spread, x.array!);
  return fromNdarray(spread);
}

/**
 * Returns the cotangents of the inputs for the cotangents `us` of the outputs.
 * @throws GradcheckError if a VJP rule returns a wrong shape or dtype
 */
export function evaluatePullback({ f, xs, order, names }: Subject, us: readonly Tensor[]): Vector {
  try {
    return flatten(vjp(f, xs).pullback(us)[0]);
  } catch (error) {
    const { contribution, input } = ((error as Error).cause ?? {}) as { contribution?: Tensor; input?: Tensor };
    if (!contribution || !input) throw error;
    const transposed = String(contribution.shape.toReversed()) === String(input.shape);
    const cause = transposed ? "transposed" : "missing broadcast reduction";
    const name = names[xs.findIndex((x) => ravel(x.array!) === ravel(input.array!))] ?? "an intermediate value";
    const diagnosis = { order, input: name, index: [], analytic: NaN, numeric: NaN, ratio: NaN, cause } as const;
    throw new GradcheckError(diagnosis, (error as Error).message);
  }
}

/**
 * Two values of the gradient of the inner product ⟨u, f⟩, where u is a cotangent of f's output: `analytic` from the VJP
 * rules, and `numeric` from finite differences.
 */
interface Comparison {
  readonly us: readonly Tensor[];
  readonly analytic: Vector;
  readonly numeric: Vector;
  /**
   * The index of the first entry of the gradient that is not finite. If all entries are finite, the index of the entry
   * with the largest error.
   */
  readonly worst: number;
  readonly isWrong: boolean;
}

function compare(us: readonly Tensor[], analytic: Vector, numeric: Vector): Comparison {
  const errors = analytic.map((a, j) => Math.abs(a - numeric[j]!));
  const notFinite = errors.findIndex((error) => !Number.isFinite(error));
  const largest = errors.reduce((worst, error, j) => (error <= errors[worst]! ? worst : j), 0);
  const isWrong = !analytic.every((a, j) => isClose(a, numeric[j]!));
  return { us, analytic, numeric, worst: notFinite >= 0 ? notFinite : largest, isWrong };
}

/**
 * Compares derivatives component by component. Finds the component with the largest error, and the likely cause of the
 * error.
 */
export function diagnose(subject: Subject, us: readonly Tensor[]): GradcheckError {
  const { xs, f, order, names } = subject;
  const point = flatten(xs);
  const units = [...point.keys()].map((j) => new Float64Array(point.length).fill(1, j, j + 1));
  const columns = units.map((unit) => numericTangent(subject, unit));
  const numericFor = (u: Vector): Vector => point.map((_, j) => dot(u, columns[j]!));
  const reverse = (cotangents: readonly Tensor[]): Comparison =>
    compare(cotangents, evaluatePullback(subject, cotangents), numericFor(flatten(cotangents)));
  const u = flatten(us);
  const random = reverse(us);
  const tangents = units.map((unit) => flatten(jvp(f, [xs], [unflattenLike(unit, xs)]).tangent));
  const forward = compare(us, point.map((_, j) => dot(u, tangents[j]!)), numericFor(u)); // biome-ignore format: reads best on one line
  const leavesTape = !random.isWrong && forward.isWrong;
  const ones = reverse(us.map((y) => constantLike(y, 1)));
  const { worst } = leavesTape ? forward : random;
  const onesShowIt = !leavesTape && !isClose(ones.analytic[worst]!, ones.numeric[worst]!);
  const shown = leavesTape ? forward : onesShowIt ? ones : random;

  // `worst` is an index into the concatenated elements of all inputs. k is the index of the input that has the worst
  // element.
  const ends = xs.map((_, i) => xs.slice(0, i + 1).reduce((n, { size }) => n + size, 0));
  const k = ends.findIndex((end) => worst < end);
  const start = ends[k]! - xs[k]!.size;
  const slicesOf = ({ analytic, numeric }: Comparison): Slices[] =>
    xs.map((x, i) => {
      const range = [ends[i]! - x.size, ends[i]!] as const;
      return { x, analytic: analytic.slice(...range), numeric: numeric.slice(...range) };
    });
  const [cause, advice] = causeInFunction(subject, us) ??
    causeOfNonFinite(shown.analytic[worst]!, shown.numeric[worst]!) ??
    causeAtPoint(subject, u, units[worst]!) ??
    (isOdd(subject, random) ? undefined : nonLinear) ??
    (leavesTape ? offTape : undefined) ??
    causeOf(k, slicesOf(random), names, [
      ...xs.map((other, i) => [names[i]!, other] as const),
      ...f(xs).map((y) => ["the output", y] as const),
      ...us.map((cotangentOfY) => ["the cotangent", cotangentOfY] as const),
    ]) ?? ["unknown", `compare the formula of the rule with the numbers: ${componentsText(slicesOf(shown)[k]!)}`];
  const [analytic, numeric] = [shown.analytic[worst]!, shown.numeric[worst]!];
  const index = unravelIndex(worst - start, xs[k]!.shape);
  const diagnosis = { order, input: names[k]!, index, analytic, numeric, ratio: analytic / numeric, cause };
  return new GradcheckError(diagnosis, advice, shown === ones ? "ones" : vectorText(u));
}

const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 * (Math.abs(a) + Math.abs(b)) + 1e-9;
const areClose = (a: Vector, b: Vector): boolean => a.every((x, i) => isClose(x, b[i]!));
const vectorText = (vector: Vector): string =>
  `[${[...vector.subarray(0, 6)].map(numberText).join(", ")}${vector.length > 6 ? ", …" : ""}]`;
const componentsText = ({ analytic, numeric }: Slices): string =>
  `${vectorText(analytic)} by the rules, ${vectorText(numeric)} by finite differences`;

type CauseAndAdvice = readonly [Cause, string];
const nonLinear: CauseAndAdvice = ["not linear in the cotangent", "g is not a factor of every term of the rule"];
const offTape: CauseAndAdvice = [
  "leaves the tape",
  "the rule computes with numbers, from .data, item or toNested, which no tape records; compute with ops",
];
const strided: CauseAndAdvice = [
  "ignores strides",
  "other numbers for the same tensor in another memory layout; read with ravel(x), or with stride and offset",
];

/**
 * Returns why the gradient check fails if the cause is f itself, not its VJP rules: f is random, returns a non-finite
 * number, or depends on the strides of its inputs.
 */
function causeInFunction(subject: Subject, us: readonly Tensor[]): CauseAndAdvice | undefined {
  const { xs, f } = subject;
  const [value, again] = [flatten(f(xs)), flatten(f(xs))];
  if (value.some((y, i) => !Object.is(y, again[i])))
    return ["not deterministic", "two runs of f at the same point differ; fix the random key"];
  if (!value.every(Number.isFinite))
    return ["not finite", `f returns ${value.find((y) => !Number.isFinite(y))}; check where it is finite`];
  const [compactXs, spreadXs] = [xs.map((x) => tensor(x)), xs.map(spreadOut)];
  if (!areClose(flatten(f(compactXs)), flatten(f(spreadXs)))) return strided;
  const compact = evaluatePullback({ ...subject, xs: compactXs }, us.map((y) => tensor(y))); // biome-ignore format: reads best on one line
  const spread = evaluatePullback({ ...subject, xs: spreadXs }, us.map(spreadOut));
  return compact.every(Number.isFinite) && !areClose(compact, spread) ? strided : undefined;
}

/**
 * Returns the cause "not differentiable here" if f has a jump or a kink at the checked point in the given direction;
 * else `undefined`.
 */
function causeAtPoint(subject: Subject, u: Vector, direction: Vector): CauseAndAdvice | undefined {
  const at = (h: number) => dot(u, evaluateMoved(subject, direction, h));
  // If f is smooth, the changes of its value (`jump`) and of its slope (`kink`) shrink with the step size h.
  const jump = (h: number) => Math.abs(at(h) - at(0)) + Math.abs(at(-h) - at(0));
  const kink = (h: number) => Math.abs((at(h) - 2 * at(0) + at(-h)) / h);
  if (jump(1e-4) > 1e-9 * (1 + Math.abs(at(0))) && jump(1e-6) > jump(1e-4) / 2)
    return [
      "not differentiable here",
      "f jumps, so it has no slopes; check at another point, or document the convention",
    ];
  if (kink(1e-4) < 1e-3 || kink(1e-6) < kink(1e-4) / 2) return undefined;
  return ["not differentiable here", "the one-sided slopes differ; check at another point, or document the convention"];
}

function causeOfNonFinite(analytic: number, numeric: number): CauseAndAdvice | undefined {
  if (!Number.isFinite(numeric))
    return ["not differentiable here", "f is not finite next to this point; check at another point"];
  if (Number.isFinite(analytic)) return undefined;
  return ["not finite", `the rule returns ${analytic}; nonFinite(f, ...args) finds the step`];
}

/**
 * Returns whether the cotangent −u gives the negative of the gradient for u, as is the case for VJP rules that are
 * linear in the cotangent.
 */
const isOdd = (subject: Subject, { us, analytic }: Comparison): boolean =>
  areClose(
    evaluatePullback(subject, unflattenLike(flatten(us).map((each) => -each), us)), // biome-ignore format: reads best on one line
    analytic.map((each) => -each),
  );

/** An input of a function, and its gradient by the VJP rules and by finite differences. */
interface Slices {
  readonly x: Tensor;
  readonly analytic: Vector;
  readonly numeric: Vector;
}

/** Compares the wrong gradient of input k with the correct one, and returns the likely cause of the error. */
function causeOf(
  k: number,
  inputs: readonly Slices[],
  names: readonly string[],
  candidates: readonly (readonly [string, Tensor])[],
): CauseAndAdvice | undefined {
  const { x, analytic, numeric } = inputs[k]!;
  const all = (test: (a: number, n: number, i: number) => boolean) => analytic.every((a, i) => test(a, numeric[i]!, i));
  if (all((a, n) => isClose(a, -n))) return ["sign", "the rule gives the negative of the derivative"];
  if (all((a) => a === 0)) return ["nothing flows back", "a constant was captured, or the gradient was stopped"];
  const [m, n] = x.shape;
  // Element i of an [n, m] matrix is element (i % m) n + ⌊i / m⌋ of its transpose, an [m, n] matrix.
  if (x.shape.length === 2 && all((a, _, i) => isClose(a, numeric[(i % m!) * n! + Math.floor(i / m!)]!))) {
    return ["transposed", "the same numbers, with the axes swapped"];
  }
  for (const [j, other] of inputs.entries()) {
    if (j === k || !isSameShape(other.x.shape, x.shape)) continue;
    if (areClose(analytic, other.numeric) && areClose(other.analytic, numeric))
      return ["swapped arguments", `${names[k]} has the gradient of ${names[j]}, and the reverse`];
  }
  const ratioTo = (factor: Vector): number | undefined => {
    const i = analytic.findIndex((a, j) => a * factor[j]! !== 0);
    const ratio = numeric[i]! / (analytic[i]! * factor[i]!);
    return i >= 0 && all((a, expected, j) => isClose(a * factor[j]! * ratio, expected)) ? ratio : undefined;
  };
  const constant = ratioTo(analytic.map(() => 1));
  if (constant !== undefined)
    return isClose(constant, 1) ? undefined : ["missing factor", `${numberText(constant)}, in every component`];
  for (const [name, tensor] of candidates) {
    if (!isSameShape(tensor.shape, x.shape)) continue;
    const [productRatio, quotientRatio] = [ratioTo(flatten([tensor])), ratioTo(flatten([tensor]).map((c) => 1 / c))];
    if (productRatio !== undefined) return ["missing factor", `${factorText(productRatio)}${name}`];
    if (quotientRatio !== undefined) return ["missing factor", `${numberText(quotientRatio)} / ${name}`];
  }
  return undefined;
}

const factorText = (factor: number): string => (isClose(factor, 1) ? "" : `${numberText(factor)} × `);

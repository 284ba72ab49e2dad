import { jvp } from "../autodiff/derivatives.ts";
import { unpack } from "../autodiff/fanout.ts";
import { vjp } from "../autodiff/vjp.ts";
import { mustBeFunction, mustBeList } from "../checks/arguments.ts";
import { ArgumentError, DTypeError, OutOfRangeError, show, TracedValueError, WengertError } from "../checks/errors.ts";
import { withDefaults } from "../checks/options.ts";
import { tensor } from "../values/create.ts";
import { numberText, shapeText, unravelIndex } from "../values/format.ts";
import { isSameShape, ravel } from "../values/ndarray.ts";
import type { Tensor } from "../values/tensor.ts";
import { floatsOf, type TreeFunction, walk } from "../values/tree.ts";

export interface GradcheckOptions {
  /** The highest order of derivative to check. Default 2. */
  readonly order?: number;
  /** The number of random directions to check at each order. Default 3. */
  readonly directions?: number;
  /** The seed of the random directions. Default 1. */
  readonly seed?: number;
  /**
   * The largest allowed difference from finite differences, relative to the size of the compared terms. Default 1e-7.
   */
  readonly tolerance?: number;
}

/** The likely cause of a wrong derivative. */
export type Cause =
  | "sign"
  | "missing factor"
  | "transposed"
  | "missing broadcast reduction"
  | "not linear in the cotangent"
  | "nothing flows back"
  | "not differentiable here"
  | "not deterministic"
  | "unknown";

/** The worst component of a wrong derivative. */
export interface Diagnosis {
  readonly order: number;
  /** The path of the input whose derivative is wrong. `index` is the index of the worst component. */
  readonly input: string;
  readonly index: readonly number[];
  /**
   * The derivative of ⟨u, f⟩ with respect to the worst component, for a random u. The VJP rules give `analytic`, finite
   * differences give `numeric`.
   */
  readonly analytic: number;
  readonly numeric: number;
  readonly ratio: number;
  readonly cause: Cause;
}

/** Thrown if the derivatives of a function differ from finite differences. */
export class GradcheckError extends WengertError {
  readonly diagnosis: Diagnosis;
  constructor(diagnosis: Diagnosis, advice: string) {
    const { order, input, index, analytic, numeric, ratio, cause } = diagnosis;
    const [a, n, r] = [analytic, numeric, ratio].map(numberText);
    const component = index.length > 0 ? ` at ${shapeText(index)}` : "";
    const numbers = `∂⟨u, f⟩/∂(${input})${component} is ${a} by the rules, ${n} by finite differences, ratio ${r}`;
    const found =
      Number.isNaN(ratio) && index.length === 0 ? `the cotangent of ${input} has the wrong shape or dtype` : numbers;
    super(`gradcheck: order ${order}: ${found}; likely cause: ${cause} (${advice})`);
    this.diagnosis = diagnosis;
  }
}

/**
 * Compares the derivatives of `f` at `args` with finite differences. `args` are trees whose floats are float64. For
 * random directions u and v, it checks the JVP in ⟨u, J v⟩ and the VJP in ⟨Jᵀu, v⟩. For higher orders, up to `order`,
 * it checks the derivatives of the pullback in the same way.
 * @throws GradcheckError with a diagnosis if they differ; DTypeError for float32; ArgumentError, OutOfRangeError for
 * options
 */
export function gradcheck<A extends readonly unknown[], R>(
  f: TreeFunction<A, R>,
  args: A,
  options?: GradcheckOptions,
): void {
  const defaults = { order: 2, directions: 3, seed: 1, tolerance: 1e-7 };
  const settings = withDefaults("gradcheck", options, defaults) as typeof defaults;
  const { order, directions, seed, tolerance } = settings;
  mustBeFunction("gradcheck", f);
  mustBeList("gradcheck", "args", args);
  const invalid = Object.entries(settings).find(([, value]) => typeof value !== "number" || Number.isNaN(value));
  if (invalid) throw new ArgumentError(`gradcheck: ${invalid[0]} must be a number, got ${show(invalid[1])}`);
  if (order > 8 || directions > 1000)
    throw new OutOfRangeError(`gradcheck: order must be ≤ 8 and directions ≤ 1000, got ${order} and ${directions}`);
  const names: string[] = [];
  walk("gradcheck", args, "args", ({ dtype, array }, path) => {
    if (array === undefined)
      throw new TracedValueError(
        `gradcheck: ${path} has no value while a program is traced; call gradcheck outside trace`,
      );
    if (dtype === "float64") names.push(path);
    else if (dtype === "float32")
      throw new DTypeError(
        `gradcheck: ${path} is float32, too coarse for finite differences; write cast(..., { dtype: "float64" })`,
      );
  });
  const { floats, withFloats } = floatsOf("gradcheck", [args, "args"]);
  const random = randomNumbers(seed);
  let subject: Subject = {
    order: 1,
    names,
    xs: floats,
    f: (xs) => floatsOf("gradcheck", [f(...withFloats(xs)), "the value of f"]).floats,
  };
  for (; subject.order <= order; subject = pullbackOf(subject, random)) {
    for (let i = 0; i < directions; i++) checkDirection(subject, random, tolerance);
  }
}

/** A function of a list of tensors, and the point at which its derivatives are checked. */
interface Subject {
  readonly order: number;
  readonly names: readonly string[];
  readonly xs: readonly Tensor[];
  readonly f: (xs: readonly Tensor[]) => readonly Tensor[];
}

/**
 * Returns the pullback of `f` as a function to check. Its arguments are those of `f` and the cotangents, and its
 * derivatives are one order higher.
 */
function pullbackOf({ order, names, xs, f }: Subject, random: () => number): Subject {
  const ys = f(xs);
  return {
    order: order + 1,
    names: [...names, ...ys.map((_, i) => (ys.length > 1 ? `cotangent[${i}]` : "cotangent"))],
    xs: [...xs, ...unflattenLike(randomVector(flatten(ys), random), ys)],
    f: (all) => vjp(f, all.slice(0, xs.length)).pullback(all.slice(xs.length))[0],
  };
}

// The functions below flatten a list of tensors into one vector of numbers.
type Vector = Float64Array;
const flatten = (tensors: readonly Tensor[]): Vector =>
  Float64Array.from(tensors.flatMap(({ array }) => [...ravel(array!)]));
const unflattenLike = (vector: Vector, like: readonly Tensor[]): Tensor[] => unpack(tensor(vector), like);
const randomVector = (like: Vector, random: () => number): Vector => like.map(() => 2 * random() - 1);
const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const absolute = (a: Vector): Vector => a.map(Math.abs);

/** Checks one random direction. @throws GradcheckError if the JVP or VJP differs from finite differences */
function checkDirection(subject: Subject, random: () => number, tolerance: number): void {
  const { xs, f } = subject;
  const ys = f(xs);
  const [y, u, v] = [flatten(ys), randomVector(flatten(ys), random), randomVector(flatten(xs), random)];
  const slope = numericTangent(subject, v);
  const cotangent = evaluatePullback(subject, unflattenLike(u, ys));
  const tangent = flatten(jvp(f, [xs], [unflattenLike(v, xs)]).tangent);
  const terms = dot(absolute(u), absolute(slope)) + 1e-3 * dot(absolute(u), absolute(y));
  const isWrong = [dot(cotangent, v), dot(u, tangent)].some((exact) => {
    return !(Math.abs(exact - dot(u, slope)) <= tolerance * (terms + Math.abs(exact)));
  });
  if (isWrong) throw diagnose(subject, unflattenLike(u, ys), cotangent);
}

/** Returns f(x + h v). */
const evaluateMoved = ({ xs, f }: Subject, v: Vector, h: number): Vector =>
  flatten(
    f(
      unflattenLike(
        flatten(xs).map((x, i) => x + h * v[i]!),
        xs,
      ),
    ),
  );

/** Returns J v by central differences with two step sizes and Richardson extrapolation. The error is O(h⁴). */
function numericTangent(subject: Subject, v: Vector, h = 1e-3): Vector {
  const [a, b, c, d] = [h, -h, h / 2, -h / 2].map((step) => evaluateMoved(subject, v, step)) as [
    Vector,
    Vector,
    Vector,
    Vector,
  ];
  return a.map((_, i) => (4 * ((c[i]! - d[i]!) / h) - (a[i]! - b[i]!) / (2 * h)) / 3);
}

/** Returns the pullback of the cotangents `us`. @throws GradcheckError if a rule returns a wrong shape or dtype */
function evaluatePullback({ f, xs, order, names }: Subject, us: readonly Tensor[]): Vector {
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
 * Compares the cotangent with finite differences component by component. Finds the worst component and the likely
 * cause.
 */
function diagnose(subject: Subject, us: readonly Tensor[], cotangent: Vector): GradcheckError {
  const { xs, order, names } = subject;
  const u = flatten(us);
  const unit = (j: number): Vector => new Float64Array(cotangent.length).fill(1, j, j + 1);
  const numeric = cotangent.map((_, j) => dot(u, numericTangent(subject, unit(j))));
  const errors = cotangent.map((a, j) => Math.abs(a - numeric[j]!));
  const worst = errors.reduce((worstSoFar, error, j) => (error <= errors[worstSoFar]! ? worstSoFar : j), 0);
  // Find the input that contains the worst component, and the components of this input.
  const ends = xs.map((_, i) => xs.slice(0, i + 1).reduce((n, { size }) => n + size, 0));
  const k = ends.findIndex((end) => worst < end);
  const [x, start] = [xs[k]!, ends[k]! - xs[k]!.size];
  const part = { x, analytic: cotangent.slice(start, ends[k]), numeric: numeric.slice(start, ends[k]) };
  const [cause, advice] =
    causeAtPoint(subject, u, unit(worst)) ??
    (evaluatePullback(
      subject,
      unflattenLike(
        u.map((each) => -each),
        us,
      ),
    ).every((a, i) => isClose(a, -cotangent[i]!))
      ? undefined
      : nonLinear) ??
    causeOf(part, [
      ...xs.map((other, i) => [names[i]!, other] as const),
      ...subject.f(xs).map((y) => ["the output", y] as const),
      ...us.map((cotangentOfY) => ["the cotangent", cotangentOfY] as const),
    ]);
  const [analytic, expected] = [cotangent[worst]!, numeric[worst]!];
  const index = unravelIndex(worst - start, x.shape);
  const diagnosis = { order, input: names[k]!, index, analytic, numeric: expected, ratio: analytic / expected, cause };
  return new GradcheckError(diagnosis, advice);
}

const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 * (Math.abs(a) + Math.abs(b)) + 1e-9;
const nonLinear: [Cause, string] = ["not linear in the cotangent", "g is not a factor of every term of the rule"];

/** Returns the cause of a wrong derivative if it is `f` or the point, and not a VJP rule. */
function causeAtPoint(subject: Subject, u: Vector, direction: Vector): [Cause, string] | undefined {
  const at = (h: number) => dot(u, evaluateMoved(subject, direction, h));
  const [first, second] = [at(0), at(0)];
  if (first !== second) return ["not deterministic", "two runs of f at the same point differ; fix the random key"];
  const kink = (h: number) => Math.abs((at(h) - 2 * at(0) + at(-h)) / h); // shrinks with h if f is smooth
  if (kink(1e-4) < 1e-3 || kink(1e-6) < kink(1e-4) / 2) return undefined;
  return ["not differentiable here", "the one-sided slopes differ; check at another point, or document the convention"];
}

/** Returns the likely cause of a wrong derivative: compares the wrong components of one input with the correct ones. */
function causeOf(
  { x, analytic, numeric }: { readonly x: Tensor; readonly analytic: Vector; readonly numeric: Vector },
  candidates: readonly (readonly [string, Tensor])[],
): [Cause, string] {
  const all = (test: (a: number, n: number, i: number) => boolean) => analytic.every((a, i) => test(a, numeric[i]!, i));
  if (all((a, n) => isClose(a, -n))) return ["sign", "the rule gives the negative of the derivative"];
  if (all((a) => a === 0)) return ["nothing flows back", "a constant was captured, or the gradient was stopped"];
  const [m, n] = x.shape;
  // Compare `analytic` with the transpose of `numeric`.
  if (x.shape.length === 2 && all((a, _, i) => isClose(a, numeric[(i % m!) * n! + Math.floor(i / m!)]!))) {
    return ["transposed", "the same numbers, with the axes swapped"];
  }
  const ratioTo = (factor: Vector): number | undefined => {
    const i = analytic.findIndex((a, j) => a * factor[j]! !== 0);
    const ratio = numeric[i]! / (analytic[i]! * factor[i]!);
    return i >= 0 && all((a, expected, j) => isClose(a * factor[j]! * ratio, expected)) ? ratio : undefined;
  };
  const constant = ratioTo(analytic.map(() => 1));
  if (constant !== undefined) return ["missing factor", `${numberText(constant)}, in every component`];
  for (const [name, tensor] of candidates) {
    if (!isSameShape(tensor.shape, x.shape)) continue;
    const [productRatio, quotientRatio] = [ratioTo(flatten([tensor])), ratioTo(flatten([tensor]).map((c) => 1 / c))];
    if (productRatio !== undefined) return ["missing factor", `${factorText(productRatio)}${name}`];
    if (quotientRatio !== undefined) return ["missing factor", `${numberText(quotientRatio)} / ${name}`];
  }
  return ["unknown", "compare the formula of the rule with the numbers"];
}

const factorText = (factor: number): string => (isClose(factor, 1) ? "" : `${numberText(factor)} × `);

/** Returns a generator of random numbers in [0, 1) for a seed (mulberry32, T. Ettinger, public domain). */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

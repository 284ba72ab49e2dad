import { vjp } from "../autodiff/vjp.ts";
import { mustBeFunction, mustBeList } from "../checks/arguments.ts";
import { ArgumentError, DTypeError, OutOfRangeError, show, TracedValueError } from "../checks/errors.ts";
import { withDefaults } from "../checks/options.ts";
import { jvp } from "../transforms/derivatives.ts";
import { floatsOf, type TreeFunction, walk } from "../values/tree.ts";
import {
  diagnose,
  dot,
  evaluatePullback,
  flatten,
  numericTangent,
  type Subject,
  unflattenLike,
  type Vector,
} from "./diagnosis.ts";

export { type Cause, type Diagnosis, GradcheckError } from "./diagnosis.ts";

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

/**
 * Compares the derivatives of `f` at `args` with finite differences. `args` are trees whose floats are float64. For the
 * Jacobian J and random directions u and v, compares the JVP ⟨u, J v⟩ and the VJP ⟨Jᵀu, v⟩ with a difference quotient.
 * For higher orders, up to `order`, checks the derivatives of the pullback in the same way.
 * @throws GradcheckError with a diagnosis if derivatives differ; DTypeError for float32; ArgumentError or
 * OutOfRangeError for invalid options
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

/**
 * Returns the pullback of f as a function to check: its inputs are the inputs and the cotangents of f. The first
 * derivatives of the pullback are the second derivatives of f.
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

const randomVector = (like: Vector, random: () => number): Vector => like.map(() => 2 * random() - 1);
const absolute = (a: Vector): Vector => a.map(Math.abs);

/**
 * Checks the derivatives along a random direction.
 * @throws GradcheckError if the JVP or VJP differs from finite differences
 */
function checkDirection(subject: Subject, random: () => number, tolerance: number): void {
  const { xs, f } = subject;
  const ys = f(xs);
  const [y, u, v] = [flatten(ys), randomVector(flatten(ys), random), randomVector(flatten(xs), random)];
  const slope = numericTangent(subject, v);
  const cotangent = evaluatePullback(subject, unflattenLike(u, ys));
  const tangent = flatten(jvp(f, [xs], [unflattenLike(v, xs)]).tangent);
  const terms = dot(absolute(u), absolute(slope)) + 1e-3 * dot(absolute(u), absolute(y));
  const isWrong = [dot(cotangent, v), dot(u, tangent)].some((exact) => {
    const isRight = Math.abs(exact - dot(u, slope)) <= tolerance * (terms + Math.abs(exact));
    return !isRight || !Number.isFinite(exact); // an infinite derivative is within any relative tolerance
  });
  if (isWrong) throw diagnose(subject, unflattenLike(u, ys));
}

/** Returns a generator of numbers in [0, 1) from a seed (mulberry32, T. Ettinger, public domain). */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

import { vjp } from "./backward.ts";
import { jvp } from "./derivatives.ts";
import { DTypeError, WengertError } from "./errors.ts";
import { indexOf, numberText, shapeText } from "./format.ts";
import { ndarray, rows } from "./ndarray.ts";
import { Tensor } from "./tensor.ts";
import { floatsOf, type TreesOnly, walk } from "./tree.ts";

export interface GradcheckOptions {
  /** The highest order of derivative to check. Default 2. */
  readonly order?: number;
  /** How many random directions to try at each order. Default 3. */
  readonly directions?: number;
  /** Of the random directions. Default 1. */
  readonly seed?: number;
  /** How far from finite differences, relative to the terms of the sum compared. Default 1e-7. */
  readonly tolerance?: number;
}

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

export interface Diagnosis {
  readonly order: number;
  /** The input that is wrong, by its path, and the worst of its components. */
  readonly input: string;
  readonly index: readonly number[];
  /** The derivative of ⟨u, f⟩ by that component, for a random u: by the rules, and by finite differences. */
  readonly analytic: number;
  readonly numeric: number;
  readonly ratio: number;
  readonly cause: Cause;
}

/** The derivatives of a function are not what finite differences say. */
export class GradcheckError extends WengertError {
  readonly diagnosis: Diagnosis;
  constructor(diagnosis: Diagnosis, advice: string) {
    const { order, input, index, analytic, numeric, ratio, cause } = diagnosis;
    const [a, n, r] = [analytic, numeric, ratio].map(numberText);
    const component = index.length > 0 ? ` at ${shapeText(index)}` : "";
    super(
      `gradcheck: order ${order}: ∂⟨u, f⟩/∂(${input})${component} is ${a} by the rules, ${n} by finite differences, ratio ${r}; likely cause: ${cause} (${advice})`,
    );
    this.diagnosis = diagnosis;
  }
}

/**
 * Compares the derivatives of `f` at `args` (trees; floats in float64) with finite differences, in random directions and
 * both modes: ⟨u, J v⟩ by JVP, ⟨Jᵀu, v⟩ by VJP, and so for the pullback itself up to `order`.
 * @throws GradcheckError with a diagnosis.
 */
export function gradcheck<A extends readonly unknown[], R>(
  f: ((...args: A) => R) & TreesOnly<A> & TreesOnly<R>,
  args: A,
  options: GradcheckOptions = {},
): void {
  const names: string[] = [];
  walk("gradcheck", args, "args", ({ dtype }, path) => {
    if (dtype === "float64") names.push(path);
    else if (dtype === "float32")
      throw new DTypeError(`gradcheck: ${path} is float32, too coarse for finite differences; use float64`);
  });
  const { floats, withFloats } = floatsOf("gradcheck", [args, "args"]);
  const random = randomNumbers(options.seed ?? 1);
  let subject: Subject = {
    order: 1,
    names,
    xs: floats,
    f: (xs) => floatsOf("gradcheck", [f(...withFloats(xs)), "the value of f"]).floats,
  };
  for (; subject.order <= (options.order ?? 2); subject = pullbackOf(subject, random)) {
    for (let i = 0; i < (options.directions ?? 3); i++) checkDirection(subject, random, options.tolerance ?? 1e-7);
  }
}

/** A function of a list of tensors, and the point at which it is checked. */
interface Subject {
  readonly order: number;
  readonly names: readonly string[];
  readonly xs: readonly Tensor[];
  readonly f: (xs: readonly Tensor[]) => readonly Tensor[];
}

/** The pullback of a subject as a subject of its own: a function of the same point and of the cotangents. */
function pullbackOf({ order, names, xs, f }: Subject, random: () => number): Subject {
  const us = f(xs).map((y) => noiseLike(y, random));
  return {
    order: order + 1,
    names: [...names, ...us.map((_, i) => (us.length > 1 ? `cotangent[${i}]` : "cotangent"))],
    xs: [...xs, ...us],
    f: (all) => vjp(f, all.slice(0, xs.length)).pullback(all.slice(xs.length))[0],
  };
}

function checkDirection(subject: Subject, random: () => number, tolerance: number): void {
  const { xs, f } = subject;
  const ys = f(xs);
  const us = ys.map((y) => noiseLike(y, random));
  const vs = xs.map((x) => noiseLike(x, random));
  const slope = directional(f, xs, vs);
  const numeric = dot(us, slope);
  const cotangents = pulled(subject, us);
  const reverse = dot(cotangents, vs);
  const forward = dot(us, jvp(f, [xs], [vs]).tangent);
  const terms = dot(us.map(absolute), slope.map(absolute)) + 1e-3 * dot(us.map(absolute), ys.map(absolute));
  const wrong = [reverse, forward].some(
    (exact) => !(Math.abs(exact - numeric) <= tolerance * (terms + Math.abs(exact))),
  );
  if (wrong) throw diagnose(subject, us, cotangents, tolerance);
}

/** The pullback of `us`. A rule whose result does not fit its input is diagnosed here. */
function pulled({ f, xs, order, names }: Subject, us: readonly Tensor[]): readonly Tensor[] {
  try {
    return vjp(f, xs).pullback(us)[0];
  } catch (error) {
    const { contribution, input } = ((error as Error).cause ?? {}) as { contribution?: Tensor; input?: Tensor };
    if (!contribution || !input) throw error;
    const transposed = String(contribution.shape.toReversed()) === String(input.shape);
    const cause = transposed ? "transposed" : "missing broadcast reduction";
    const name = names[xs.findIndex((x) => rows(x.array!) === rows(input.array!))] ?? "an intermediate value";
    const diagnosis = { order, input: name, index: [], analytic: NaN, numeric: NaN, ratio: NaN, cause } as const;
    throw new GradcheckError(diagnosis, (error as Error).message);
  }
}

/** Component by component: where it is wrong, and what the wrong numbers look like. */
function diagnose(
  subject: Subject,
  us: readonly Tensor[],
  cotangents: readonly Tensor[],
  tolerance: number,
): GradcheckError {
  const { xs, f, order, names } = subject;
  const along = (k: number, j: number, h: number): number => {
    const nudged = xs.map((x, i) => (i === k ? shifted(x, basisVector(x, j), h) : x));
    return dot(us, f(nudged));
  };
  let worst = { k: 0, j: 0, error: -1 };
  const numeric = xs.map((x) => new Float64Array(x.size));
  xs.forEach((x, k) => {
    for (let j = 0; j < x.size; j++) {
      numeric[k]![j] = dot(
        us,
        directional(
          f,
          xs,
          xs.map((other, i) => (i === k ? basisVector(x, j) : zerosLike(other))),
        ),
      );
      const error = Math.abs(values(cotangents[k]!)[j]! - numeric[k]![j]!);
      if (!(error <= worst.error)) worst = { k, j, error };
    }
  });
  const { k, j } = worst;
  const [analytic, wanted, x] = [values(cotangents[k]!), numeric[k]!, xs[k]!];
  const close = (a: number, b: number) =>
    Math.abs(a - b) <= Math.max(1e-5, tolerance) * (Math.abs(a) + Math.abs(b)) + 1e-9;
  const all = (test: (a: number, n: number, i: number) => boolean) => analytic.every((a, i) => test(a, wanted[i]!, i));
  const constantRatio = (divisor: ArrayLike<number>) => {
    const ratios = Array.from(wanted, (n, i) => n / (analytic[i]! * divisor[i]!)).filter(
      (r, i) => Number.isFinite(r) && wanted[i] !== 0,
    );
    return ratios.length > 0 &&
      ratios.every((r) => close(r, ratios[0]!)) &&
      all((a, n, i) => close(a * divisor[i]! * ratios[0]!, n))
      ? ratios[0]!
      : undefined;
  };
  const at = (h: number) => {
    const middle = along(k, j, 0);
    return (along(k, j, h) - middle) / h - (middle - along(k, j, -h)) / h;
  };
  const explain = (): [Cause, string] => {
    const [once, again] = [dot(us, f(xs)), dot(us, f(xs))];
    if (once !== again) return ["not deterministic", "two runs of f at the same point differ; fix the random key"];
    const [jump, smaller] = [Math.abs(at(1e-4)), Math.abs(at(1e-6))]; // of a smooth f the jump of the slope shrinks with h
    if (jump > 1e-3 && smaller > jump / 2)
      return [
        "not differentiable here",
        "the slopes on either side differ; check at another point, or state the policy",
      ];
    if (all((a, n) => close(a, -n))) return ["sign", "the rule gives the negative of the derivative"];
    if (all((a) => a === 0)) return ["nothing flows back", "a constant was captured, or the gradient was stopped"];
    const flipped = values(
      pulled(
        subject,
        us.map((u) => shifted(zerosLike(u), u, -1)),
      )[k]!,
    );
    if (!analytic.every((a, i) => close(a, -flipped[i]!)))
      return ["not linear in the cotangent", "the rule does not use g as a factor of every term"];
    const [m, n] = x.shape.slice(-2);
    if (x.shape.length === 2 && all((a, _, i) => close(a, wanted[transposedIndex(i, m!, n!)]!))) {
      return ["transposed", "the same numbers, with the axes exchanged"];
    }
    const ones = new Float64Array(x.size).fill(1);
    const factor = constantRatio(ones);
    if (factor !== undefined) return ["missing factor", `everywhere ${numberText(factor)}`];
    const ys = f(xs);
    const candidates: readonly [string, Tensor][] = [
      ...xs.map((other, i): [string, Tensor] => [names[i]!, other]),
      ...ys.map((y): [string, Tensor] => ["the output", y]),
      ...us.map((u): [string, Tensor] => ["the cotangent", u]),
    ];
    for (const [name, candidate] of candidates) {
      if (String(candidate.shape) !== String(x.shape)) continue;
      const times = constantRatio(values(candidate));
      if (times !== undefined) return ["missing factor", `${times === 1 ? "" : `${numberText(times)} × `}${name}`];
      const divided = constantRatio(values(candidate).map((c) => 1 / c));
      if (divided !== undefined) return ["missing factor", `${numberText(divided)} / ${name}`];
    }
    return ["unknown", "compare the formula of the rule with the numbers"];
  };
  const [cause, advice] = explain();
  const [a, w] = [analytic[j]!, wanted[j]!];
  return new GradcheckError(
    { order, input: names[k]!, index: indexOf(j, x.shape), analytic: a, numeric: w, ratio: a / w, cause },
    advice,
  );
}

/** J v by central differences with two step sizes, extrapolated (Richardson): the error is of order h⁴. */
function directional(f: Subject["f"], xs: readonly Tensor[], vs: readonly Tensor[]): Tensor[] {
  const at = (h: number) => f(xs.map((x, i) => shifted(x, vs[i]!, h)));
  const h = 1e-3;
  const [far, near] = [h, h / 2].map((d) => [at(d), at(-d)] as const);
  return far![0].map((y, i) => {
    const [a, b, c, d] = [far![0], far![1], near![0], near![1]].map((list) => values(list[i]!));
    return like(y, (j) => (4 * ((c![j]! - d![j]!) / h) - (a![j]! - b![j]!) / (2 * h)) / 3);
  });
}

const values = (t: Tensor): Float64Array => rows(t.array!) as Float64Array;
const like = (t: Tensor, f: (i: number) => number): Tensor =>
  new Tensor(
    t.shape,
    t.dtype,
    ndarray(
      Float64Array.from({ length: t.size }, (_, i) => f(i)),
      t.shape,
    ),
  );
const shifted = (x: Tensor, v: Tensor, h: number): Tensor => like(x, (i) => values(x)[i]! + h * values(v)[i]!);
const noiseLike = (t: Tensor, random: () => number): Tensor => like(t, () => 2 * random() - 1);
const zerosLike = (t: Tensor): Tensor => like(t, () => 0);
const basisVector = (t: Tensor, j: number): Tensor => like(t, (i) => (i === j ? 1 : 0));
const absolute = (t: Tensor): Tensor => like(t, (i) => Math.abs(values(t)[i]!));
const dot = (as: readonly Tensor[], bs: readonly Tensor[]): number =>
  as.reduce((total, a, k) => values(a).reduce((sum, x, i) => sum + x * values(bs[k]!)[i]!, total), 0);
/** Where element `i` of an [n, m] array stands in its transpose, an [m, n] array. */
const transposedIndex = (i: number, m: number, n: number): number => (i % m) * n + Math.floor(i / m);

/** Numbers in [0, 1) from a seed (mulberry32, T. Ettinger, public domain). */
function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

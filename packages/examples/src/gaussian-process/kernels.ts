import type { Tensor } from "@wengert/core";
import { add, div, exp, log1p, mul, neg, sin, square, sub } from "@wengert/ops";

/**
 * Functions of two times t and t′, from which the covariances are computed. Each tensor has the values of one function
 * for many pairs of times.
 */
export interface Pairs {
  /** (t − t′)², in years². */
  readonly squaredLag: Tensor;
  /** 2 sin²(π (t − t′)), which has the period of one year. */
  readonly wave: Tensor;
  /**
   * The product of the scaled times z = (t − 1980) / 20 and z′ = (t′ − 1980) / 20, from which the covariance of a
   * random parabola is computed.
   */
  readonly product: Tensor;
  /** 1 if t and t′ are the times of the same measurement, otherwise 0. */
  readonly same: Tensor;
}

/**
 * Returns the terms of the kernels, such as (t − t′)², for the times t = a and t′ = b. The shapes of `a` and `b`
 * broadcast.
 */
export function pairsOf(a: Tensor, b: Tensor, same: Tensor): Pairs {
  const lag = sub(a, b);
  const z = (t: Tensor) => div(sub(t, 1980), 20);
  return { squaredLag: square(lag), wave: mul(2, square(sin(mul(Math.PI, lag)))), product: mul(z(a), z(b)), same };
}

/** A positive kernel parameter. */
interface Parameter {
  readonly symbol: string;
  readonly unit: string;
  readonly meaning: string;
  /** The value of the parameter at which the fit starts. */
  readonly start: number;
  /** The value of the parameter in the book of Rasmussen and Williams. */
  readonly book?: number;
}

/**
 * A term of the covariance. The Gaussian process is a sum of independent processes, and each term is the covariance of
 * one of them.
 */
export interface Component {
  readonly name: string;
  /** The formula of the covariance, where r is t − t′ in years. */
  readonly formula: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  covariance(theta: Readonly<Record<string, Tensor>>, pairs: Pairs): Tensor;
}

/**
 * Declares a term of the covariance. The TypeScript compiler checks that its formula uses only the declared parameters.
 */
const component = <Name extends string>(spec: {
  readonly name: string;
  readonly formula: string;
  readonly parameters: Readonly<Record<Name, Parameter>>;
  covariance(theta: Readonly<Record<Name, Tensor>>, pairs: Pairs): Tensor;
}): Component => spec;

/** exp(−r² / 2ℓ²), the RBF kernel (squared exponential). */
const rbf = (squaredLag: Tensor, length: Tensor): Tensor => exp(div(squaredLag, mul(-2, square(length))));

const trend = (start: { amplitude: number; length: number }): Component =>
  component({
    name: "trend",
    formula: "θ₁² exp(−r² / 2θ₂²)",
    parameters: {
      amplitude: { symbol: "θ₁", unit: "ppm", meaning: "size of the trend", start: start.amplitude, book: 66 },
      length: { symbol: "θ₂", unit: "years", meaning: "time over which it bends", start: start.length, book: 67 },
    },
    covariance: ({ amplitude, length }, { squaredLag }) => mul(square(amplitude), rbf(squaredLag, length)),
  });

const season = component({
  name: "season",
  formula: "θ₃² exp(−r² / 2θ₄² − 2 sin²(πr) / θ₅²)",
  parameters: {
    amplitude: { symbol: "θ₃", unit: "ppm", meaning: "size of the season", start: 2, book: 2.4 },
    decay: { symbol: "θ₄", unit: "years", meaning: "time over which its shape changes", start: 100, book: 90 },
    smoothness: { symbol: "θ₅", unit: "", meaning: "smoothness within the year", start: 1, book: 1.3 },
  },
  covariance: ({ amplitude, decay, smoothness }, { squaredLag, wave }) =>
    mul(square(amplitude), mul(rbf(squaredLag, decay), exp(div(wave, neg(square(smoothness)))))),
});

const medium = component({
  name: "medium term",
  formula: "θ₆² (1 + r² / 2θ₈θ₇²)^(−θ₈)",
  parameters: {
    amplitude: { symbol: "θ₆", unit: "ppm", meaning: "size of medium-term changes", start: 0.5, book: 0.66 },
    length: { symbol: "θ₇", unit: "years", meaning: "their typical duration", start: 1, book: 1.2 },
    shape: { symbol: "θ₈", unit: "", meaning: "small if durations differ widely", start: 1, book: 0.78 },
  },
  covariance: ({ amplitude, length, shape }, { squaredLag }) => {
    const ratio = div(squaredLag, mul(2, mul(shape, square(length))));
    return mul(square(amplitude), exp(neg(mul(shape, log1p(ratio))))); // exact for large θ₈, where the ratio is tiny
  },
});

const weather = component({
  name: "correlated noise",
  formula: "θ₉² exp(−r² / 2θ₁₀²)",
  parameters: {
    amplitude: { symbol: "θ₉", unit: "ppm", meaning: "size of correlated noise", start: 0.1, book: 0.18 },
    length: { symbol: "θ₁₀", unit: "years", meaning: "time over which it is correlated", start: 0.1, book: 1.6 / 12 },
  },
  covariance: ({ amplitude, length }, { squaredLag }) => mul(square(amplitude), rbf(squaredLag, length)),
});

const white = component({
  name: "white noise",
  formula: "θ₁₁² δ",
  parameters: {
    amplitude: { symbol: "θ₁₁", unit: "ppm", meaning: "size of independent noise", start: 0.1, book: 0.19 },
  },
  covariance: ({ amplitude }, { same }) => mul(square(amplitude), same),
});

const parabola = component({
  name: "parabola",
  formula: "θ₁₂² (1 + zz′)²",
  parameters: { amplitude: { symbol: "θ₁₂", unit: "ppm", meaning: "size of the parabola", start: 10 } },
  covariance: ({ amplitude }, { product }) => mul(square(amplitude), square(add(1, product))),
});

const others = [season, medium, weather, white];

/**
 * The model of C. Rasmussen and C. Williams, Gaussian Processes for Machine Learning (2006), section 5.4.3, equations
 * 5.15 to 5.18.
 */
export const bookModel: readonly Component[] = [trend({ amplitude: 50, length: 50 }), ...others];

/** The model of Rasmussen and Williams plus a random parabola, so that the trend can continue to accelerate. */
export const parabolaModel: readonly Component[] = [trend({ amplitude: 2, length: 20 }), ...others, parabola];

import { type Tensor, tensor, vjp } from "@wengert/core";
import { add, div, exp, expandDims, log, logSumExp, matmul, mul, reshape, softmax, sub, sum } from "@wengert/ops";
import { identity } from "../shared/algebra.ts";
import { exactly, over, relativeError, exp as slowExp, times, total } from "../shared/fixed.ts";

/** Computes softmax in three steps, exp, sum and div, so that the tape is easy to read. */
export function softmaxInSteps(x: Tensor): Tensor {
  const N = exp(x);
  const D = sum(N);
  return div(N, D);
}

/** Returns the Jacobian of softmax in closed form. The entry in row i and column j is ∂Sᵢ/∂xⱼ = Sᵢ (δᵢⱼ − Sⱼ). */
export function closedForm(S: Tensor): Tensor {
  return mul(expandDims(S, { axis: 1 }), sub(identity(S.size), S));
}

/** Three mathematically equal methods to compute the VJP of S = softmax(x): x̄ⱼ = Σᵢ gᵢ ∂Sᵢ/∂xⱼ. */
const ways = {
  "Jacobian built": (x: Tensor, g: Tensor): Tensor =>
    reshape(matmul(expandDims(g, { axis: 0 }), closedForm(softmax(x))), { shape: x.shape }),
  textbook: (x: Tensor, g: Tensor): Tensor => {
    const S = softmax(x);
    return mul(S, sub(g, sum(mul(g, S))));
  },
  "centered op": (x: Tensor, g: Tensor): Tensor => vjp((y: Tensor) => softmax(y), x).pullback(g)[0],
};
export type Way = keyof typeof ways;
export const wayNames = Object.keys(ways) as Way[];

/**
 * Returns the VJP x̄ of softmax for the logits x and the cotangent g, with more than a hundred correct digits. The
 * doubles in x and g count as exact numbers.
 */
export function reference(x: readonly number[], g: readonly number[]): bigint[] {
  const most = exactly(Math.max(...x));
  const N = x.map((xi) => slowExp(exactly(xi) - most));
  const D = total(N);
  const S = N.map((Ni) => over(Ni, D));
  const inner = total(S.map((Si, i) => times(Si, exactly(g[i]!))));
  return S.map((Si, i) => times(Si, exactly(g[i]!) - inner));
}

export interface Comparison {
  readonly x: readonly number[];
  readonly S: readonly number[];
  /** The components of softmax's VJP x̄, as computed by each of the three methods. */
  readonly found: Readonly<Record<Way, readonly number[]>>;
  readonly exact: readonly bigint[];
  /** The relative error of each component of softmax's VJP x̄, for each of the three methods. */
  readonly errors: Readonly<Record<Way, readonly number[]>>;
}

/** Computes softmax's VJP by each method in `ways`, and the relative error of each result. */
export function compare(x: readonly number[], g: readonly number[]): Comparison {
  const exact = reference(x, g);
  const each = <T>(f: (way: Way) => T) => Object.fromEntries(wayNames.map((way) => [way, f(way)])) as Record<Way, T>;
  const found = each((way) => ways[way](tensor(x), tensor(g)).toNested() as number[]);
  const errors = each((way) => found[way].map((value, i) => relativeError(value, exact[i]!)));
  return { x, S: softmax(tensor(x)).toNested() as number[], found, exact, errors };
}

/** Replaces the largest entry of x by the number for which its softmax probability is 1 − `rest`. */
export function confident(x: readonly number[], rest: number): number[] {
  const m = x.indexOf(Math.max(...x));
  const others = logSumExp(tensor(x.toSpliced(m, 1)));
  return x.with(m, add(others, log(tensor((1 - rest) / rest))).item());
}

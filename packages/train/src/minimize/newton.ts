import { hessian, type Tensor } from "@wengert/core";
import { leaves, ravel, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { cholesky, solveCholesky } from "./cholesky.ts";
import { defaults, descend, type Iterate, type MinimizeOptions, type Minimum } from "./descend.ts";
import { maxAbs, type Vector } from "./vector.ts";

/**
 * The minimum of a smooth loss near `params`, by Newton's method: steps d with (H + τ I) d = −g for the Hessian H, where τ ≥ 0 is
 * as large as it must be for H + τ I to be positive definite, and the line search of `lbfgs`. For problems of up to some hundred parameters.
 * @throws OutOfRangeError where loss or gradient are not finite at the start; TreeError, DTypeError, ArgumentError for invalid arguments
 */
export function newton<P>(
  loss: (params: P) => Tensor,
  params: P & TreesOnly<P>,
  options?: MinimizeOptions,
): Minimum<P> {
  const settings = withDefaults<MinimizeOptions>("newton", options, { ...defaults, maxIterations: 200 });
  const hessianOf = hessian(loss as (params: object) => Tensor);
  const matrixAt = ({ params }: Iterate<P>) => {
    const sizes = leaves("newton", params, "params").map(({ size }) => size);
    return assembleHessian(leaves("newton", hessianOf(params as object), "Hessian"), sizes);
  };
  return descend<P>("newton", loss, params, settings, {
    direction: (iterate) =>
      solveCholesky(
        shiftedCholesky(matrixAt(iterate), iterate.x.length),
        iterate.gradient.map((gi) => -gi),
      ),
    isMinimum: (iterate) => {
      const H = matrixAt(iterate);
      return cholesky(H, iterate.x.length, 1e-8 * maxAbs(H) + Number.MIN_VALUE) !== undefined;
    },
  });
}

/** L Lᵀ = H + τ I: with τ = 0 if H is positive definite, else with the first that is enough (Nocedal and Wright, algorithm 3.3). */
function shiftedCholesky(H: Vector, n: number): Vector {
  const scale = maxAbs(H);
  if (!(scale > 0 && scale < Infinity)) return cholesky(new Float64Array(n * n), n, 1)!; // no Hessian: down the gradient
  for (let shift = 0; ; shift = Math.max(4 * shift, 1e-8 * scale)) {
    const L = cholesky(H, n, shift);
    if (L) return L;
  }
}

/** The matrix of the blocks ∂²f/∂a∂b of all pairs of tensors a and b of these sizes, those of the first a first. */
function assembleHessian(blocks: readonly Tensor[], sizes: readonly number[]): Vector {
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const H = new Float64Array(n * n);
  let [block, top] = [0, 0];
  for (const height of sizes) {
    let left = 0;
    for (const width of sizes) {
      const values = ravel(blocks[block++]!.array!);
      for (let i = 0; i < height; i++) H.set(values.subarray(i * width, (i + 1) * width), (top + i) * n + left);
      left += width;
    }
    top += height;
  }
  return H;
}

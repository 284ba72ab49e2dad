import { hessian, type Tensor } from "@wengert/core";
import { leaves, ravel, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { cholesky, solveCholesky } from "./cholesky.ts";
import { defaults, descend, type Iterate, type MinimizeOptions, type Minimum } from "./descend.ts";
import { maxAbs, type Vector } from "./vector.ts";

/**
 * Minimizes a smooth loss near `params` by Newton's method. Each step d solves (H + τ I) d = −g, where H is the Hessian
 * and τ ≥ 0 is large enough to make H + τ I positive definite. The line search is the same as in `lbfgs`. Use it for up
 * to a few hundred parameters.
 * @throws OutOfRangeError unless loss and gradient are finite at the start
 * @throws TreeError, DTypeError, ArgumentError for invalid arguments
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

/**
 * Returns the Cholesky factor L of H + τ I, where τ = 0 if the Hessian H is positive definite. Otherwise τ grows until
 * H + τ I is positive definite (Nocedal and Wright, algorithm 3.3).
 */
function shiftedCholesky(H: Vector, n: number): Vector {
  const scale = maxAbs(H);
  if (!(scale > 0 && scale < Infinity)) return cholesky(new Float64Array(n * n), n, 1)!; // without a usable Hessian, take the gradient direction
  for (let shift = 0; ; shift = Math.max(4 * shift, 1e-8 * scale)) {
    const L = cholesky(H, n, shift);
    if (L) return L;
  }
}

/**
 * Assembles the Hessian matrix from its blocks ∂²f/∂a∂b, ordered by tensor a, then by tensor b. `sizes` are the numbers
 * of elements of the tensors.
 */
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

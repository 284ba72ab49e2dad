import { hessian, type Tensor } from "@wengert/core";
import { leaves, ravel, type TreesOnly, withDefaults } from "@wengert/core/extend";
import { compiledWith, compileOption } from "../checks/attempt.ts";
import { cholesky, solveCholesky } from "./cholesky.ts";
import { defaults, descend, type Iterate, lossOf, type MinimizeOptions, type Minimum, otherNames } from "./descend.ts";
import { maxAbs, type Vector } from "./vector.ts";

/**
 * Minimizes a smooth loss near `params` by Newton's method. Each step d solves (H + τ I) d = −g, where g is the
 * gradient and H is the Hessian. τ ≥ 0 is large enough to make H + τ I positive definite. The line search is the same
 * as in `lbfgs`. Use `newton` for up to a few hundred parameters.
 * @throws OutOfRangeError unless loss and gradient are finite at the start
 * @throws TreeError, DTypeError, ArgumentError for invalid arguments
 */
export function newton<P>(
  loss: (params: P) => Tensor,
  params: P & TreesOnly<P>,
  options?: MinimizeOptions,
): Minimum<P> {
  const settings = withDefaults<MinimizeOptions>("newton", options, { ...defaults, maxIterations: 200 }, otherNames);
  const compile = compileOption("newton", settings.compile);
  const hessianOf = compiledWith("newton", "the Hessian", compile, hessian(lossOf("newton", loss)));
  const matrixAt = ({ params }: Iterate<P>) => {
    const sizes = leaves("newton", params, "params").map(({ size }) => size);
    return assembleHessian(leaves("newton", hessianOf(params as object), "Hessian"), sizes);
  };
  return descend<P>("newton", loss, params, settings, {
    direction: (iterate) => newtonDirection(matrixAt(iterate), iterate.gradient),
    isMinimum: (iterate) => {
      const { H } = normalized(matrixAt(iterate));
      return cholesky(H, iterate.x.length, 1e-8 * maxAbs(H) + Number.MIN_VALUE) !== undefined;
    },
  });
}

/**
 * Solves (H + τ I) d = −g for the Newton step d, where H is the Hessian and g the gradient. τ is 0 if H is positive
 * definite. Otherwise τ grows until H + τ I is positive definite (Nocedal and Wright, algorithm 3.3). If H is 0 or has
 * an entry that is not finite, d is −g.
 */
function newtonDirection(hessian: Vector, gradient: Vector): Vector {
  const { H, scale } = normalized(hessian);
  const d = gradient.map((gi) => -gi);
  const largest = maxAbs(H);
  if (!(largest > 0 && largest < Infinity)) return d;
  // This loop always ends: no entry of the n × n Hessian exceeds `largest`, so a shift of n times `largest` makes the
  // Hessian positive definite.
  for (let shift = 0; ; shift = Math.max(4 * shift, 1e-8 * largest)) {
    const L = cholesky(H, gradient.length, shift);
    if (L) return solveCholesky(L, d).map((di) => di / scale);
  }
}

/**
 * Returns the Hessian H divided by `scale`, so that neither H + τ I nor its Cholesky factor overflows. The scale is a
 * power of 4, because division by it and its square root are exact.
 */
function normalized(hessian: Vector): { readonly H: Vector; readonly scale: number } {
  const largest = maxAbs(hessian);
  if (!(largest > 0 && largest < Infinity)) return { H: hessian, scale: 1 };
  const scale = 4 ** Math.floor(Math.log2(largest) / 2);
  return { H: hessian.map((h) => h / scale), scale };
}

/**
 * Assembles the Hessian matrix from a list of its blocks ∂²f/∂a∂b for all pairs of tensors a and b. The list is ordered
 * by a, then by b. `sizes` are the sizes of the tensors.
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

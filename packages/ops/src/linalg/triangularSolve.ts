import type { Tensor, TensorLike } from "@wengert/core";
import { type Binary, defineOp, type Op, prefixErrors, sizeOf, withDefaults } from "@wengert/core/extend";
import { tril, triu } from "../creation/triangles.ts";
import { booleanOption } from "../declaring/axes.ts";
import { sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { neg } from "../elementwise/arithmetic.ts";
import { matmul } from "../products/matmul.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { type Elements, eachMatrix, epsilon, swapped, wellConditioned } from "./matrices.ts";
import { singularError, solutionShape, withColumns } from "./rightSide.ts";
import { substitute } from "./substitution.ts";

export interface TriangularSolveOptions {
  /**
   * Whether A is a lower triangle (otherwise an upper one). The entries of the other triangle are ignored. Default:
   * true.
   */
  readonly lower?: boolean | undefined;
  /** Whether to solve Aᵀ x = b. Default: false. */
  readonly transposed?: boolean | undefined;
}

interface Params {
  readonly lower: boolean;
  readonly transposed: boolean;
  /**
   * A diagonal entry counts as 0 if it is at most `tolerance` × machine epsilon × the largest absolute value in its
   * column.
   */
  readonly tolerance: number;
}

/**
 * Declares the solution of A X = B for a triangular A and a matrix B, in float64. X = A⁻¹ B, so dX = A⁻¹ (dB − dA X).
 * The VJP maps the cotangent G to B̄ = A⁻ᵀ G and Ā = −B̄ Xᵀ, where the entries of Ā outside the triangle are 0.
 * `errorAt` returns the error for a diagonal entry that is 0.
 */
export function triangleSolver(name: string, errorAt: typeof singularError): Op<Binary, Params> {
  const solver: Op<Binary, Params> = defineOp<Binary, Params>({
    name,
    options: { lower: true, transposed: false, tolerance: 0 },
    shape: ([A, b]) => solutionShape(A, b),
    batch: "broadcast",
    kernel: (out, [A, b], { lower, transposed, tolerance }, [matrix]) => {
      const [n, r] = out.shape.slice(-2) as [number, number];
      const batch = out.shape.slice(0, -2);
      eachMatrix(batch, [[A, 2], [b, 2]], ([t, B], entry) => {
        const pivot = firstZero(t!, n, lower, tolerance);
        if (pivot >= 0) throw errorAt(matrix, pivot, batch, entry);
        const x = (out.data as Float64Array).subarray(entry * n * r, (entry + 1) * n * r);
        x.set(B!);
        const right = { data: x, start: 0, stride: r, count: r };
          substitute({ data: t!, start: 0, stride: n, count: n }, right, { lower, transposed });
      }); // biome-ignore format: one call
    },
    flops: ([A], { shape }) => sizeOf(shape) * A.shape.at(-1)!,
    vjp: [
      (g, { inputs: [A], params, output: x }) => {
        const { lower, transposed } = params;
        const right = solver(A, g, { ...params, transposed: !transposed });
        const product = transposed ? matmul(x, swapped(right)) : matmul(right, swapped(x));
        return unbroadcast(neg(lower ? tril(product) : triu(product)), A);
      },
      (g, { inputs: [A, b], params }) => unbroadcast(solver(A, g, { ...params, transposed: !params.transposed }), b),
    ],
    nonFinite: sumOfProductsCause,
    samples: () => [[wellConditioned([2, 2]), irregular([2, 1]), { lower: true, transposed: false, tolerance: 0 }]],
  });
  return solver;
}

/** Returns the index of the first diagonal entry that is 0 up to rounding errors, or −1. */
function firstZero(t: Elements, n: number, lower: boolean, tolerance: number): number {
  for (let j = 0; j < n; j++) {
    const size = Math.abs(t[j * (n + 1)]!);
    let most = size;
    const [start, stop] = lower ? [j + 1, n] : [0, j];
    if (tolerance > 0) for (let i = start; i < stop; i++) most = Math.max(most, Math.abs(t[i * n + j]!));
    if (size <= tolerance * epsilon * most) return j;
  }
  return -1;
}

export const solveTriangle: Op<Binary, Params> = /* @__PURE__ */ triangleSolver("triangularSolve", singularError);

/**
 * Returns the solution x of A x = b for a triangular A, by substitution. b is a vector, or a matrix whose columns are
 * the right sides of separate systems. The VJP maps the cotangent g to b̄ = A⁻ᵀ g and Ā = −b̄ xᵀ, where the entries of
 * Ā outside the triangle are 0.
 * @throws OutOfRangeError with the index of the diagonal entry, if a diagonal entry is 0
 */
export const triangularSolve: Sampled<TriangularSolve> = /* @__PURE__ */ withSamples<TriangularSolve>(
  (A, b, ...rest) => {
    const options = withDefaults<TriangularSolveOptions>("triangularSolve", rest[0], {
      lower: true,
      transposed: false,
    });
    return withColumns("triangularSolve", [A, b], (matrix, right) =>
      solveTriangle(matrix, right, { ...checkOptions(options), tolerance: 0 }),
    );
  },
  () => [
    [wellConditioned([3, 3]), irregular([3])],
    [wellConditioned([2, 1, 2, 2]), irregular([2, 2, 3], 2), { lower: false }],
    [wellConditioned([3, 3], 2), irregular([3, 2], 2), { transposed: true }],
  ],
);
type TriangularSolve = (A: TensorLike, b: TensorLike, options?: TriangularSolveOptions) => Tensor;

const checkOptions = ({ lower, transposed }: TriangularSolveOptions) => ({
  lower: prefixed("lower", lower),
  transposed: prefixed("transposed", transposed),
});
const prefixed = (name: string, value: unknown): boolean =>
  prefixErrors("triangularSolve", () => booleanOption(name, value));

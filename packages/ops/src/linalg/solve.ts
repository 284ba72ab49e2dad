import type { Tensor, TensorLike } from "@wengert/core";
import { type Binary, defineOp, type Op, sizeOf, type Unary } from "@wengert/core/extend";
import { sumOfProductsCause } from "../declaring/nonFiniteCauses.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { neg } from "../elementwise/arithmetic.ts";
import { matmul } from "../products/matmul.ts";
import { unbroadcast } from "../shapes/sum.ts";
import { factorLU, solveWithFactors } from "./lu.ts";
import { checkNoOptions, eachMatrix, inFloat64, squareSizes, swapped, wellConditioned } from "./matrices.ts";
import { singularError, solutionShape, withColumns } from "./rightSide.ts";

/**
 * Solves A X = B, or Aᵀ X = B, for a matrix B, in float64. X = A⁻¹ B, so dX = A⁻¹ (dB − dA X). The VJP maps the
 * cotangent G to B̄ = A⁻ᵀ G and Ā = −B̄ Xᵀ.
 */
const solveColumns: Op<Binary, { readonly transposed: boolean }> = /* @__PURE__ */ defineOp<
  Binary,
  { readonly transposed: boolean }
>({
  name: "solve",
  options: { transposed: false },
  shape: ([A, b]) => solutionShape(A, b),
  batch: "broadcast",
  kernel: (out, [A, b], { transposed }, [matrix]) => {
    const [n, r] = out.shape.slice(-2) as [number, number];
    const batch = out.shape.slice(0, -2);
    let factors: { of: Float64Array; value: ReturnType<typeof factorLU> } | undefined;
    eachMatrix(batch, [[A, 2], [b, 2]], ([a, right], entry) => {
      if (factors?.of.byteOffset !== a!.byteOffset) factors = { of: a!, value: factorLU(a!, n) };
      if (factors.value.singularAt >= 0) throw singularError(matrix, factors.value.singularAt, batch, entry);
      const x = (out.data as Float64Array).subarray(entry * n * r, (entry + 1) * n * r);
      x.set(right!);
      solveWithFactors(factors.value, n, x, r, transposed);
    }); // biome-ignore format: one call
  },
  flops: ([A], { shape }) => {
    const n = A.shape.at(-1)!;
    return Math.round((2 / 3) * n * sizeOf(A.shape)) + 2 * n * sizeOf(shape);
  },
  vjp: [
    (g, { inputs: [A], params: { transposed }, output: x }) => {
      const right = solveColumns(A, g, { transposed: !transposed });
      return unbroadcast(neg(transposed ? matmul(x, swapped(right)) : matmul(right, swapped(x))), A);
    },
    (g, { inputs: [A, b], params: { transposed } }) => unbroadcast(solveColumns(A, g, { transposed: !transposed }), b),
  ],
  nonFinite: sumOfProductsCause,
  samples: () => [[wellConditioned([2, 2]), irregular([2, 1]), { transposed: false }]],
});

/**
 * Returns the solution x of A x = b, by LU factorization with partial pivoting. b is a vector, or a matrix whose
 * columns are the right sides of separate systems. The VJP maps the cotangent g to b̄ = A⁻ᵀ g and Ā = −b̄ xᵀ.
 * @throws OutOfRangeError with the index of the pivot, if a pivot is 0 up to rounding errors
 */
export const solve: Sampled<Solve> = /* @__PURE__ */ withSamples<Solve>(
  (A, b, ...rest) => {
    checkNoOptions("solve", rest);
    return withColumns("solve", [A, b], (matrix, right) => solveColumns(matrix, right, { transposed: false }));
  },
  () => [
    [wellConditioned([3, 3]), irregular([3])],
    [wellConditioned([2, 1, 2, 2]), irregular([2, 2, 3], 2)],
  ],
);
type Solve = (A: TensorLike, b: TensorLike) => Tensor;

/** Declares the op that inverts square matrices. The error for a singular matrix begins with `name`. */
export const inverseOp = (name: string): Op<Unary> =>
  defineOp<Unary>({
    name,
    shape: ([A]) => squareSizes(A) && A.shape,
    batch: "shift",
    kernel: (out, [A], _, [matrix]) => {
      const { n, batch } = squareSizes(matrix);
      eachMatrix(batch, [[A, 2]], ([a], entry) => {
        const factors = factorLU(a!, n);
        if (factors.singularAt >= 0) throw singularError(matrix, factors.singularAt, batch, entry);
        const x = (out.data as Float64Array).subarray(entry * n * n, (entry + 1) * n * n);
        for (let i = 0; i < n; i++) x[i * (n + 1)] = 1;
        solveWithFactors(factors, n, x, n, false);
      });
    },
    flops: ([A]) => Math.round((8 / 3) * A.shape.at(-1)! * sizeOf(A.shape)),
    vjp: [(g, { output: y }) => neg(matmul(swapped(y), matmul(g, swapped(y))))],
    nonFinite: sumOfProductsCause,
    samples: () => [[wellConditioned([2, 2])]],
  });

const inverse: Op<Unary> = /* @__PURE__ */ inverseOp("inv");

/**
 * Returns the inverse Y = A⁻¹ of each matrix. dY = −Y dA Y, so the VJP maps the cotangent g to −Yᵀ g Yᵀ. `solve` is
 * faster and more exact than a product with the inverse.
 * @throws OutOfRangeError with the index of the pivot, if a pivot is 0 up to rounding errors
 */
export const inv: Sampled<(A: TensorLike) => Tensor> = /* @__PURE__ */ withSamples<(A: TensorLike) => Tensor>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("inv", rest);
    return inFloat64("inv", [A], ["A"], (matrix) => inverse(matrix));
  },
  () => [[wellConditioned([3, 3])], [wellConditioned([2, 2, 2], 2)]],
);

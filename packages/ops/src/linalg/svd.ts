import type { Tensor, TensorLike } from "@wengert/core";
import { defineOp, type Fault, type Op, prefixErrors, ravel, sizeOf, type Unary } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { add, sub } from "../elementwise/arithmetic.ts";
import { matmul } from "../products/matmul.ts";
import { squeeze } from "../shapes/reshape.ts";
import { diagonalMatrix } from "./diagonal.ts";
import { eachRun, signOf, toleranceOf, turnBasis } from "./equalValues.ts";
import { agreeing, divideByGaps, divideBySingularValues } from "./gaps.ts";
import { type SingularTriples, singularTriples } from "./jacobi.ts";
import {
  allFinite,
  checkNoOptions,
  type Elements,
  eachMatrix,
  inFloat64,
  matrixSizes,
  rowsOf,
  swapped,
  wellConditioned,
} from "./matrices.ts";
import { columnsFirst } from "./qr.ts";

/**
 * Returns U, s (as a row) and V, one below the other, for A = U diag(s) Vᵀ. The VJP maps the cotangents Ū, s̄ and V̄ to
 * Ā = U (diag(s̄) + X) Vᵀ, plus a term T if A is not square. With J = Uᵀ Ū and L = Vᵀ V̄, Xᵢⱼ = skew(J + L)ᵢⱼ / (sⱼ −
 * sᵢ) + skew(J − L)ᵢⱼ / (sⱼ + sᵢ). If A has more rows than columns, T is (Ū − U J) diag(s)⁻¹ Vᵀ. If A has more columns
 * than rows, T is U diag(s)⁻¹ (V̄ − V L)ᵀ.
 */
const decompose: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "svd",
  shape: ([A]) => {
    const { m, n, batch } = matrixSizes(A);
    return [...batch, m + 1 + n, Math.min(m, n)];
  },
  batch: "shift",
  kernel: (out, [A], _, [matrix]) => {
    const { m, n, batch } = matrixSizes(matrix);
    const k = Math.min(m, n);
    eachMatrix(batch, [[A, 2]], ([a], entry) => {
      const size = (m + 1 + n) * k;
      const parts = (out.data as Float64Array).subarray(entry * size, (entry + 1) * size);
      if (!allFinite(a!)) {
        parts.fill(Number.NaN);
        return;
      }
      const { u, s, v } =
        m >= n ? singularTriples(columnsFirst(a!, m, n), m, n) : flipped(singularTriples(a!.slice(), n, m));
      turnBases(u, s, v, m, n);
      parts.set(s, m * k);
      for (let j = 0; j < k; j++) {
        const sign = signOf(v, n, j);
        for (let i = 0; i < m; i++) parts[i * k + j] = sign * u[j * m + i]!;
        for (let i = 0; i < n; i++) parts[(m + 1 + i) * k + j] = sign * v[j * n + i]!;
      }
    });
  },
  flops: ([A]) => 14 * Math.min(...A.shape.slice(-2)) * sizeOf(A.shape),
  vjp: [
    (g, { inputs: [A], output }) => {
      const { m, n } = matrixSizes(A);
      const [{ U, S, V }, { U: ofU, S: ofS, V: ofV }] = [partsOf(output, m), partsOf(g, m)];
      const [J, L] = [matmul(swapped(U), ofU), matmul(swapped(V), ofV)];
      const turning = add(
        divideByGaps(add(J, L), S, { by: "difference", sign: -1 }),
        divideByGaps(sub(J, L), S, { by: "sum", sign: -1 }),
      );
      const inside = add(turning, diagonalMatrix(agreeing(ofS, S, { zeros: true })));
      const spanned = matmul(U, matmul(inside, swapped(V)));
      if (m > n) return add(spanned, matmul(divideBySingularValues(sub(ofU, matmul(U, J)), ofU, S), swapped(V)));
      if (m === n) return spanned;
      return add(spanned, matmul(U, swapped(divideBySingularValues(sub(ofV, matmul(V, L)), ofV, S))));
    },
  ],
  nonFinite: svdCause,
  samples: () => [[wellConditioned([2, 2])]],
});

const flipped = ({ u, s, v }: SingularTriples): SingularTriples => ({ u: v, s, v: u });

/**
 * Reflects the singular vectors of equal singular values, so that no singular vector is along a coordinate axis. If the
 * equal singular values are 0, U and V get different reflections; otherwise they get the same reflection.
 */
function turnBases(u: Elements, s: Float64Array, v: Elements, m: number, n: number): void {
  const tolerance = toleranceOf(s);
  eachRun(s, (start, stop) => {
    turnBasis(u, m, start, stop);
    turnBasis(v, n, start, stop, s[start]! <= tolerance ? 1 : 0);
  });
}

function partsOf(packed: Tensor, m: number): { readonly U: Tensor; readonly S: Tensor; readonly V: Tensor } {
  const rows = packed.shape.at(-2)!;
  return {
    U: rowsOf(packed, 0, m),
    S: squeeze(rowsOf(packed, m, m + 1), { axis: -2 }),
    V: rowsOf(packed, m + 1, rows),
  };
}

/** Explains why the cotangent of the matrix A has a NaN: two singular values of A are equal, or one is 0. */
function svdCause({ inputs: [A], output, cotangent }: Fault<Unary, unknown>): string | undefined {
  if (!allFinite(ravel(A.array!) as Float64Array)) return "svd needs finite numbers: check its input";
  if (cotangent === undefined) return "the singular values are too large for a float64: scale the matrix";
  const [m, n] = A.shape.slice(-2) as [number, number];
  const k = Math.min(m, n);
  let text: string | undefined;
  eachMatrix(A.shape.slice(0, -2), [[output.array!, 2]], ([parts]) => {
    const s = parts!.subarray(m * k, (m + 1) * k);
    if (s[k - 1]! <= toleranceOf(s))
      text ??= `the singular value ${k - 1} is 0, and the loss depends on it or on its singular vectors, so it has no derivative: drop the singular values that are 0`;
    eachRun(s, (start) => {
      text ??= `the singular values ${start} and ${start + 1} are equal (${s[start]}), and the loss treats their vectors or values differently, so it has no derivative: use a function of the whole space, such as U Vᵀ`;
    });
  });
  return text ?? "the derivative is too large for a float64: scale the matrix";
}

/** The singular values S of matrices in descending order, and the singular vectors as columns of U and rows of Vt. */
export interface SvdResult {
  readonly U: Tensor;
  readonly S: Tensor;
  readonly Vt: Tensor;
}

/** Returns the singular value decomposition of a float64 matrix. */
export function svdInFloat64(A: Tensor): SvdResult {
  const { U, S, V } = partsOf(decompose(A), matrixSizes(A).m);
  return { U, S, Vt: swapped(V) };
}

/**
 * Returns `{ U, S, Vt }` with A = U diag(S) Vt: the singular values S in descending order, and orthonormal columns of U
 * and rows of Vt. For A of [m, n] and k = min(m, n), U is [m, k] and Vt is [k, n]. The first large entry of each row of
 * Vt is positive. The VJP divides by sums and differences of singular values. For singular values that are equal or 0,
 * the VJP is exact if the loss does not depend on the choice of their singular vectors, and NaN otherwise.
 */
export const svd: Sampled<(A: TensorLike) => SvdResult> = /* @__PURE__ */ withSamples<(A: TensorLike) => SvdResult>(
  (A, ...rest: unknown[]) => {
    checkNoOptions("svd", rest);
    return inFloat64("svd", [A], ["A"], (matrix) => {
      prefixErrors("svd", () => matrixSizes(matrix));
      return svdInFloat64(matrix);
    });
  },
  () => [[irregular([3, 2])], [wellConditioned([2, 2, 2], 2)], [irregular([2, 3], 3)]],
);

import { type Tensor, vjp } from "@wengert/core";
import { type Binary, defineOp, type NdArray, ndarray, type Op, type Unary } from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";
import { div, mul, sub } from "../elementwise/arithmetic.ts";
import { multiplyMatrices } from "../products/gemm.ts";
import { matmul } from "../products/matmul.ts";
import { sum } from "../shapes/sum.ts";
import { singularTriples } from "./jacobi.ts";
import { factorLU, pivotsOf, solveWithFactors } from "./lu.ts";
import { allFinite, type Elements, eachMatrix, swapped, wellConditioned } from "./matrices.ts";
import { columnsFirst } from "./qr.ts";

// The cofactors of a matrix A are the derivatives of its determinant. The formula det A · A⁻ᵀ for the cofactors fails
// for a singular A. With the singular value decomposition A = U diag(s) Vᵀ, the matrix of cofactors is det U · det V ·
// U diag(Πₖ≠ᵢ sₖ) Vᵀ for every A.

/** Returns the matrix of cofactors C of each square matrix A: Cᵢⱼ is the derivative of det A by Aᵢⱼ. */
export const cofactors: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "cofactors",
  shape: ([A]) => A.shape,
  batch: "shift",
  kernel: (out, [A]) =>
    eachRotated(
      out,
      [A],
      (y, { Y, det }) => y.set(Y.map((x) => det * x)),
      (s) => (i, j) => (i === j ? productExcept(s, i, i) : 0),
    ),
  vjp: [(g, { inputs: [A] }) => cofactorsPullback(A, g)],
  samples: () => [[wellConditioned([2, 2])]],
});

/**
 * Returns the derivative of the matrix of cofactors C of A in the direction G: (⟨G, C⟩ C − C Gᵀ C) / det A. It is a
 * second derivative of det A, so the VJP by G is the op itself. The VJP by A divides by det A.
 *
 * The singular value decomposition of A reduces the op to a diagonal A. For the diagonal s, entry [i, i] of the result
 * is Σⱼ gⱼⱼ Πₖ≠ᵢⱼ sₖ over j ≠ i, and entry [i, j] is −gⱼᵢ Πₖ≠ᵢⱼ sₖ.
 */
const cofactorsPullback: Op<Binary> = /* @__PURE__ */ defineOp<Binary>({
  name: "cofactorsPullback",
  shape: ([A]) => A.shape,
  batch: "shift",
  kernel: (out, [A, g]) =>
    eachRotated(
      out,
      [A, g],
      (y, { Y, det, n }, direction) => {
        const inner = Y.reduce((total, x, at) => total + x * direction![at]!, 0);
        const product = multiply(Y, multiply(direction!, Y, n, true, false), n, false, false);
        for (let at = 0; at < y.length; at++) y[at] = det * (inner * Y[at]! - product[at]!);
      },
      (s, direction) => (i, j) => {
        const n = s.length;
        if (i !== j) return -direction![j * n + i]! * productExcept(s, i, j);
        let total = 0;
        for (let k = 0; k < n; k++) if (k !== i) total += direction![k * (n + 1)]! * productExcept(s, i, k);
        return total;
      },
    ),
  vjp: [
    (g, { inputs: [A, direction] }) => vjp((X: Tensor) => secondDerivative(X, direction), A).pullback(g)[0],
    (g, { inputs: [A] }) => cofactorsPullback(A, g),
  ],
  samples: () => [[wellConditioned([2, 2]), irregular([2, 2])]],
});

function secondDerivative(A: Tensor, g: Tensor): Tensor {
  const C = cofactors(A);
  const n = A.shape.at(-1)!;
  const determinant = div(sum(mul(A, C), { axis: [-2, -1], keepDims: true }), n);
  const product = mul(sum(mul(g, C), { axis: [-2, -1], keepDims: true }), C);
  return div(sub(product, matmul(C, matmul(swapped(g), C))), determinant);
}

/** Returns the product of all singular values except those with the indices i and j. */
function productExcept(s: Float64Array, i: number, j: number): number {
  let product = 1;
  for (let k = 0; k < s.length; k++) if (k !== i && k !== j) product *= s[k]!;
  return product;
}

/** The inverse transpose Y = A⁻ᵀ and the determinant of a matrix A. */
interface Inverted {
  readonly Y: Elements;
  readonly det: number;
  readonly n: number;
}

/**
 * Returns A⁻ᵀ and det A for a large, well-conditioned matrix. Returns undefined for other matrices, for which the
 * singular value decomposition is more exact or fast enough.
 */
function inverted(a: Elements, n: number): Inverted | undefined {
  if (n <= 16) return undefined;
  const factors = factorLU(a, n);
  const pivots = pivotsOf(factors, n);
  const sizes = pivots.map(Math.abs);
  if (!(Math.min(...sizes) > 1e-8 * Math.max(...sizes))) return undefined;
  const Y = new Float64Array(n * n);
  for (let i = 0; i < n; i++) Y[i * (n + 1)] = 1;
  solveWithFactors(factors, n, Y, n, true);
  return { Y, det: pivots.reduce((product, pivot) => product * pivot, 1), n };
}

/**
 * For each matrix A = U diag(s) Vᵀ (its singular value decomposition), writes det U · det V · U X Vᵀ to `out`.
 * `entriesOf` computes the matrix X from s and, if a matrix G is given as direction, from Uᵀ G V. For large,
 * well-conditioned A, `fromInverse` computes the result from A⁻ᵀ instead.
 */
function eachRotated(
  out: NdArray,
  [A, g]: readonly [NdArray, NdArray?],
  fromInverse: (y: Elements, inverse: Inverted, direction: Elements | undefined) => void,
  entriesOf: (s: Float64Array, direction: Elements | undefined) => (i: number, j: number) => number,
): void {
  const n = A.shape.at(-1)!;
  eachMatrix(A.shape.slice(0, -2), g ? [[A, 2], [g, 2]] : [[A, 2]], ([a, direction], at) => {
    const y = (out.data as Float64Array).subarray(at * n * n, (at + 1) * n * n);
    if (!allFinite(a!)) {
      y.fill(Number.NaN);
      return;
    }
    const inverse = inverted(a!, n);
    if (inverse) {
      fromInverse(y, inverse, direction);
      return;
    }
    const { u, s, v } = singularTriples(columnsFirst(a!, n, n), n, n);
    const sign = signOfDet(u, n) * signOfDet(v, n);
    const inside = direction && multiply(u, multiply(direction, v, n, false, true), n, false, false);
    const entry = entriesOf(s, inside);
    const X = Float64Array.from({ length: n * n }, (_, p) => sign * entry(Math.floor(p / n), p % n));
    y.set(multiply(u, multiply(X, v, n, false, false), n, true, false));
  }); // biome-ignore format: one call
}

/** Returns the product of two n × n matrices, or of their transposes, depending on the flags. */
function multiply(a: Elements, b: Elements, n: number, aTransposed: boolean, bTransposed: boolean): Elements {
  const product = new Float64Array(n * n);
  const view = (x: Elements, transposed: boolean) => ndarray(x, [n, n], transposed ? [1, n] : [n, 1]);
  multiplyMatrices(product, view(a, aTransposed), view(b, bTransposed), []);
  return product;
}

/** Returns the determinant of an orthogonal matrix, 1 or −1. */
const signOfDet = (q: Elements, n: number): number =>
  pivotsOf(factorLU(q, n), n).reduce((sign, pivot) => (pivot < 0 ? -sign : sign), 1);

import { ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import { describe, prefixErrors, toTensors, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { reshape } from "../shapes/reshape.ts";
import { slice, unslice } from "../shapes/slice.ts";
import { type DiagonalOptions, diagonalOption } from "./triangles.ts";

type Diag = (x: TensorLike, options?: DiagonalOptions) => Tensor;

/**
 * Returns a matrix for a vector x, and a vector for a matrix x. For a vector, the result is the square matrix with x on
 * diagonal k, and zeros elsewhere. For a matrix, the result is diagonal k of x. Diagonal 0 is the main diagonal, 1 the
 * next above it, and −1 the next below it. The function from vectors to matrices and the function from matrices to
 * vectors are adjoints of each other.
 * @throws ShapeError unless x is a vector or a matrix, ArgumentError unless k is a whole number
 */
export const diag: Sampled<Diag> = /* @__PURE__ */ withSamples<Diag>(
  (x, options) => {
    const k = diagonalOption("diag", withDefaults<DiagonalOptions>("diag", options, { k: 0 }));
    const [t] = toTensors("diag", [x], 1) as [Tensor];
    if (t.shape.length === 1) return prefixErrors("diag", () => fromDiagonal(t, k));
    if (t.shape.length === 2) return diagonalOf(t, k);
    throw new ShapeError(`diag: expected a vector or a matrix, got ${describe(t)}; apply it to each matrix`);
  },
  () => [[irregular([3])], [irregular([2]), { k: -1 }], [irregular([2, 3]), { k: 1 }], [irregular([3, 2])]],
);

// In row-major order, the entries of a diagonal are equally far apart. So a diagonal is a slice of the flat matrix.

function fromDiagonal(x: Tensor, k: number): Tensor {
  const n = x.shape[0]! + Math.abs(k);
  const flat = unslice(x, { start: [firstOn(n, k)], step: [n + 1], size: x.shape, shape: [n * n] });
  return reshape(flat, { shape: [n, n] });
}

function diagonalOf(x: Tensor, k: number): Tensor {
  const [rows, columns] = x.shape as [number, number];
  const count = Math.max(0, Math.min(rows - Math.max(-k, 0), columns - Math.max(k, 0)));
  const start = count > 0 ? firstOn(columns, k) : 0;
  const stop = count > 0 ? start + (count - 1) * (columns + 1) + 1 : 0;
  return slice(reshape(x, { shape: [-1] }), { start: [start], stop: [stop], step: [columns + 1] });
}

/** Returns the index of the first entry of diagonal k in the row-major elements of a matrix. */
const firstOn = (columns: number, k: number): number => (k < 0 ? -k * columns : k);

import type { Tensor } from "@wengert/core";
import { assign, defineOp, ndarray, type Op, ravel, sizeOf, type Unary } from "@wengert/core/extend";
import { irregular } from "../declaring/samples.ts";
import { matrixSizes } from "./matrices.ts";

/**
 * Returns the main diagonal of each matrix, as a view. The adjoint puts a vector on the diagonal of a matrix of zeros.
 */
export const diagonalOf: Op<Unary> = /* @__PURE__ */ defineOp<Unary>({
  name: "diagonal",
  shape: ([x]) => {
    const { m, n, batch } = matrixSizes(x, "x");
    return [...batch, Math.min(m, n)];
  },
  dtype: ([x]) => x.dtype,
  batch: "shift",
  view: ([x]) => {
    const [m, n] = x.shape.slice(-2) as [number, number];
    const [row, column] = x.stride.slice(-2) as [number, number];
    return ndarray(
      x.data,
      [...x.shape.slice(0, -2), Math.min(m, n)],
      [...x.stride.slice(0, -2), row + column],
      x.offset,
    );
  },
  vjp: [(g, { inputs: [x] }) => withDiagonal(g, { m: x.shape.at(-2)!, n: x.shape.at(-1)! })],
  samples: () => [[irregular([2, 2, 3])]],
});

/** Returns m × n matrices of zeros with x on the main diagonal. The adjoint returns the diagonal of a matrix. */
const withDiagonal: Op<Unary, { readonly m: number; readonly n: number }> = /* @__PURE__ */ defineOp<
  Unary,
  { readonly m: number; readonly n: number }
>({
  name: "diagonalMatrix",
  options: { m: undefined, n: undefined },
  shape: ([x], { m, n }) => [...x.shape.slice(0, -1), m, n],
  dtype: ([x]) => x.dtype,
  batch: "shift",
  kernel: (out, [x], { m, n }) => {
    const size = Math.min(m, n);
    const numbers = ndarray(out.data, [sizeOf(x.shape) / Math.max(size, 1), size], [m * n, n + 1]);
    assign(numbers, ndarray(ravel(x), numbers.shape));
  },
  vjp: [(g) => diagonalOf(g)],
  samples: () => [[irregular([2, 2]), { m: 2, n: 3 }]],
});

/** Returns, for each vector, the square matrix with this vector on its diagonal. */
export const diagonalMatrix = (x: Tensor): Tensor => withDiagonal(x, { m: x.shape.at(-1)!, n: x.shape.at(-1)! });

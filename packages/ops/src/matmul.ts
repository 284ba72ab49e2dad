import { type Binary, defineOp, describe, type Op, type Operand, ShapeError, type Tensor } from "@wengert/core";
import { type Data, type NdArray, rows, type Shape, sizeOf } from "@wengert/core/ndarray";
import { broadcastShape } from "./axes.ts";
import { irregular } from "./samples.ts";
import { expandDims, reshape, transpose } from "./shape.ts";
import { unbroadcast } from "./sum.ts";

/**
 * C = A B, of [..., m, k] and [..., k, n], in float64 sums, by NumPy's rules: the axes before the last two broadcast, and
 * a vector stands for a row on the left and for a column on the right. Ā = Ḡ Bᵀ and B̄ = Aᵀ Ḡ, from dC = dA B + A dB.
 */
export const matmul: Op<Binary> = defineOp({
  name: "matmul",
  shape: ([a, b]) => {
    const [{ m, k, batch: left }, { k: inner, n, batch: right }] = [onTheLeft(a.shape), onTheRight(b.shape)];
    if (a.shape.length === 0 || b.shape.length === 0) {
      throw new ShapeError(
        `matmul: a scalar is no matrix: ${describe(a, "a")} and ${describe(b, "b")}; did you mean mul?`,
      );
    }
    if (k !== inner) {
      const needed = b.shape.length === 1 ? `[${k}]` : `[${[...right, k, "n"].join(", ")}]`;
      const wanted = `${describe(a, "a")} needs b ${needed}`;
      throw new ShapeError(`matmul: inner sizes differ: ${wanted}, got ${describe(b, "b")}${transposeHint(a, b)}`);
    }
    const batch = broadcastShape("matmul", [
      { ...a, shape: left },
      { ...b, shape: right },
    ]);
    return [...batch, ...(a.shape.length > 1 ? [m] : []), ...(b.shape.length > 1 ? [n] : [])];
  },
  kernel: (out, [a, b]) => {
    const [{ m, k, batch: left }, { n, batch: right }] = [onTheLeft(a.shape), onTheRight(b.shape)];
    const [from, by] = [rows(a), rows(swapped(b))];
    const count = m * n === 0 ? 0 : out.data.length / (m * n);
    const batch = out.shape.slice(0, Math.max(left.length, right.length));
    const [starts, others] = [startsOf(left, batch), startsOf(right, batch)];
    for (let i = 0; i < count; i++) {
      product(
        out.data.subarray(i * m * n),
        from.subarray(starts[i]! * m * k),
        by.subarray(others[i]! * n * k),
        m,
        n,
        k,
      );
    }
  },
  flops: ([a], { shape }) => 2 * sizeOf(shape) * a.shape.at(-1)!,
  vjp: [
    (g, { inputs: [a, b] }) => back(matmul(matrixOf(g, a, b), transposed(asColumn(b))), a, [1, ...a.shape]),
    (g, { inputs: [a, b] }) => back(matmul(transposed(asRow(a)), matrixOf(g, a, b)), b, [...b.shape, 1]),
  ],
  samples: () => [
    [irregular([2, 3]), irregular([3, 2], 2)],
    [irregular([2, 1, 2, 3]), irregular([2, 3, 2], 2)],
    [irregular([3]), irregular([2, 3, 2], 2)],
    [irregular([2, 3]), irregular([3], 2)],
    [irregular([3]), irregular([3], 2)],
  ],
});

const onTheLeft = (shape: Shape) => ({ m: shape.at(-2) ?? 1, k: shape.at(-1)!, batch: shape.slice(0, -2) });
const onTheRight = (shape: Shape) =>
  shape.length === 1
    ? { k: shape[0]!, n: 1, batch: [] }
    : { k: shape.at(-2)!, n: shape.at(-1)!, batch: shape.slice(0, -2) };

/** The same with its last two axes exchanged; a vector, which is a column, as it is. */
const swapped = (b: NdArray): NdArray => (b.shape.length < 2 ? b : b.transpose(...exchanged(b.shape.length)));
const transposed = (x: Tensor): Tensor => transpose(x, { axes: exchanged(x.shape.length) });
const exchanged = (rank: number): number[] => [...Array(rank - 2).keys(), rank - 1, rank - 2];

const asRow = (a: Tensor): Tensor => (a.shape.length === 1 ? expandDims(a, { axis: 0 }) : a);
const asColumn = (b: Tensor): Tensor => (b.shape.length === 1 ? expandDims(b, { axis: 1 }) : b);

/** The cotangent of the product with the axes that a vector does not leave in it. */
function matrixOf(g: Tensor, a: Tensor, b: Tensor): Tensor {
  const withColumn = b.shape.length === 1 ? expandDims(g, { axis: -1 }) : g;
  return a.shape.length === 1 ? expandDims(withColumn, { axis: -2 }) : withColumn;
}

/** The cotangent of `x` from that of its matrix (of shape `ofVector`, of a vector), summed where x was repeated. */
function back(g: Tensor, x: Tensor, ofVector: Shape): Tensor {
  if (x.shape.length > 1) return unbroadcast(g, x);
  return reshape(unbroadcast(g, { shape: ofVector }), { shape: x.shape });
}

/** Which of the matrices in `own` each place of `batch` uses. */
function startsOf(own: Shape, batch: Shape): number[] {
  let starts = [0];
  let stride = 1;
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    const size = own[axis - batch.length + own.length] ?? 1;
    const step = size === 1 ? 0 : stride;
    const inner = starts;
    starts = Array.from({ length: batch[axis]! }, (_, i) => inner.map((start) => start + i * step)).flat();
    stride *= size;
  }
  return starts;
}

function transposeHint(a: Operand, b: Operand): string {
  if (a.shape.length !== 2 || b.shape.length !== 2) return "";
  if (b.shape[1] === a.shape[1]) return `; did you mean transpose(${b.label ?? "b"})?`;
  if (a.shape[0] === b.shape[0]) return `; did you mean transpose(${a.label ?? "a"})?`;
  return "";
}

/**
 * c ← a bᵀ for row-major a [m, k] and b [n, k]. Three rows by two columns at a time keep six sums in registers, which is
 * three times faster than one; at the edges a row or column is done twice.
 */
function product(c: Data, a: Data, b: Data, m: number, n: number, k: number): void {
  for (let i = 0; i < m; i += 3) {
    const [i1, i2] = [Math.min(i + 1, m - 1), Math.min(i + 2, m - 1)];
    const [a0, a1, a2] = [i * k, i1 * k, i2 * k];
    for (let j = 0; j < n; j += 2) {
      const j1 = Math.min(j + 1, n - 1);
      const [b0, b1] = [j * k, j1 * k];
      let [c00, c01, c10, c11, c20, c21] = [0, 0, 0, 0, 0, 0];
      for (let p = 0; p < k; p++) {
        const x0 = a[a0 + p]!;
        const x1 = a[a1 + p]!;
        const x2 = a[a2 + p]!;
        const y0 = b[b0 + p]!;
        const y1 = b[b1 + p]!;
        c00 += x0 * y0;
        c01 += x0 * y1;
        c10 += x1 * y0;
        c11 += x1 * y1;
        c20 += x2 * y0;
        c21 += x2 * y1;
      }
      c[i * n + j] = c00;
      c[i * n + j1] = c01;
      c[i1 * n + j] = c10;
      c[i1 * n + j1] = c11;
      c[i2 * n + j] = c20;
      c[i2 * n + j1] = c21;
    }
  }
}

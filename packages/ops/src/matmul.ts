import { type Binary, defineOp, describe, type Op, type Operand, ShapeError } from "@wengert/core";
import { type Data, rows } from "@wengert/core/ndarray";
import { irregular } from "./samples.ts";
import { transpose } from "./shape.ts";

/** C = A B, of [m, k] and [k, n], in float64 sums. Ā = Ḡ Bᵀ and B̄ = Aᵀ Ḡ, from dC = dA B + A dB. */
export const matmul: Op<Binary> = defineOp({
  name: "matmul",
  shape: ([a, b]) => {
    if (a.shape.length !== 2 || b.shape.length !== 2) {
      throw new ShapeError(
        `matmul: expected two matrices, got ${describe(a, "a")} and ${describe(b, "b")}; expandDims makes a matrix of a vector`,
      );
    }
    if (a.shape[1] === b.shape[0]) return [a.shape[0]!, b.shape[1]!];
    throw new ShapeError(
      `matmul: inner sizes differ: ${describe(a, "a")} needs b [${a.shape[1]}, n], got ${describe(b, "b")}${transposeHint(a, b)}`,
    );
  },
  kernel: (out, [a, b]) => product(out.data, rows(a), rows(b.transpose(1, 0)), a.shape[0]!, b.shape[1]!, a.shape[1]!),
  flops: ([a], { shape: [m, n] }) => 2 * m! * n! * a.shape[1]!,
  vjp: [(g, { inputs: [, b] }) => matmul(g, transpose(b)), (g, { inputs: [a] }) => matmul(transpose(a), g)],
  samples: () => [[irregular([2, 3]), irregular([3, 2], 2)]],
});

function transposeHint(a: Operand, b: Operand): string {
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

import type { Data } from "@wengert/core/ndarray";
import { innerProduct } from "./lanes.ts";

/**
 * c ← a bᵀ for row-major a [m, k] and b [n, k], which begin at `i`, `j` and, in c, `o`: in float64 sums; integers wrap.
 * Three rows by two columns at a time keep six sums in registers, which is three times faster than one; at the edges a
 * row or column is done twice.
 */
export function product(
  c: Data,
  o: number,
  a: Data,
  i: number,
  b: Data,
  j: number,
  m: number,
  n: number,
  k: number,
): void {
  if (c instanceof Int32Array) {
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++)
        c[o + row * n + column] = innerProduct(k, a, i + row * k, 1, b, j + column * k, 1);
    return;
  }
  for (let row = 0; row < m; row += 3) {
    const [row1, row2] = [Math.min(row + 1, m - 1), Math.min(row + 2, m - 1)];
    const [a0, a1, a2] = [i + row * k, i + row1 * k, i + row2 * k];
    for (let column = 0; column < n; column += 2) {
      const column1 = Math.min(column + 1, n - 1);
      const [b0, b1] = [j + column * k, j + column1 * k];
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
      c[o + row * n + column] = c00;
      c[o + row * n + column1] = c01;
      c[o + row1 * n + column] = c10;
      c[o + row1 * n + column1] = c11;
      c[o + row2 * n + column] = c20;
      c[o + row2 * n + column1] = c21;
    }
  }
}

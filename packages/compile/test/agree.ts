import { type Tensor, tensor } from "@wengert/core";
import { expect } from "vitest";
import { numbers, tensorsIn } from "../../ops/test/support.ts";

/**
 * Expects two trees of tensors to have the same shapes and dtypes, and numbers that differ by at most `relative` times the
 * largest number of their tensor.
 */
export function expectAgreement(got: unknown, wanted: unknown, relative = 0): void {
  const [gots, wants] = [tensorsIn(got), tensorsIn(wanted)];
  expect(gots.map(kindOf)).toEqual(wants.map(kindOf));
  for (const [k, want] of wants.entries()) {
    const [xs, ys] = [numbers(gots[k]!), numbers(want)];
    const largest = ys.reduce((most, y) => (Number.isFinite(y) ? Math.max(most, Math.abs(y)) : most), 0);
    for (const [i, y] of ys.entries()) {
      const x = xs[i]!;
      if (Object.is(x, y) || Math.abs(x - y) <= relative * largest) continue;
      expect.fail(`tensor ${k}, element ${i}: got ${x}, wanted ${y}; difference ${(x - y) / largest} of the largest`);
    }
  }
}

/** Returns float32 matrices of shape [k, m] and [k, n]. For millions of entries, `random` takes too long. */
export const largeMatrices = (k: number, n: number, m: number): [Tensor, Tensor] =>
  [m, n].map((columns) => {
    const entries = new Float32Array(k * columns);
    for (let i = 0; i < entries.length; i++) entries[i] = Math.imul(i + 1, 0x9e3779b1) / 2 ** 31;
    return tensor(entries, { shape: [k, columns], dtype: "float32" });
  }) as [Tensor, Tensor];

const kindOf = ({ dtype, shape }: Tensor): string => `${dtype} [${shape}]`;

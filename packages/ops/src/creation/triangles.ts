import { ArgumentError, ShapeError, type Tensor, type TensorLike, zeros } from "@wengert/core";
import { createZeros, describe, show, toTensors, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { where } from "../elementwise/where.ts";

export interface DiagonalOptions {
  /** The diagonal: 0 is the main diagonal, positive numbers are above it, negative numbers below it. Default: 0. */
  readonly k?: number | undefined;
}

/** Returns the option k, the number of a diagonal. @throws ArgumentError unless k is a whole number. */
export function diagonalOption(caller: string, { k = 0 }: DiagonalOptions): number {
  if (Number.isSafeInteger(k) && Math.abs(k) < 2 ** 32) return k;
  throw new ArgumentError(`${caller}: k must be the whole number of a diagonal, got ${show(k)}`);
}

type Triangle = (x: TensorLike, options?: DiagonalOptions) => Tensor;

/**
 * Makes a function that keeps the entries of each matrix for which `isKept(column − row, k)` is true, and sets all
 * other entries to 0.
 */
const triangle = (name: string, isKept: (above: number, k: number) => boolean): Sampled<Triangle> =>
  withSamples<Triangle>(
    (x, options) => {
      const k = diagonalOption(name, withDefaults<DiagonalOptions>(name, options, { k: 0 }));
      const [t] = toTensors(name, [x], 1) as [Tensor];
      if (t.shape.length < 2)
        throw new ShapeError(`${name}: expected a matrix, or a batch of matrices; got ${describe(t)}`);
      const [rows, columns] = t.shape.slice(-2) as [number, number];
      const mask = createZeros(name, [rows, columns], { dtype: "bool" });
      const { data } = mask.array!;
      for (let i = 0; i < data.length; i++) data[i] = Number(isKept((i % columns) - Math.floor(i / columns), k));
      return where(mask, t, zeros([], { dtype: t.dtype }));
    },
    () => [[irregular([3, 3])], [irregular([2, 2, 3]), { k: 1 }]],
  );

/**
 * Returns x with zeros above diagonal k of each matrix: the lower triangle. Matrices are the last two axes. The
 * cotangent of x is 0 where an entry was replaced by 0, even if x is NaN there.
 * @throws ShapeError unless x has two axes or more, ArgumentError unless k is a whole number
 */
export const tril: Sampled<Triangle> = /* @__PURE__ */ triangle("tril", (above, k) => above <= k);

/**
 * Returns x with zeros below diagonal k of each matrix: the upper triangle. Matrices are the last two axes. The
 * cotangent of x is 0 where an entry was replaced by 0, even if x is NaN there.
 * @throws ShapeError unless x has two axes or more, ArgumentError unless k is a whole number
 */
export const triu: Sampled<Triangle> = /* @__PURE__ */ triangle("triu", (above, k) => above >= k);

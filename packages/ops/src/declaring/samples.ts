import { fromNdarray, type Tensor } from "@wengert/core";
import { ndarray, type Shape, sizeOf } from "@wengert/core/extend";

/**
 * Returns irregular numbers between −2 and 2, for checks of VJP rules. The numbers depend only on `variant`.
 * The function `positive` returns numbers between 0.1 and 2 instead.
 */
export function irregular(shape: Shape, variant = 1): Tensor {
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) => 2 * Math.sin(1 + 2.4 * i + 1.7 * variant));
  return fromNdarray(ndarray(values, shape));
}

export function positive(shape: Shape, variant = 1): Tensor {
  const values = Float64Array.from(
    { length: sizeOf(shape) },
    (_, i) => 1.05 + 0.95 * Math.sin(1 + 2.4 * i + 1.7 * variant),
  );
  return fromNdarray(ndarray(values, shape));
}

/**
 * A function composed of ops, with sample arguments. Tests check the function at these arguments, in the same way as an
 * op.
 */
export type Sampled<F extends (...args: never) => unknown> = F & {
  readonly samples: () => readonly Readonly<Parameters<F>>[];
};

export const withSamples = <F extends (...args: never) => unknown>(
  f: NoInfer<F>,
  samples: Sampled<F>["samples"],
): Sampled<F> => Object.assign(f as F, { samples });

/** A function that wraps an op. Its property `spec` is the definition of the op. */
export type Wrapped<F extends (...args: never) => unknown, O extends { readonly spec: unknown }> = Sampled<F> &
  Pick<O, "spec">;

export const wrapOp = <F extends (...args: never) => unknown, O extends { readonly spec: unknown }>(
  { spec }: O,
  f: NoInfer<F>,
  samples: Sampled<F>["samples"],
): Wrapped<F, O> => Object.assign(f as F, { spec, samples });

import { ShapeError, Tensor, zeros } from "@wengert/core";
import { describe, isSameShape, type Shape, shapeText, show, withDefaults } from "@wengert/core/extend";
import { add, glorotUniform, matmul } from "@wengert/ops";
import { booleanOption, checkParams, countOption, functionOption } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";

/** A function that returns initial weights, such as `heNormal`. */
export type Initializer = (
  key: Tensor,
  options: { readonly shape: Shape; readonly dtype: "float32" | "float64" },
) => Tensor;

/** The weights W and, unless a layer has the option `bias: false`, the bias b. */
export type Affine<Bias extends boolean = true> = Bias extends true
  ? { readonly W: Tensor; readonly b: Tensor }
  : { readonly W: Tensor };

export interface AffineOptions<Bias extends boolean = boolean> {
  /** Whether the layer adds a bias b, which begins with zeros. Default: true. */
  readonly bias?: Bias | undefined;
  /** The function that returns the initial weights. Default: `glorotUniform`. */
  readonly weightInit?: Initializer | undefined;
}

/** The checked options of a layer that multiplies its input by weights. */
interface AffineSettings {
  readonly bias: boolean;
  readonly weightInit: Initializer;
}

/** The defaults of `AffineOptions`. */
export const affineDefaults = { bias: true, weightInit: undefined } as const;

export const affineSettings = (options: { readonly bias: unknown; readonly weightInit: unknown }): AffineSettings => ({
  bias: booleanOption("bias", options.bias),
  weightInit: (functionOption("weightInit", options.weightInit) ?? glorotUniform) as Initializer,
});

/**
 * Returns the initial weights that `weightInit` computes.
 * @throws ShapeError unless they have the given shape and dtype
 */
export function initialWeights(
  weightInit: Initializer,
  key: Tensor,
  shape: Shape,
  dtype: "float32" | "float64",
): Tensor {
  const W: unknown = weightInit(key, { shape, dtype });
  if (W instanceof Tensor && isSameShape(W.shape, shape) && W.dtype === dtype) return W;
  const got = W instanceof Tensor ? `${W.dtype} ${shapeText(W.shape)}` : show(W);
  throw new ShapeError(
    `weightInit must return weights ${dtype} ${shapeText(shape)}, got ${got}; use both of its options`,
  );
}

/** Returns initial weights of shape `shape`, and a bias of zeros as long as the last axis of the weights. */
export const affineParams = (
  key: Tensor,
  shape: Shape,
  dtype: "float32" | "float64",
  { bias, weightInit }: AffineSettings,
): Affine => {
  const W = initialWeights(weightInit, key, shape, dtype);
  return (bias ? { W, b: zeros(shape.slice(-1), { dtype }) } : { W }) as Affine;
};

/** Returns the product of x and the weights, plus the bias if `bias` is true. Checks the parameters first. */
export function applyAffine({ W, b }: Affine, x: Tensor, bias: boolean, product: (W: Tensor) => Tensor): Tensor {
  checkParams({ W, b }, bias ? ["W", "b"] : ["W"], x);
  return bias ? add(product(W), b) : product(W);
}

/**
 * Returns a fully connected layer. For x [..., features], the layer returns x W + b [..., units]. The parameters are W
 * [features, units] and b [units].
 * @throws ArgumentError unless `units` is a whole number of at least 1, and for invalid options
 */
export function dense<const Bias extends boolean = true>(
  units: number,
  options?: AffineOptions<Bias>,
): Layer<Affine<Bias>> {
  const settings = withName("dense", () => ({
    units: countOption("units", units),
    ...affineSettings(withDefaults<AffineOptions>("dense", options, affineDefaults)),
  }));
  return defineLayer<Affine>({
    name: "dense",
    init: (key, { shape }, { dtype }) => affineParams(key, [featuresOf(shape), settings.units], dtype, settings),
    apply: (params, x) =>
      applyAffine(params, x, settings.bias, (W) => {
        checkFeatures(x, "W", W);
        return matmul(x, W);
      }),
  }) as unknown as Layer<Affine<Bias>>;
}

/** Returns the size of the last axis. @throws ShapeError for a scalar */
export function featuresOf(shape: Shape): number {
  if (shape.length > 0) return shape.at(-1)!;
  throw new ShapeError(`the input must have the axes [..., features], got a scalar; write [1, 1]`);
}

/** @throws ShapeError unless the last axis of x has the size of the first axis of the weights */
export function checkFeatures(x: Tensor, name: string, W: Tensor): void {
  const features = featuresOf(x.shape);
  if (W.shape.length === 2 && W.shape[0] === features) return;
  throw new ShapeError(
    `${describe(x, "x")} has ${features} features, and params.${name} is ${shapeText(W.shape)}; init and apply need inputs with the same last size`,
  );
}

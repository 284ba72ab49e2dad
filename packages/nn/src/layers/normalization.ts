import { ones, type Tensor, zeros } from "@wengert/core";
import { withDefaults } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import { checkParams } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import type { Layer } from "../defining/layer.ts";
import { featuresOf } from "./dense.ts";

export interface NormOptions {
  /** A small number added under the root, so that constant vectors do not divide by 0. Default: 1e-5. */
  readonly epsilon?: number | undefined;
}

/** The parameters of `layerNorm`, [features] each. `scale` begins with ones, and `bias` with zeros. */
export interface LayerNormParams {
  readonly scale: Tensor;
  readonly bias: Tensor;
}

/**
 * Returns a layer that normalizes each vector along the last axis to mean 0 and variance 1, multiplies it by the
 * parameter `scale` and adds the parameter `bias`.
 */
export function layerNorm(options?: NormOptions): Layer<LayerNormParams> {
  const { epsilon } = withDefaults<NormOptions>("layerNorm", options, { epsilon: 1e-5 });
  return defineLayer<LayerNormParams>({
    name: "layerNorm",
    init: (_, { shape }, { dtype }) => {
      const size = [featuresOf(shape)];
      return { scale: ones(size, { dtype }), bias: zeros(size, { dtype }) };
    },
    apply: (params, x) => {
      checkParams(params, ["scale", "bias"], x);
      return ops.layerNorm(x, { scale: params.scale, bias: params.bias, epsilon });
    },
  });
}

/**
 * Returns a layer that divides each vector along the last axis by the root of the vector's mean square, and multiplies
 * it by the parameter `scale`, which begins with ones.
 */
export function rmsNorm(options?: NormOptions): Layer<Pick<LayerNormParams, "scale">> {
  const { epsilon } = withDefaults<NormOptions>("rmsNorm", options, { epsilon: 1e-5 });
  return defineLayer<Pick<LayerNormParams, "scale">>({
    name: "rmsNorm",
    init: (_, { shape }, { dtype }) => ({ scale: ones([featuresOf(shape)], { dtype }) }),
    apply: (params, x) => {
      checkParams(params, ["scale"], x);
      return ops.rmsNorm(x, { scale: params.scale, epsilon });
    },
  });
}

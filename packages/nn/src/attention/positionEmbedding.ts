import { ShapeError, type Tensor } from "@wengert/core";
import { describe, shapeText, withDefaults } from "@wengert/core/extend";
import { add, mul, randomNormal, slice } from "@wengert/ops";
import { checkParams, countOption, functionOption } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";
import { type Affine, featuresOf, type Initializer, initialWeights } from "../layers/dense.ts";

export interface PositionEmbeddingOptions {
  /** The largest number of positions of a sequence. */
  readonly length: number;
  /** The function that returns the initial vectors. Default: normal, with standard deviation 0.02. */
  readonly weightInit?: Initializer | undefined;
}

/**
 * Returns a layer that adds a learned vector to each position of sequences x [..., T, features], as in GPT-2. The
 * parameter W [length, features] has one vector in each row. T may be less than `length`.
 * @throws ArgumentError for invalid options; `apply` throws a ShapeError for longer sequences
 */
export function positionEmbedding(options: PositionEmbeddingOptions): Layer<Affine<false>> {
  const { length, weightInit } = withName("positionEmbedding", () => {
    const defaults = { length: undefined, weightInit: undefined };
    const given = withDefaults<PositionEmbeddingOptions>("positionEmbedding", options, defaults);
    return {
      length: countOption("length", given.length),
      weightInit: functionOption("weightInit", given.weightInit) ?? smallNormal,
    };
  });
  return defineLayer<Affine<false>>({
    name: "positionEmbedding",
    init: (key, { shape }, { dtype }) => ({ W: initialWeights(weightInit, key, [length, featuresOf(shape)], dtype) }),
    apply: (params, x) => {
      checkParams(params, ["W"], x);
      const [T, features] = x.shape.slice(-2) as [number, number];
      if (x.shape.length < 2 || T > length || features !== params.W.shape[1])
        throw new ShapeError(
          `${describe(x, "x")} must have the axes [..., T, features], with T up to ${length}; params.W is ${shapeText(params.W.shape)}`,
        );
      return add(x, slice(params.W, { stop: [T] }));
    },
  });
}

const smallNormal: Initializer = (key, options): Tensor => mul(randomNormal(key, options), 0.02);

import { DTypeError, type Tensor } from "@wengert/core";
import { describe, withDefaults } from "@wengert/core/extend";
import { randomNormal, take } from "@wengert/ops";
import { checkParams, countOption, functionOption } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";
import { type Affine, type Initializer, initialWeights } from "./dense.ts";

export interface EmbeddingOptions {
  /** The number of vectors: indices are from 0 to `numEmbeddings` − 1. */
  readonly numEmbeddings: number;
  /** The number of entries of each vector. */
  readonly units: number;
  /** The function that returns the initial vectors. Default: `randomNormal`, with standard deviation 1. */
  readonly weightInit?: Initializer | undefined;
}

/**
 * Returns a layer that looks up a vector for each index: int32 x [...] becomes [..., units]. The parameter W
 * [numEmbeddings, units] has one vector in each row. Because x is int32, pass `{ shape, dtype: "int32" }` or an example
 * tensor to `init` of a net that begins with an embedding.
 * @throws ArgumentError for invalid options; `apply` throws an OutOfRangeError for an index without a vector
 */
export function embedding(options: EmbeddingOptions): Layer<Affine<false>> {
  const { numEmbeddings, units, weightInit } = withName("embedding", () => {
    const given = withDefaults<EmbeddingOptions>("embedding", options, {
      numEmbeddings: undefined,
      units: undefined,
      weightInit: undefined,
    });
    return {
      numEmbeddings: countOption("numEmbeddings", given.numEmbeddings),
      units: countOption("units", given.units),
      weightInit: functionOption("weightInit", given.weightInit) ?? (randomNormal as Initializer),
    };
  });
  return defineLayer<Affine<false>>({
    name: "embedding",
    init: (key, _, { dtype }) => ({ W: initialWeights(weightInit, key, [numEmbeddings, units], dtype) }),
    apply: (params, x) => {
      checkParams(params, ["W"]);
      checkIndices(x);
      return take(params.W, x, { axis: 0 });
    },
  });
}

function checkIndices(x: Tensor): void {
  if (x.dtype === "int32") return;
  throw new DTypeError(
    `${describe(x, "x")} must be int32 indices, got ${x.dtype}; write init(key, { shape: [...], dtype: "int32" }), or cast x`,
  );
}

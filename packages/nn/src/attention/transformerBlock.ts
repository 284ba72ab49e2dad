import { withDefaults } from "@wengert/core/extend";
import { add, gelu, splitKey } from "@wengert/ops";
import { booleanOption, countOption, rateOption } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";
import { type Affine, dense, featuresOf } from "../layers/dense.ts";
import { dropout as dropoutLayer } from "../layers/dropout.ts";
import { type LayerNormParams, layerNorm } from "../layers/normalization.ts";
import { type AttentionParams, attention } from "./attention.ts";

export interface TransformerBlockOptions {
  /** The number of attention heads, which share the features equally. */
  readonly heads: number;
  /** The number of units of the feed-forward network. Default: 4 × the number of features. */
  readonly hidden?: number | undefined;
  /** Whether each position attends only to itself and to earlier positions. Default: false. */
  readonly causal?: boolean | undefined;
  /** The probability with which training drops each entry that a branch adds to x. Default: 0. */
  readonly dropout?: number | undefined;
}

export interface TransformerBlockParams {
  readonly norm1: LayerNormParams;
  readonly attention: AttentionParams;
  readonly norm2: LayerNormParams;
  /** The two layers of the feed-forward network. */
  readonly hidden: Affine;
  readonly output: Affine;
}

/**
 * Returns a transformer block with layer norm before each branch, as in GPT-2: x + attention(norm₁(x)), then x +
 * output(gelu(hidden(norm₂(x)))). x is [N, T, features], and the shape stays the same.
 * @throws ArgumentError or OutOfRangeError for invalid options
 */
export function transformerBlock(options: TransformerBlockOptions): Layer<TransformerBlockParams> {
  const { heads, hidden, causal, rate } = withName("transformerBlock", () => {
    const defaults = { heads: undefined, hidden: undefined, causal: false, dropout: 0 };
    const given = withDefaults<TransformerBlockOptions>("transformerBlock", options, defaults, { numheads: "heads" });
    return {
      heads: countOption("heads", given.heads),
      hidden: given.hidden === undefined ? undefined : countOption("hidden", given.hidden),
      causal: booleanOption("causal", given.causal),
      rate: rateOption("dropout", given.dropout),
    };
  });
  const [norm, attend, drop] = [layerNorm(), attention({ heads, causal }), dropoutLayer(rate)];
  const feedForward = (features: number) => ({ hidden: dense(hidden ?? 4 * features), output: dense(features) });
  return defineLayer<TransformerBlockParams>({
    name: "transformerBlock",
    init: (key, input, options) => {
      const [forAttention, forHidden, forOutput] = splitKey(key, 3);
      const layers = feedForward(featuresOf(input.shape));
      const wide = { ...input, shape: [...input.shape.slice(0, -1), hidden ?? 4 * featuresOf(input.shape)] };
      return {
        norm1: norm.init(key, input, options),
        attention: attend.init(forAttention, input, options),
        norm2: norm.init(key, input, options),
        hidden: layers.hidden.init(forHidden, input, options),
        output: layers.output.init(forOutput, wide, options),
      };
    },
    apply: (params, x, { key, training }) => {
      const layers = feedForward(featuresOf(x.shape));
      const keys = key && splitKey(key);
      const attended = attend.apply(params.attention, norm.apply(params.norm1, x));
      const y = add(x, drop.apply({}, attended, { key: keys?.[0], training }));
      const wide = gelu(layers.hidden.apply(params.hidden, norm.apply(params.norm2, y)));
      return add(y, drop.apply({}, layers.output.apply(params.output, wide), { key: keys?.[1], training }));
    },
  });
}

import { ShapeError, type Tensor } from "@wengert/core";
import { type Shape, shapeText, withDefaults } from "@wengert/core/extend";
import { reshape, scaledDotProductAttention, splitKey, transpose } from "@wengert/ops";
import { booleanOption, countOption } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer } from "../defining/layer.ts";
import { type Affine, dense } from "../layers/dense.ts";

export interface AttentionLayerOptions<Bias extends boolean = boolean> {
  /** The number of heads, which share the features equally. */
  readonly heads: number;
  /** Whether each position attends only to itself and to earlier positions. Default: false. */
  readonly causal?: boolean | undefined;
  /** Whether the projections to queries, keys, values and output have biases. Default: true. */
  readonly bias?: Bias | undefined;
}

/**
 * The parameters of attention: the projections to queries, keys, values and output, each with W [features, features]
 * and b [features].
 */
export interface AttentionParams<Bias extends boolean = true> {
  readonly query: Affine<Bias>;
  readonly key: Affine<Bias>;
  readonly value: Affine<Bias>;
  readonly output: Affine<Bias>;
}

/**
 * Returns a layer of multi-head self-attention over sequences x [N, T, features]. Queries, keys and values are
 * projections of x, split among the heads. For each position, each head averages the values, weighted by the softmax of
 * the products of the position's query and all keys. The output projection mixes the heads. The result has the shape of
 * x. From A. Vaswani and others (2017).
 * @throws ArgumentError for invalid options; `init` and `apply` throw a ShapeError unless `heads` divides the features
 */
export function attention<const Bias extends boolean = true>(
  options: AttentionLayerOptions<Bias>,
): Layer<AttentionParams<Bias>> {
  const { heads, causal, bias } = withName("attention", () => {
    const defaults = { heads: undefined, causal: false, bias: true };
    const given = withDefaults<AttentionLayerOptions>("attention", options, defaults, { numheads: "heads" });
    return {
      heads: countOption("heads", given.heads),
      causal: booleanOption("causal", given.causal),
      bias: booleanOption("bias", given.bias),
    };
  });
  return defineLayer<AttentionParams>({
    name: "attention",
    init: (key, input, { dtype }) => {
      const projection = dense(checkSequences(input, heads).at(-1)!, { bias });
      const [query, keys, value, output] = splitKey(key, 4).map((each) => projection.init(each, input, { dtype }));
      return { query, key: keys, value, output } as AttentionParams;
    },
    apply: ({ query, key, value, output }, x) => {
      const projection = dense(checkSequences(x, heads).at(-1)!, { bias });
      const projected = (params: Affine) => byHead(projection.apply(params, x), heads);
      const y = scaledDotProductAttention(projected(query), projected(key), projected(value), { causal });
      return projection.apply(output, reshape(transpose(y, { axes: [0, 2, 1, 3] }), { shape: x.shape }));
    },
  }) as unknown as Layer<AttentionParams<Bias>>;
}

/**
 * Splits the features of x [N, T, features] among the heads: returns one sequence per head, [N, heads, T, features /
 * heads].
 */
function byHead(x: Tensor, heads: number): Tensor {
  const [N, T, features] = x.shape as readonly [number, number, number];
  return transpose(reshape(x, { shape: [N, T, heads, features / heads] }), { axes: [0, 2, 1, 3] });
}

/**
 * Returns the shape of x.
 * @throws ShapeError unless the shape is [N, T, features], and the number of heads divides the features
 */
function checkSequences(x: { readonly shape: Shape }, heads: number): Shape {
  if (x.shape.length !== 3)
    throw new ShapeError(`x must have the axes [N, T, features], got ${shapeText(x.shape)}; write expandDims`);
  if (x.shape[2]! % heads === 0) return x.shape;
  throw new ShapeError(`the ${heads} heads must share ${x.shape[2]} features equally; use a divisor of ${x.shape[2]}`);
}

import { type Tensor, TreeError } from "@wengert/core";
import { isList, show } from "@wengert/core/extend";
import { splitKey } from "@wengert/ops";
import type { LayerDefinition } from "../defining/defineLayer.ts";
import { withPlace } from "../defining/errors.ts";
import type { AnyLayer } from "../defining/layer.ts";
import { outputOf } from "../defining/outputOf.ts";

/**
 * The functions `init` and `apply` of a chain of layers, in which each layer takes the output of the layer before it.
 */
export const chain = (layers: readonly AnyLayer[]): Omit<LayerDefinition<unknown>, "name"> => ({
  init: (key, input, options) => {
    const keys = splitKey(key, layers.length);
    let kind = input;
    return layers.map((layer, i) =>
      withPlace(`layer ${i}`, layer, () => {
        const params = layer.init(keys[i]!, kind, options);
        kind = outputOf(layer, params, kind);
        return params;
      }),
    );
  },
  apply: (params, x, { key, training }) => {
    const keys = key && splitKey(key, layers.length);
    const trees = treesOf(params, layers.length);
    return layers.reduce(
      (x, layer, i) => withPlace(`layer ${i}`, layer, () => applyLayer(layer, trees[i], x, keys?.[i], training)),
      x,
    );
  },
  parts: { layers, isChain: true },
});

/**
 * Applies a layer of a combination, such as a layer of `sequential`. The caller must pass the parameters of this layer.
 */
export const applyLayer = (
  { apply }: AnyLayer,
  params: unknown,
  x: Tensor,
  key: Tensor | undefined,
  training: boolean,
): Tensor => (training ? apply(params as never, x, { key, training }) : apply(params as never, x));

/** Returns the parameters of each layer. @throws TreeError unless `params` is a list with one entry per layer */
export function treesOf(params: unknown, count: number): readonly unknown[] {
  if (isList(params) && params.length === count) return params;
  throw new TreeError(
    `params must be a list of ${count} trees, one for each layer, got ${show(params)}; pass the tree that init returns`,
  );
}

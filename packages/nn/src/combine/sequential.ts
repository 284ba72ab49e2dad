import { asLayer, defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { AnyLayer, Layer, LayerLike, ParamsOfAll } from "../defining/layer.ts";
import { chain } from "./chain.ts";

/**
 * Returns a layer that applies `layers` in order. The parameters of the result are a tuple with the parameters of each
 * layer. A function of a tensor, such as `relu`, is a layer whose parameters are an empty object. In training, each
 * layer gets its own key. An error names the layer by its index and its name: "sequential: layer 2 (dense): …".
 * @throws ArgumentError unless all arguments are layers or functions
 */
export function sequential<const L extends readonly LayerLike[]>(...layers: L): Layer<ParamsOfAll<L>> {
  return defineLayer({ name: "sequential", ...chain(layersOf("sequential", layers)) }) as Layer<ParamsOfAll<L>>;
}

/**
 * Returns `layers` with each plain function of a tensor converted to a layer. Error messages start with the name
 * `caller`.
 */
export const layersOf = (caller: string, layers: readonly LayerLike[]): readonly AnyLayer[] =>
  withName(caller, () => layers.map((layer, i) => asLayer(`layer ${i}`, layer)));

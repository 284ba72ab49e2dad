import { ShapeError, type Tensor } from "@wengert/core";
import { describe, isSameShape, shapeText } from "@wengert/core/extend";
import { add } from "@wengert/ops";
import { defineLayer } from "../defining/defineLayer.ts";
import type { Layer, LayerLike, ParamsOfAll } from "../defining/layer.ts";
import { chain } from "./chain.ts";
import { layersOf } from "./sequential.ts";

/**
 * Returns a layer that computes x + f(x), where f applies `layers` in order. The parameters of the result are a tuple
 * with the parameters of each layer. If f changes the shape, add two branches instead: `parallel([f, dense(64)], {
 * combine: "sum" })`.
 * @throws ArgumentError unless all arguments are layers or functions; `apply` throws a ShapeError if f changes the
 * shape
 */
export function residual<const L extends readonly LayerLike[]>(...layers: L): Layer<ParamsOfAll<L>> {
  const body = chain(layersOf("residual", layers));
  return defineLayer({
    name: "residual",
    ...body,
    apply: (params, x, options) => sumOfBoth(x, body.apply(params, x, options)),
  }) as Layer<ParamsOfAll<L>>;
}

/** Returns x + y. @throws ShapeError unless x and y have the same shape, because broadcasting would hide a mistake */
function sumOfBoth(x: Tensor, y: Tensor): Tensor {
  if (isSameShape(x.shape, y.shape)) return add(x, y);
  throw new ShapeError(
    `the layers must keep the shape of ${describe(x, "x")}, got ${shapeText(y.shape)}; write parallel([...], { combine: "sum" }) with a layer that reshapes x`,
  );
}

import { ArgumentError, ShapeError, type Tensor } from "@wengert/core";
import { isList, isSameShape, shapeText, show, withDefaults } from "@wengert/core/extend";
import { add, concat, splitKey } from "@wengert/ops";
import { asLayer, defineLayer } from "../defining/defineLayer.ts";
import { withName, withPlace } from "../defining/errors.ts";
import type { AnyLayer, Layer, LayerLike, ParamsOfAll } from "../defining/layer.ts";
import { applyLayer, treesOf } from "./chain.ts";

export interface ParallelOptions {
  /** How to combine the outputs: "concat" joins them along the last axis, "sum" adds them. Default: "concat". */
  readonly combine?: "concat" | "sum" | undefined;
}

/**
 * Returns a layer that applies each of `layers` to the same input, and joins or adds their outputs. The parameters of
 * the result are a tuple with the parameters of each layer. In training, each layer gets its own key.
 * @throws ArgumentError unless given a list of at least one layer or function; `apply` throws a ShapeError if the
 * shapes of the outputs differ
 */
export function parallel<const L extends readonly LayerLike[]>(
  layers: L,
  options?: ParallelOptions,
): Layer<ParamsOfAll<L>> {
  const { branches, sums } = withName("parallel", () => {
    const branches = branchesOf(layers);
    const { combine } = withDefaults<ParallelOptions>("parallel", options, { combine: "concat" });
    if (combine !== "concat" && combine !== "sum")
      throw new ArgumentError(`combine must be "concat" or "sum", got ${show(combine)}`);
    return { branches, sums: combine === "sum" };
  });
  return defineLayer<unknown>({
    name: "parallel",
    init: (key, input, options) => {
      const keys = splitKey(key, branches.length);
      return branches.map((layer, i) => withPlace(`branch ${i}`, layer, () => layer.init(keys[i]!, input, options)));
    },
    apply: (params, x, { key, training }) => {
      const keys = key && splitKey(key, branches.length);
      const trees = treesOf(params, branches.length);
      const outputs = branches.map((layer, i) =>
        withPlace(`branch ${i}`, layer, () => applyLayer(layer, trees[i], x, keys?.[i], training)),
      );
      return sums ? sumOf(outputs) : concat(outputs, { axis: -1 });
    },
    parts: { layers: branches, isChain: false },
  }) as Layer<ParamsOfAll<L>>;
}

function branchesOf(layers: unknown): readonly AnyLayer[] {
  if (isList(layers) && layers.length > 0) return layers.map((layer, i) => asLayer(`branch ${i}`, layer));
  throw new ArgumentError(`expected a list of at least one layer, got ${show(layers)}; write parallel([f, g])`);
}

/**
 * Returns the sum of tensors.
 * @throws ShapeError unless all tensors have the same shape, because broadcasting would hide a mistake
 */
function sumOf(outputs: readonly Tensor[]): Tensor {
  const [{ shape }] = outputs as [Tensor];
  const other = outputs.findIndex((y) => !isSameShape(y.shape, shape));
  if (other < 0) return outputs.reduce((sum, y) => add(sum, y));
  throw new ShapeError(
    `all branches must return one shape to be added, got ${shapeText(shape)} from branch 0 and ${shapeText(outputs[other]!.shape)} from branch ${other}`,
  );
}

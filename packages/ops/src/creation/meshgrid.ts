import { ArgumentError, ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import { describe, prefixErrors, show, toTensors, withDefaults } from "@wengert/core/extend";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { reshape } from "../shapes/reshape.ts";
import { broadcastTo } from "../shapes/sum.ts";

export interface MeshgridOptions {
  /**
   * The order of the axes: "ij" gives axis i to vector i, "xy" exchanges the first two axes. Default: "xy", as in
   * NumPy.
   */
  readonly indexing?: "xy" | "ij" | undefined;
}
type Meshgrid = (xs: readonly TensorLike[], options?: MeshgridOptions) => Tensor[];

/**
 * Returns a tensor for each vector in xs. All of these tensors have the same shape. Each tensor has the entries of its
 * vector along one axis, and repeats these entries along the other axes. So the entries of all tensors at one index are
 * the coordinates of a grid point. The adjoint sums over the repeated axes.
 * @throws ShapeError unless xs are vectors or numbers, ArgumentError for an unknown indexing
 */
export const meshgrid: Sampled<Meshgrid> = /* @__PURE__ */ withSamples<Meshgrid>(
  (xs, options) => {
    const { indexing } = withDefaults<MeshgridOptions>("meshgrid", options, { indexing: "xy" });
    if (indexing !== "xy" && indexing !== "ij")
      throw new ArgumentError(`meshgrid: indexing must be "xy" or "ij", got ${show(indexing)}`);
    const vectors = toTensors("meshgrid", xs);
    const wrong = vectors.find(({ shape }) => shape.length > 1);
    if (wrong) throw new ShapeError(`meshgrid: expected vectors, got ${describe(wrong)}; flatten it first`);
    const rank = vectors.length;
    const axes = [...vectors.keys()];
    if (indexing === "xy" && rank > 1) [axes[0], axes[1]] = [1, 0];
    const shape = new Array<number>(rank).fill(1);
    for (const [i, { size }] of vectors.entries()) shape[axes[i]!] = size;
    return prefixErrors("meshgrid", () =>
      vectors.map((x, i) => {
        const own = shape.map((_, axis) => (axis === axes[i] ? x.size : 1));
        return broadcastTo(reshape(x, { shape: own }), { shape });
      }),
    );
  },
  () => [[[irregular([2]), irregular([3], 2)]], [[irregular([2]), irregular([3], 2)], { indexing: "ij" }]],
);

import type { Tensor, TensorLike } from "@wengert/core";
import { prefixErrors, toTensors } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { reshape } from "./reshape.ts";
import { sliceAlong } from "./split.ts";
import { asIndices, normalizeIndex, sampleIndices, take } from "./take.ts";

type At = (x: TensorLike, i: TensorLike) => Tensor;

/**
 * Returns entry i of x along axis 0: x[i] in NumPy, a row of a matrix. −1 is the last entry. If i is a number, the
 * result is a view of the memory of x. If i is a tensor of indices, the result has an entry for each index, as with
 * `take`. The VJP adds the cotangent to the same entries of the cotangent of x.
 * @throws OutOfRangeError if an index is out of range
 */
export const at: Sampled<At> = /* @__PURE__ */ withSamples<At>(
  (x, i) => {
    const [t] = toTensors("at", [x], 1) as [Tensor];
    return prefixErrors("at", () => {
      axisOf(t, 0);
      if (typeof i !== "number") return take(t, toTensors("at", [i], 1)[0]!, { axis: 0 });
      asIndices(i);
      const row = normalizeIndex(i, 0, 0, t.shape[0]!);
      return reshape(sliceAlong(t, 0, row, row + 1), { shape: t.shape.slice(1) });
    });
  },
  () => [
    [irregular([3, 2]), 1],
    [irregular([3]), -1],
    [irregular([3, 2]), sampleIndices()],
  ],
);

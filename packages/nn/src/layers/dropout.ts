import { ArgumentError } from "@wengert/core";
import { dropout as drop } from "@wengert/ops";
import { rateOption } from "../defining/checks.ts";
import { defineLayer } from "../defining/defineLayer.ts";
import { withName } from "../defining/errors.ts";
import type { Layer, NoParams } from "../defining/layer.ts";

/**
 * Returns a layer that, in training, sets each entry to 0 with probability `rate` and divides the others by 1 − rate.
 * Otherwise the layer returns x unchanged.
 * @throws OutOfRangeError unless 0 ≤ rate ≤ 1; `apply` throws an ArgumentError in training without a key
 */
export function dropout(rate: number): Layer<NoParams> {
  withName("dropout", () => rateOption("rate", rate));
  return defineLayer<NoParams>({
    name: "dropout",
    init: () => ({}),
    apply: (_, x, { key, training }) => {
      if (!training || rate === 0) return x;
      if (key !== undefined) return drop(key, x, { rate });
      throw new ArgumentError("training needs a key, got none; write apply(params, x, { key, training: true })");
    },
  });
}

import { ShapeError } from "@wengert/core";
import { describe, sizeOf } from "@wengert/core/extend";
import { reshape } from "@wengert/ops";
import { defineLayer } from "../defining/defineLayer.ts";
import type { Layer, NoParams } from "../defining/layer.ts";

/** A layer that joins all axes after the batch axis: x [N, ...] becomes [N, features]. It takes no options. */
export const flatten: Layer<NoParams> = /* @__PURE__ */ defineLayer<NoParams>({
  name: "flatten",
  init: () => ({}),
  apply: (_, x) => {
    const [rows, ...rest] = x.shape;
    if (rows === undefined) throw new ShapeError(`${describe(x, "x")} must have a batch axis; write expandDims`);
    return reshape(x, { shape: [rows, sizeOf(rest)] });
  },
});

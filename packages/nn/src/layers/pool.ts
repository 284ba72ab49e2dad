import type { Tensor } from "@wengert/core";
import { withDefaults } from "@wengert/core/extend";
import type { PoolOptions } from "@wengert/ops";
import * as ops from "@wengert/ops";
import { defineLayer } from "../defining/defineLayer.ts";
import type { Layer, NoParams } from "../defining/layer.ts";

const defaults = { size: undefined, stride: undefined, padding: "valid" } as const;

type PoolLayer = (options: PoolOptions) => Layer<NoParams>;

const pool =
  (name: string, op: (x: Tensor, options: PoolOptions) => Tensor): PoolLayer =>
  (options) => {
    const complete = withDefaults<PoolOptions>(name, options, defaults) as PoolOptions;
    return defineLayer<NoParams>({ name, init: () => ({}), apply: (_, x) => op(x, complete) });
  };

/** Returns a layer that takes the largest entry of each window of sequences x [N, length, channels], per channel. */
export const maxPool1d: PoolLayer = /* @__PURE__ */ pool("maxPool1d", ops.maxPool1d);

/**
 * Returns a layer that takes the largest entry of each window of images x [N, height, width, channels], per channel.
 */
export const maxPool2d: PoolLayer = /* @__PURE__ */ pool("maxPool2d", ops.maxPool2d);

/** Returns a layer that takes the mean of each window of sequences x [N, length, channels], per channel. */
export const avgPool1d: PoolLayer = /* @__PURE__ */ pool("avgPool1d", ops.avgPool1d);

/** Returns a layer that takes the mean of each window of images x [N, height, width, channels], per channel. */
export const avgPool2d: PoolLayer = /* @__PURE__ */ pool("avgPool2d", ops.avgPool2d);

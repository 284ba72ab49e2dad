import { type DType, type Spec, type Tensor, trace } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import type { AnyLayer } from "./layer.ts";

interface Kind {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** The function `trace` of core, with a type that accepts parameters of an unknown type. */
const traceLayer = trace as unknown as (
  f: (params: never, x: Tensor) => Tensor,
  params: unknown,
  x: Spec,
) => { readonly value: Tensor };

/**
 * Returns the shape and dtype of a layer's output, found by tracing the layer, which computes no numbers. So layers
 * need no separate code that computes shapes.
 */
export function outputOf({ apply }: AnyLayer, params: unknown, { shape, dtype }: Kind): Kind {
  const { value } = traceLayer((params, x) => apply(params, x), params, { shape, dtype });
  return { shape: value.shape, dtype: value.dtype };
}

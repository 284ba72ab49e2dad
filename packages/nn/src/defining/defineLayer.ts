import { ArgumentError, type DType, Tensor } from "@wengert/core";
import { isList, type Shape, show, toTensors } from "@wengert/core/extend";
import { checkTree, type Run, runOf, startOf } from "./checks.ts";
import { withName } from "./errors.ts";
import type { AnyLayer, ApplyOptions, Layer, Parts } from "./layer.ts";

/** The declaration of a layer with parameters of type `P`. */
export interface LayerDefinition<P> {
  /** The name of the layer in errors and summaries. */
  readonly name: string;
  /** Returns initial parameters of dtype `dtype`, for inputs of the given shape and dtype. */
  readonly init: (
    key: Tensor,
    input: { readonly shape: Shape; readonly dtype: DType },
    options: { readonly dtype: "float32" | "float64" },
  ) => P;
  /** Returns the output for an input `x`. `key` is undefined outside training. */
  readonly apply: (params: P, x: Tensor, options: Run) => Tensor;
  readonly parts?: Parts | undefined;
}

/**
 * Returns a layer made of two functions. `init` of the layer also accepts a plain shape and checks the key. `apply` of
 * the layer checks the options. The errors of both functions begin with the name of the layer.
 * @throws ArgumentError unless given a name and two functions
 */
export function defineLayer<P>(definition: LayerDefinition<P>): Layer<P> {
  const { name, init, apply, parts } = (definition ?? {}) as LayerDefinition<P>;
  if (typeof name !== "string" || typeof init !== "function" || typeof apply !== "function")
    throw new ArgumentError(`defineLayer: expected { name, init, apply }, got ${show(definition)}`);
  return {
    name,
    init: (key, input, options) =>
      withName(name, () => {
        const start = startOf(key, input, options);
        return init(start.key, start.input, { dtype: start.dtype });
      }),
    apply: (params: P, x: Tensor, options?: ApplyOptions) =>
      withName(name, () => {
        checkTree(params);
        return apply(params, toTensors(name, [x], 1)[0]!, runOf(options));
      }),
    ...(parts && { parts }),
  };
}

/** Returns a layer unchanged. Converts a function of a tensor to a layer. @throws ArgumentError for other values */
export function asLayer(place: string, like: unknown): AnyLayer {
  if (isLayer(like)) return like;
  if (typeof like !== "function") {
    const hint = isList(like) ? "; pass its entries as arguments: ...layers" : "";
    throw new ArgumentError(`${place} must be a layer or a function of a tensor, got ${show(like)}${hint}`);
  }
  const name = nameOf(like);
  return defineLayer({
    name,
    init: () => ({}),
    apply: (_, x) => {
      const y: unknown = like(x);
      if (y instanceof Tensor) return y;
      const hint = isLayer(y) ? "; pass that layer instead" : "; is a return missing?";
      throw new ArgumentError(`the function must return a tensor, got ${show(y)}${hint}`);
    },
  });
}

/** Returns the name of an op or of a function. */
function nameOf(f: { readonly name?: unknown; readonly spec?: { readonly name?: unknown } }): string {
  const name = f.spec?.name ?? f.name;
  return typeof name === "string" && name !== "" ? name : "function";
}

const isLayer = (x: unknown): x is AnyLayer =>
  typeof x === "object" &&
  x !== null &&
  typeof (x as Partial<AnyLayer>).init === "function" &&
  typeof (x as Partial<AnyLayer>).apply === "function";

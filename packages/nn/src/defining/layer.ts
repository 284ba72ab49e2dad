import type { Spec, Tensor } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";

/**
 * The input that `init` prepares for: a shape with the batch axis, such as [32, 784], a shape and a dtype, or an
 * example tensor. Without a dtype, the input has the dtype of the parameters. The size of the batch axis has no effect
 * on the parameters.
 */
export type Input = Shape | Spec;

export interface InitOptions {
  /** The dtype of the parameters. Default: the dtype of the input if it is a float, else float64. */
  readonly dtype?: "float32" | "float64" | undefined;
}

export interface ApplyOptions {
  /** The key for the random numbers of dropout, needed only in training. Equal keys drop the same entries. */
  readonly key?: Tensor | undefined;
  /** True in training, which turns dropout on; false otherwise. Default: false. */
  readonly training?: boolean | undefined;
}

/**
 * The type of `apply` of a layer. TypeScript infers the arguments of an overloaded function from its last signature, so
 * the signature without options comes last, for `trace(net.apply, ...)`.
 */
export interface Apply<P> {
  (params: P, x: Tensor, options: ApplyOptions | undefined): Tensor;
  (params: P, x: Tensor): Tensor;
}

/**
 * A layer consists of two pure functions, `init` and `apply`. Its parameters have the type `P`, a tree of tensors.
 * `defineLayer` makes a layer.
 */
export interface Layer<P> {
  /** The name of the layer in errors and summaries, such as "dense". */
  readonly name: string;
  /** Returns initial parameters for inputs of the given shape. Equal keys give equal parameters. */
  readonly init: (key: Tensor, input: Input, options?: InitOptions) => P;
  /** Returns the output for an input `x`. */
  readonly apply: Apply<P>;
  /**
   * The layers inside a combination such as `sequential`. The parameters of a combination are a list with the
   * parameters of each of these layers.
   */
  readonly parts?: Parts | undefined;
}

/** The layers inside a combination such as `sequential`, which `summary` lists. */
export interface Parts {
  readonly layers: readonly AnyLayer[];
  /**
   * True if each layer takes the output of the layer before it, as in `sequential`. False if all layers take the same
   * input, as in `parallel`.
   */
  readonly isChain: boolean;
}

/** A layer with parameters of an unknown type. Every `Layer<P>` can be assigned to this type. */
export interface AnyLayer {
  readonly name: string;
  readonly init: (key: Tensor, input: Input, options?: InitOptions) => unknown;
  readonly apply: Apply<never>;
  readonly parts?: Parts | undefined;
}

/** A layer, or a function of a tensor, such as `relu`. Such a function is a layer without parameters. */
export type LayerLike = AnyLayer | ((x: Tensor) => Tensor);

/** The parameters of a layer without parameters: an empty object. */
export type NoParams = Readonly<Record<never, never>>;

/** The type of the parameters of a layer. */
export type ParamsOf<L> = L extends { readonly init: (...args: never) => infer P } ? P : NoParams;

/** The type of the parameters of a list of layers: a tuple. */
export type ParamsOfAll<L extends readonly LayerLike[]> = { -readonly [K in keyof L]: ParamsOf<L[K]> };

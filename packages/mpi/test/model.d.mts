import type { Tensor } from "@wengert/core";
import type { FitOptions } from "@wengert/train";

interface Batch {
  readonly X: Tensor;
  readonly y: Tensor;
}
interface Model {
  readonly hidden: { readonly W: Tensor; readonly b: Tensor };
  readonly out: readonly [Tensor];
}
type DType = "float32" | "float64";

export declare const rows: number;
export declare function dataOf(count: number, dtype: DType, seed?: number): Batch;
export declare function modelOf(dtype: DType): Model;
export declare function loss(params: Model, batch: Batch): [Tensor, Tensor];
export declare function meanLoss(params: Model, batch: Batch): Tensor;
export declare function optionsOf(dtype: DType): FitOptions<Model, Batch, [Tensor, Tensor]>;

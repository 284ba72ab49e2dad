import { fromNdarray, type Tensor, zeros } from "@wengert/core";
import { type NdArray, ndarray } from "@wengert/core/extend";
import { where } from "../elementwise/where.ts";

const constants = (n: number, value: (i: number, j: number) => boolean): Tensor => {
  const { size } = zeros([n, n], { dtype: "bool" }); // throws for more entries than an array can hold
  const data = Uint8Array.from({ length: size }, (_, at) => Number(value(Math.floor(at / n), at % n)));
  return fromNdarray(ndarray(data as unknown as NdArray["data"], [n, n]));
};

/** Returns the lower triangle of each square matrix, with zeros above it; entries above are ignored, even NaN. */
export const lowerOf = (x: Tensor): Tensor =>
  where(
    constants(x.shape.at(-1)!, (i, j) => i >= j),
    x,
    0,
  );
/** Returns the upper triangle of each square matrix. */
export const upperOf = (x: Tensor): Tensor =>
  where(
    constants(x.shape.at(-1)!, (i, j) => i <= j),
    x,
    0,
  );
/** Returns the lower triangle of each square matrix without its diagonal. */
export const strictlyLowerOf = (x: Tensor): Tensor =>
  where(
    constants(x.shape.at(-1)!, (i, j) => i > j),
    x,
    0,
  );

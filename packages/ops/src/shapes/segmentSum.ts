import { OutOfRangeError, ShapeError, type Tensor, tensor } from "@wengert/core";
import { defineOp, describe, type Op, ravel, shapeText, sizeOf } from "@wengert/core/extend";
import { sumCause } from "../declaring/nonFiniteCauses.ts";
import { irregular } from "../declaring/samples.ts";
import { inFloat64 } from "../loops/alongAxes.ts";
import { sumDType } from "./sum.ts";
import { sizeOption, take, takenDType } from "./take.ts";

/**
 * Returns the sums of the entries of x with the same id: y [count, …], where entry s is the sum of all x[i] with ids[i]
 * = s, in float64. The ids are int32 from 0 to count − 1, in any order. An id without entries has the sum 0. The
 * adjoint gives each entry of x the cotangent of its id's sum.
 * @throws ShapeError unless the shape of x begins with the shape of the ids, OutOfRangeError if an id is out of range
 */
export const segmentSum: Op<readonly [x: Tensor, ids: Tensor], { readonly count: number }> = /* @__PURE__ */ defineOp({
  name: "segmentSum",
  options: { count: undefined },
  params: ({ count }) => ({ count: sizeOption("count", count) }),
  shape: ([x, ids], { count }) => {
    const rank = ids.shape.length;
    if (String(x.shape.slice(0, rank)) === String(ids.shape)) return [count, ...x.shape.slice(rank)];
    throw new ShapeError(
      `there must be one id per entry of ${describe(x, "x")}, so its shape begins with ${shapeText(ids.shape)}, the shape of ${describe(ids, "ids")}`,
    );
  },
  dtype: ([x, ids]) => sumDType([{ dtype: takenDType(x, ids) }]),
  kernel: (out, [x, ids], { count }) =>
    inFloat64(out, (exact) => {
      const [source, sums, inner] = [ravel(x), exact.data, sizeOf(out.shape.slice(1))];
      for (const [i, id] of ravel(ids).entries()) {
        if (id < 0 || id >= count)
          throw new OutOfRangeError(
            `id ${id} of entry ${i} is outside 0 … ${count - 1}; are there more segments than count?`,
          );
        for (let l = 0; l < inner; l++) sums[id * inner + l]! += source[i * inner + l]!;
      }
    }),
  flops: ([x]) => sizeOf(x.shape),
  vjp: [(g, { inputs: [, ids] }) => take(g, ids, { axis: 0 }), null],
  nonFinite: sumCause,
  samples: () => [
    [irregular([4, 2]), tensor([2, 0, 2, 1], { dtype: "int32" }), { count: 3 }],
    [irregular([4]), tensor([2, 0, 2, 1], { dtype: "int32" }), { count: 4 }],
  ],
});

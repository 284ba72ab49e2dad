import { tensor } from "@wengert/core";
import * as ops from "@wengert/ops";
import { castTo } from "./elementwise.ts";
import { misfit } from "./misfit.ts";
import { dtype, float, floats, int, ints, type Operator, operator, tensorValue } from "./operator.ts";

export const creationOperators = (): readonly Operator[] => [
  operator(
    "Constant",
    [0, 0],
    {
      value: tensorValue,
      value_float: float(undefined),
      value_floats: floats,
      value_int: int(undefined),
      value_ints: ints,
    },
    (_, { value, value_float, value_floats, value_int, value_ints }) => {
      const [numbers, integers] = [value_float ?? value_floats, value_int ?? value_ints];
      if (value) return value;
      if (numbers !== undefined) return tensor(numbers, { dtype: "float32" });
      return tensor(integers ?? 0, { dtype: "int32" });
    },
  ),
  operator("Range", [3, 3], {}, ([start, limit, delta], _, { number }) => {
    const [from, to, step] = [start, limit, delta].map(number) as [number, number, number];
    if (step === 0) throw misfit("delta is 0");
    const count = Math.max(0, Math.ceil((to - from) / step));
    return ops.add(start, ops.mul(ops.arange(0, count, { dtype: start.dtype as "float32" }), delta));
  }),
  operator("EyeLike", [1, 1], { dtype, k: int(0) }, ([x], { dtype = x.dtype, k }) => {
    const [rows = 0, columns = 0] = x.shape;
    const line = (n: number, from: number) => ops.arange(from, from + n, { dtype: "int32" });
    const isDiagonal = ops.equal(ops.reshape(line(rows, k), { shape: [rows, 1] }), line(columns, 0));
    return castTo(isDiagonal, dtype);
  }),
];

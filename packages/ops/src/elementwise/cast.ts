import { type DType, OutOfRangeError, tensor } from "@wengert/core";
import { checkDType, defineOp, type Op, ravel, type Unary } from "@wengert/core/extend";

/**
 * Returns x in another dtype. A cast to int32 rounds towards zero, a cast to bool gives x ≠ 0, and a cast to float32
 * rounds to nearest. The VJP casts the cotangent to the dtype of x; int32 and bool have no gradient.
 * @throws OutOfRangeError if a value does not fit in int32
 */
export const cast: Op<Unary, { readonly dtype: DType }> = /* @__PURE__ */ defineOp({
  name: "cast",
  options: { dtype: undefined },
  params: (options) => ({ dtype: checkDType(options.dtype) }),
  shape: ([x]) => x.shape,
  dtype: (_, { dtype }) => dtype,
  view: ([x], { dtype }) => (storageOf[dtype] === x.dtype ? x : undefined),
  batch: "broadcast",
  kernel: (out, [x], { dtype }) => {
    const values = ravel(x);
    if (dtype === "float64" || dtype === "float32") {
      out.data.set(values); // set() converts in the engine; floats hold or round every value
      return;
    }
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (dtype === "int32" && !(Math.abs(Math.trunc(value)) <= 2 ** 31 && Math.trunc(value) !== 2 ** 31)) {
        throw new OutOfRangeError(
          `${value} (element ${i}) does not fit in int32 (−2^31 … 2^31 − 1); clip it, or replace it with where`,
        );
      }
      out.data[i] = dtype === "bool" ? Number(value !== 0) : value;
    }
  },
  vjp: [(g, { inputs: [x] }) => cast(g, { dtype: x.dtype })],
  samples: () => [[tensor([0.5, -2]), { dtype: "float64" }]],
});

const storageOf: Readonly<Record<DType, string>> = {
  float64: "float64",
  float32: "float32",
  int32: "int32",
  bool: "uint8",
};

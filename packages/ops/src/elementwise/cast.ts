import { type DType, OutOfRangeError, tensor } from "@wengert/core";
import { checkDType, defineOp, type Op, ravel, type Unary } from "@wengert/core/extend";

/**
 * x in another dtype: to int32 rounded towards zero, to bool whether it is not 0, to float32 to the nearest.
 * The cotangent is cast back; through int32 and bool nothing flows.
 * @throws OutOfRangeError for what int32 cannot hold.
 */
export const cast: Op<Unary, { readonly dtype: DType }> = /* @__PURE__ */ defineOp({
  name: "cast",
  options: { dtype: undefined },
  params: (options) => ({ dtype: checkDType(options.dtype) }),
  shape: ([x]) => x.shape,
  dtype: (_, { dtype }) => dtype,
  view: ([x], { dtype }) => (storageOf[dtype] === x.dtype ? x : undefined),
  kernel: (out, [x], { dtype }) => {
    const values = ravel(x);
    if (dtype === "float64" || dtype === "float32") {
      out.data.set(values); // the engine's own loop; floats hold, or round, all there is
      return;
    }
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (dtype === "int32" && !(Math.abs(Math.trunc(value)) <= 2 ** 31 && Math.trunc(value) !== 2 ** 31)) {
        throw new OutOfRangeError(
          `${value} (element ${i}) is no int32 (−2^31 … 2^31 − 1); clip it, or replace it with where`,
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

import { ArgumentError, type Tensor, type TensorOptions } from "@wengert/core";
import { createZeros, show, withDefaults } from "@wengert/core/extend";
import { type Sampled, withSamples } from "../declaring/samples.ts";

type Eye = (n: number, options?: TensorOptions) => Tensor;

/**
 * Returns the identity matrix of shape [n, n]: 1 on the diagonal, 0 elsewhere. The dtype is float64 unless `dtype` is
 * passed.
 * @throws ArgumentError unless n is a whole number of at least 0
 */
export const eye: Sampled<Eye> = /* @__PURE__ */ withSamples<Eye>(
  (n, options) => {
    const { dtype, label } = withDefaults<TensorOptions>("eye", options, { dtype: "float64", label: undefined });
    if (!Number.isSafeInteger(n) || n < 0)
      throw new ArgumentError(`eye: n must be a whole number of at least 0, got ${show(n)}`);
    const result = createZeros("eye", [n, n], { dtype, label });
    const { data } = result.array!;
    for (let i = 0; i < n; i++) data[i * (n + 1)] = 1;
    return result;
  },
  () => [[3], [2, { dtype: "bool" }]],
);

import { ArgumentError, type DType, OutOfRangeError, type Tensor, type TensorLike, tensor } from "@wengert/core";
import { checkDType, defineOp, isFloat, type Op, prefixErrors, ravel, show, withDefaults } from "@wengert/core/extend";
import { type Sampled, withSamples } from "../declaring/samples.ts";
import { exp } from "../numerics/exponential.ts";
import { log } from "../numerics/logarithm.ts";
import { checkKey, parameter } from "./distributions.ts";
import { checkDrawing, type RandomOptions, randomKey } from "./random.ts";
import { drawEach, type NextUniform, normalFrom } from "./rejection.ts";

export interface GammaOptions extends Partial<RandomOptions> {
  /** The concentration (shape parameter) a > 0: a number, or a tensor that broadcasts to `shape`. */
  readonly concentration: TensorLike;
}
type Gamma = (key: Tensor, options: GammaOptions) => Tensor;

const gammaOf: Op<readonly [key: Tensor, concentration: Tensor], { readonly dtype: DType }> = /* @__PURE__ */ defineOp({
  name: "randomGamma",
  options: { dtype: undefined },
  shape: ([, concentration]) => concentration.shape,
  dtype: (_, { dtype }) => dtype,
  kernel: (out, [key, concentration]) => {
    const values = ravel(concentration);
    drawEach(values.length, key, (next, i) => {
      const a = values[i]!;
      if (!(a > 0 && a < Infinity))
        throw new OutOfRangeError(`the concentration must be a finite number above 0, got ${a} (element ${i})`);
      // If x has the gamma distribution with concentration a + 1, and u is a uniform number, the product x u^(1/a) has
      // the gamma distribution with concentration a. This identity is used for a < 1.
      out.data[i] = a < 1 ? drawGamma(next, a + 1) * exp(log(1 - next(), 0) / a, 0) : drawGamma(next, a);
    });
  },
  vjp: [null, null],
  samples: () => [[randomKey(1), tensor([0.5, 3]), { dtype: "float64" }]],
});

/**
 * Returns a number of the gamma distribution with concentration a ≥ 1. The method of G. Marsaglia and W. W. Tsang, A
 * simple method for generating gamma variables (2000), proposes the cube of a shifted normal number, and accepts the
 * proposal with probability above 0.95.
 */
function drawGamma(next: NextUniform, a: number): number {
  const d = a - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normalFrom(next);
    const root = 1 + c * x;
    const v = root * root * root;
    if (v > 0 && log(1 - next(), 0) < 0.5 * x * x + d * (1 - v + log(v, 0))) return d * v;
  }
}

/**
 * Returns random numbers of the gamma distribution with the given concentration and scale 1. Several such numbers
 * divided by their sum follow the Dirichlet distribution. No derivative flows back to the concentration: its cotangent
 * is 0.
 * @throws OutOfRangeError if a concentration is not above 0
 */
export const randomGamma: Sampled<Gamma> = /* @__PURE__ */ withSamples<Gamma>(
  (key, options) => {
    const { concentration, shape, dtype } = withDefaults<GammaOptions>("randomGamma", options, {
      concentration: undefined,
      shape: undefined,
      dtype: undefined,
    });
    if (concentration === undefined)
      throw new ArgumentError(
        `randomGamma: concentration must be a number or a tensor, got ${show(concentration)}; write { concentration: ... }`,
      );
    const a = parameter("randomGamma", "concentration", concentration, shape);
    const own = isFloat(a.dtype) ? a.dtype : "float64";
    const drawing = prefixErrors("randomGamma", () =>
      checkDrawing({ shape: a.shape, dtype: checkDType(dtype ?? own) }),
    );
    return gammaOf(checkKey("randomGamma", key), a, { dtype: drawing.dtype });
  },
  () => [[randomKey(1), { concentration: 2.5, shape: [2, 3] }]],
);

import { ShapeError, type Tensor } from "@wengert/core";
import { prefixErrors, type Shape, shapeText, withDefaults } from "@wengert/core/extend";
import { type Sampled, withSamples } from "../declaring/samples.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { checkKey, drawingSamples } from "./distributions.ts";
import { checkDrawing, type RandomOptions, randomDefaults, randomNormal, randomUniform } from "./random.ts";

// The initializers return initial weights of a layer, such that signals keep their variance from layer to layer. The
// last two axes of the weights are inputs and outputs. Axes before these are spatial axes of a convolution kernel;
// their sizes multiply both the number of inputs and the number of outputs.

type Initializer = (key: Tensor, options: RandomOptions) => Tensor;

interface Fans {
  readonly inputs: number;
  readonly outputs: number;
}

function fansOf(shape: Shape): Fans {
  if (shape.length < 2)
    throw new ShapeError(
      `weights need two axes or more, [..., inputs, outputs]; got ${shapeText(shape)}; biases begin with zeros`,
    );
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const field = shape.slice(0, -2).reduce((size, n) => size * n, 1);
  return { inputs: Math.max(1, field * inputs), outputs: Math.max(1, field * outputs) };
}

/** Makes an initializer whose random weights have the variance that `varianceOf` returns. */
const initializer = (
  name: string,
  distribution: "uniform" | "normal",
  varianceOf: (fans: Fans) => number,
): Sampled<Initializer> =>
  withSamples<Initializer>((key, options) => {
    const given = withDefaults<RandomOptions>(name, options, randomDefaults);
    const drawing = prefixErrors(name, () => checkDrawing(given));
    const variance = varianceOf(prefixErrors(name, () => fansOf(drawing.shape)));
    const checked = checkKey(name, key);
    if (distribution === "normal") return mul(randomNormal(checked, drawing), Math.sqrt(variance));
    const limit = Math.sqrt(3 * variance);
    return randomUniform(checked, { ...drawing, min: -limit, max: limit });
  }, drawingSamples);

const glorot = ({ inputs, outputs }: Fans): number => 2 / (inputs + outputs);
const he = ({ inputs }: Fans): number => 2 / inputs;

/**
 * Returns weights uniform in ±√(6 / (inputs + outputs)), for layers with tanh, sigmoid or softmax. From X. Glorot and
 * Y. Bengio (2010).
 * @throws ShapeError unless the shape has two axes or more
 */
export const glorotUniform: Sampled<Initializer> = /* @__PURE__ */ initializer("glorotUniform", "uniform", glorot);

/**
 * Returns normal weights with variance 2 / (inputs + outputs), for layers with tanh, sigmoid or softmax. From X. Glorot
 * and Y. Bengio (2010).
 * @throws ShapeError unless the shape has two axes or more
 */
export const glorotNormal: Sampled<Initializer> = /* @__PURE__ */ initializer("glorotNormal", "normal", glorot);

/**
 * Returns weights uniform in ±√(6 / inputs), for layers with relu. From K. He and others (2015).
 * @throws ShapeError unless the shape has two axes or more
 */
export const heUniform: Sampled<Initializer> = /* @__PURE__ */ initializer("heUniform", "uniform", he);

/**
 * Returns normal weights with variance 2 / inputs, for layers with relu. From K. He and others (2015).
 * @throws ShapeError unless the shape has two axes or more
 */
export const heNormal: Sampled<Initializer> = /* @__PURE__ */ initializer("heNormal", "normal", he);

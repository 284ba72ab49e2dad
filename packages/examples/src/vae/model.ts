import type { Tensor } from "@wengert/core";
import { type Affine, dense, type Layer, type NoParams, sequential } from "@wengert/nn";
import {
  add,
  binaryCrossEntropy,
  exp,
  mul,
  randomNormal,
  relu,
  sigmoid,
  slice,
  splitKey,
  square,
  sub,
  sum,
} from "@wengert/ops";
import { pixelsPerImage } from "../shared/mnist.ts";

export interface Sizes {
  /** The number of latent dimensions, d. */
  readonly latent: number;
  /** The units of the encoder's two hidden layers. The decoder has the same layers in reverse order. */
  readonly hidden: readonly [number, number];
}

type Stack = [Affine, NoParams, Affine, NoParams, Affine];

/** The parameters of encoder and decoder. */
export interface Model {
  readonly encoder: Stack;
  readonly decoder: Stack;
}

/** A normal distribution over latent vectors with independent dimensions, for each of n images. */
export interface Posterior {
  /** The means, [n, d]. */
  readonly mean: Tensor;
  /** The logarithms of the variances, [n, d]. */
  readonly logVariance: Tensor;
}

/** A variational autoencoder: its two networks, and functions of images and latent vectors. */
export interface Autoencoder {
  /** The two networks. The encoder returns mean and log variance side by side, and the decoder returns a logit for each pixel. */
  readonly encoder: Layer<Stack>;
  readonly decoder: Layer<Stack>;
  init(key: Tensor, dtype: "float32" | "float64"): Model;
  /** Returns the posterior q(z | x) of images x [n, 784]. */
  encode(model: Model, images: Tensor): Posterior;
  /** Returns the probability of ink in each pixel, [n, 784], for latent vectors z [n, d]. */
  decode(model: Model, z: Tensor): Tensor;
  /**
   * Returns the two terms of the loss of each image, [n] each. The expectation over the latent vector is estimated from
   * one sample.
   */
  terms(model: Model, images: Tensor, key: Tensor): Terms;
}

/**
 * The two terms of a variational autoencoder's loss for n images, in nats, [n] each. Their sum is an upper bound of
 * −log p(x).
 */
export interface Terms {
  /** −log p(x | z) for a sample z of q(z | x): the sum of the binary cross-entropies of the pixels. */
  readonly reconstruction: Tensor;
  /** The Kullback–Leibler divergence of q(z | x) from the prior, a standard normal distribution. */
  readonly divergence: Tensor;
}

/** Returns the functions of a variational autoencoder with dense layers (D. Kingma and M. Welling 2014). */
export function autoencoder({ latent, hidden: [first, second] }: Sizes): Autoencoder {
  const encoder = sequential(dense(first), relu, dense(second), relu, dense(2 * latent));
  const decoder = sequential(dense(second), relu, dense(first), relu, dense(pixelsPerImage));
  const encode = (model: Model, images: Tensor): Posterior => {
    const both = encoder.apply(model.encoder, images);
    return {
      mean: slice(both, { stop: [null, latent] }),
      logVariance: slice(both, { start: [0, latent] }),
    };
  };
  return {
    encoder,
    decoder,
    init(key, dtype) {
      const [encoderKey, decoderKey] = splitKey(key) as [Tensor, Tensor];
      return {
        encoder: encoder.init(encoderKey, [1, pixelsPerImage], { dtype }),
        decoder: decoder.init(decoderKey, [1, latent], { dtype }),
      };
    },
    encode,
    decode: (model, z) => sigmoid(decoder.apply(model.decoder, z)),
    terms(model, images, key) {
      const posterior = encode(model, images);
      const logits = decoder.apply(model.decoder, sampleOf(posterior, key));
      return {
        reconstruction: sum(binaryCrossEntropy(logits, images, { reduction: "none" }), { axis: 1 }),
        divergence: divergenceOf(posterior),
      };
    },
  };
}

/**
 * Returns a sample of each posterior, mean + standard deviation · ε for standard normal ε. The random numbers do not depend on
 * the parameters, so the sample is a differentiable function of mean and variance: the reparameterization.
 */
export function sampleOf({ mean, logVariance }: Posterior, key: Tensor): Tensor {
  const noise = randomNormal(key, { shape: mean.shape, dtype: mean.dtype as "float32" | "float64" });
  return add(mean, mul(exp(mul(logVariance, 0.5)), noise));
}

/** Returns the divergence of each posterior from the standard normal prior, ½ Σ (m² + v − 1 − log v) for mean m and variance v. */
export const divergenceOf = ({ mean, logVariance }: Posterior): Tensor =>
  mul(sum(sub(add(square(mean), exp(logVariance)), add(logVariance, 1)), { axis: 1 }), 0.5);

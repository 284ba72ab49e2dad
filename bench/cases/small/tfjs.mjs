import * as tf from "@tensorflow/tfjs";

/** @param {string} backend */
export async function gradientOn(backend) {
  await tf.setBackend(backend);
  const X = tf.tensor2d([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 10],
  ]);
  const Y = tf.oneHot(tf.tensor1d([0, 1, 2], "int32"), 3).toFloat();
  const loss = (W) => tf.losses.softmaxCrossEntropy(Y, tf.matMul(X, W));
  return tf
    .grad(loss)(tf.zeros([3, 3]))
    .dataSync();
}

/** Runs TensorFlow.js for the benchmark: `node tfjs.mjs wasm|cpu`. The wasm backend uses SIMD and one thread. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { serve } from "./serve.mjs";

const [backend] = process.argv.slice(2);
const rate = 0.1;
const classes = 10;

if (backend === "wasm") {
  const require = createRequire(import.meta.url);
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"))}/`);
  wasm.setThreadsCount(1);
}
await tf.setBackend(backend);
await tf.ready();
if (tf.getBackend() !== backend) throw new Error(`the backend is ${tf.getBackend()}, not ${backend}`);

const tensors = (inputs) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, values }]) => [
      name,
      tf.tensor(values, shape, values instanceof Int32Array ? "int32" : "float32"),
    ]),
  );
/**
 * Runs `body` in tf.tidy, which frees temporary tensors. The results are converted to arrays outside of tf.tidy,
 * because tf.tidy searches everything that `body` returns for tensors.
 */
function readAll(body) {
  const named = tf.tidy(body);
  const numbers = Object.fromEntries(Object.entries(named).map(([name, t]) => [name, t.dataSync()]));
  tf.dispose(named);
  return numbers;
}
/**
 * Returns the mean cross-entropy of logits z with one-hot labels Y. TensorFlow.js has no differentiable cross-entropy for
 * class indices.
 */
const crossEntropy = (z, Y) => tf.neg(tf.div(tf.sum(tf.mul(Y, tf.logSoftmax(z))), Y.shape[0]));

function descent(loss, initial) {
  const names = Object.keys(initial);
  const step = tf.valueAndGrads(loss);
  let params = Object.values(initial);
  return () => {
    const { loss, ...next } = tf.tidy(() => {
      const { value, grads } = step(params);
      return {
        loss: value,
        ...Object.fromEntries(names.map((name, i) => [name, tf.sub(params[i], tf.mul(grads[i], rate))])),
      };
    });
    tf.dispose(params);
    params = Object.values(next);
    const numbers = Object.fromEntries(Object.entries({ loss, ...next }).map(([name, t]) => [name, t.dataSync()]));
    loss.dispose();
    return numbers;
  };
}

await serve(
  { tfjs: tf.version.tfjs, backend },
  {
    softmax(inputs) {
      const { x, g } = tensors(inputs);
      const pullback = tf.valueAndGrad((x) => tf.softmax(x));
      return () =>
        readAll(() => {
          const { value, grad } = pullback(x, g);
          return { s: value, dx: grad };
        });
    },
    regression(inputs) {
      const { X, labels } = tensors(inputs);
      const Y = tf.oneHot(labels, classes).toFloat();
      const loss = (W, b) => crossEntropy(tf.add(tf.matMul(X, W), b), Y);
      return descent(loss, { W: tf.zeros([784, classes]), b: tf.zeros([classes]) });
    },
    mlp(inputs) {
      const { X, labels, ...params } = tensors(inputs);
      const Y = tf.oneHot(labels, classes).toFloat();
      const loss = (A, a, B, b) => crossEntropy(tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(X, A), a)), B), b), Y);
      return descent(loss, params);
    },
    tiny(inputs) {
      const { x, ...params } = tensors(inputs);
      const names = Object.keys(params);
      const layer = (x, W, b) => tf.tanh(tf.add(tf.matMul(x, W), b));
      const gradient = tf.grads((A, a, B, b, C, c) => tf.sum(layer(layer(layer(x, A, a), B, b), C, c)));
      return () =>
        readAll(() => {
          const slopes = gradient(Object.values(params));
          return Object.fromEntries(names.map((name, i) => [name, slopes[i]]));
        });
    },
    chain(inputs, { length }) {
      const { x, c } = tensors(inputs);
      const gradient = tf.grad((x) => {
        let h = x;
        for (let i = 0; i < length; i += 2) h = tf.add(tf.tanh(h), c);
        return tf.sum(h);
      });
      return () => readAll(() => ({ dx: gradient(x) }));
    },
    cnn(inputs) {
      const { x, labels, ...params } = tensors(inputs);
      const names = Object.keys(params);
      const Y = tf.oneHot(labels, classes).toFloat();
      const pooled = (x, kernel) => tf.maxPool(tf.relu(tf.conv2d(x, kernel, 1, "valid")), 2, 2, "valid");
      const gradient = tf.grads((K, L, W) =>
        crossEntropy(tf.matMul(tf.reshape(pooled(pooled(x, K), L), [x.shape[0], -1]), W), Y),
      );
      return () =>
        readAll(() => {
          const slopes = gradient(Object.values(params));
          return Object.fromEntries(names.map((name, i) => [name, slopes[i]]));
        });
    },
    gemm(inputs) {
      const { a, b } = tensors(inputs);
      return () => readAll(() => ({ product: tf.matMul(a, b) }));
    },
    /**
     * Computes each row of the Hessian as the gradient of one component of the gradient, because TensorFlow.js has no
     * Hessian.
     */
    hessian(inputs) {
      const { X, labels, W } = tensors(inputs);
      const Y = tf.oneHot(labels, classes).toFloat();
      const gradient = tf.grad((W) => crossEntropy(tf.matMul(X, W), Y));
      const rows = Array.from({ length: W.size }, (_, i) => {
        const basis = new Float32Array(W.size);
        basis[i] = 1;
        const direction = tf.tensor(basis, W.shape);
        return tf.grad((W) => tf.sum(tf.mul(gradient(W), direction)));
      });
      return () => readAll(() => ({ H: tf.stack(rows.map((row) => row(W))) }));
    },
  },
);

/**
 * Runs the built Wengert packages for the benchmark: `node wengert.mjs KERNELS DTYPE [ENGINE]`. With the engine "onnx", ONNX
 * Runtime runs compiled functions; without an engine, ops run eagerly.
 */

import { ndarray } from "../../packages/core/dist/extend.js";
import * as core from "../../packages/core/dist/index.js";
import * as ops from "../../packages/ops/dist/index.js";
import { serve } from "./serve.mjs";

const { fromNdarray, grad, hessian, treeMap, valueAndGrad, vjp, zeros } = core;
const { add, axpy, conv2d, crossEntropy, matmul, maxPool2d, relu, reshape, softmax, sum, tanh } = ops;
const [choice, dtype, engine] = process.argv.slice(2);
const { running } = ops.kernels(choice);
const rate = 0.1;
const compiled = engine === "onnx" ? await compiler() : (f) => f;

/** Returns a function that compiles functions for ONNX Runtime with one thread. */
async function compiler() {
  const { compile } = await import("../../packages/compile/dist/index.js");
  const { onnx } = await import("../../packages/onnx/dist/index.js");
  const ort = await import("onnxruntime-node");
  const runtime = onnx(ort, { threads: 1 });
  return (f) => compile(f, { engine: runtime });
}

/** Applies `f` to a value, or to the value of a promise. */
const after = (value, f) => (value instanceof Promise ? value.then(f) : f(value));

const read = (tensor) => tensor.data.data; // ops are synchronous, so the data is ready
const readAll = (tree) => Object.fromEntries(Object.entries(tree).map(([name, tensor]) => [name, read(tensor)]));

function tensors(inputs) {
  const entries = Object.entries(inputs).map(([name, { shape, values }]) => {
    const numbers = dtype === "float64" && values instanceof Float32Array ? Float64Array.from(values) : values;
    return [name, fromNdarray(ndarray(numbers, shape), { label: name })];
  });
  return Object.fromEntries(entries);
}

/**
 * Returns a function that does one training step. Each call of this function continues with the updated parameters of
 * the previous call.
 */
function descent(loss, initial, ...data) {
  const step = compiled((params, ...data) => {
    const { value, grad: slopes } = valueAndGrad(loss)(params, ...data);
    return { loss: value, params: treeMap((p, slope) => axpy(-rate, slope, p), params, slopes) };
  });
  let params = initial;
  return () =>
    after(step(params, ...data), (next) => {
      params = next.params;
      return { loss: read(next.loss), ...readAll(params) };
    });
}

await serve(
  { wengert: "this tree", kernels: running },
  {
    softmax(inputs) {
      const { x, g } = tensors(inputs);
      const both = compiled((x, g) => {
        const { value, pullback } = vjp((x) => softmax(x), x);
        return { s: value, dx: pullback(g)[0] };
      });
      return () => after(both(x, g), readAll);
    },
    regression(inputs) {
      const { X, labels } = tensors(inputs);
      const loss = ({ W, b }, X, labels) => crossEntropy(add(matmul(X, W), b), labels);
      return descent(loss, { W: zeros([784, 10], { dtype }), b: zeros([10], { dtype }) }, X, labels);
    },
    mlp(inputs) {
      const { X, labels, ...params } = tensors(inputs);
      const loss = ({ A, a, B, b }, X, labels) => crossEntropy(add(matmul(relu(add(matmul(X, A), a)), B), b), labels);
      return descent(loss, params, X, labels);
    },
    tiny(inputs) {
      const { x, ...params } = tensors(inputs);
      const layer = (x, W, b) => tanh(add(matmul(x, W), b));
      const loss = ({ A, a, B, b, C, c }, x) => sum(layer(layer(layer(x, A, a), B, b), C, c));
      const gradient = compiled((params, x) => grad(loss)(params, x));
      return () => after(gradient(params, x), readAll);
    },
    chain(inputs, { length }) {
      const { x, c } = tensors(inputs);
      const last = (x, c) => {
        let h = x;
        for (let i = 0; i < length; i += 2) h = add(tanh(h), c);
        return sum(h);
      };
      const gradient = compiled((x, c) => grad(last)(x, c));
      return () => after(gradient(x, c), (dx) => ({ dx: read(dx) }));
    },
    cnn(inputs) {
      const { x, labels, ...params } = tensors(inputs);
      const pooled = (x, kernel) => maxPool2d(relu(conv2d(x, kernel)), { size: 2 });
      const loss = ({ K, L, W }, x, labels) => {
        const features = pooled(pooled(x, K), L);
        return crossEntropy(matmul(reshape(features, { shape: [x.shape[0], -1] }), W), labels);
      };
      const gradient = compiled((params, x, labels) => grad(loss)(params, x, labels));
      return () => after(gradient(params, x, labels), readAll);
    },
    gemm(inputs) {
      const { a, b } = tensors(inputs);
      const product = compiled((a, b) => matmul(a, b));
      return () => after(product(a, b), (y) => ({ product: read(y) }));
    },
    hessian(inputs) {
      const { X, labels, W } = tensors(inputs);
      const second = compiled((W, X, labels) => hessian((W) => crossEntropy(matmul(X, W), labels))(W));
      return () => after(second(W, X, labels), (H) => ({ H: read(H) }));
    },
  },
);

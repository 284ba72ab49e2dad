/**
 * Runs the built Wengert packages for the benchmark: `node wengert.mjs KERNELS DTYPE [compiled]`. With `compiled`, each
 * computation is a compiled function.
 */

import { compile } from "../../packages/compile/dist/index.js";
import { ndarray } from "../../packages/core/dist/extend.js";
import * as core from "../../packages/core/dist/index.js";
import * as ops from "../../packages/ops/dist/index.js";
import { adamw, applyUpdates } from "../../packages/train/dist/index.js";
import { serve } from "./serve.mjs";

const { fromNdarray, grad, hessian, treeMap, valueAndGrad, vjp, zeros } = core;
const { add, axpy, conv2d, crossEntropy, matmul, maxPool2d, relu, reshape, softmax, sum, tanh } = ops;
const [choice, dtype, mode] = process.argv.slice(2);
const { running } = ops.kernels(choice);
const rate = 0.1;
const adamRate = 0.004;
/** Compiles a function with @wengert/compile if the program was started with the argument `compiled`. */
const fast = (f, options) => (mode === "compiled" ? compile(f, options) : f);

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
function descent(loss, initial) {
  const gradient = valueAndGrad(loss);
  const step = fast(
    (params) => {
      const { value, grad: slopes } = gradient(params);
      return { value, params: treeMap((p, slope) => axpy(-rate, slope, p), params, slopes) };
    },
    { donate: [0] },
  );
  let params = initial;
  return () => {
    const { value, params: next } = step(params);
    params = next;
    return { loss: read(value), ...readAll(params) };
  };
}

await serve(
  { wengert: "this tree", kernels: running },
  {
    softmax(inputs) {
      const { x, g } = tensors(inputs);
      const both = fast((x, g) => {
        const { value: s, pullback } = vjp((x) => softmax(x), x);
        return { s, dx: pullback(g)[0] };
      });
      return () => readAll(both(x, g));
    },
    regression(inputs) {
      const { X, labels } = tensors(inputs);
      const loss = ({ W, b }) => crossEntropy(add(matmul(X, W), b), labels);
      return descent(loss, { W: zeros([784, 10], { dtype }), b: zeros([10], { dtype }) });
    },
    mlp(inputs) {
      const { X, labels, ...params } = tensors(inputs);
      const loss = ({ A, a, B, b }) => crossEntropy(add(matmul(relu(add(matmul(X, A), a)), B), b), labels);
      return descent(loss, params);
    },
    tiny(inputs) {
      const { x, ...params } = tensors(inputs);
      const layer = (x, W, b) => tanh(add(matmul(x, W), b));
      const gradient = fast(grad(({ A, a, B, b, C, c }) => sum(layer(layer(layer(x, A, a), B, b), C, c))));
      return () => readAll(gradient(params));
    },
    chain(inputs, { length }) {
      const { x, c } = tensors(inputs);
      const chained = grad((x) => {
        let h = x;
        for (let i = 0; i < length; i += 2) h = add(tanh(h), c);
        return sum(h);
      });
      const gradient = fast((x) => chained(x));
      return () => ({ dx: read(gradient(x)) });
    },
    cnn(inputs) {
      const { x, labels, ...params } = tensors(inputs);
      const pooled = (x, kernel) => maxPool2d(relu(conv2d(x, kernel)), { size: 2 });
      const gradient = fast(
        grad(({ K, L, W }) => {
          const features = pooled(pooled(x, K), L);
          return crossEntropy(matmul(reshape(features, { shape: [x.shape[0], -1] }), W), labels);
        }),
      );
      return () => readAll(gradient(params));
    },
    adamw({ g, ...inputs }) {
      const optimizer = adamw({ learningRate: adamRate });
      const [{ g: slope }, initial] = [tensors({ g }), tensors(inputs)];
      const step = fast(
        (params, state, g) => {
          const { updates, state: next } = optimizer.update({ p: g }, state, params);
          return { params: applyUpdates(params, updates), state: next };
        },
        { donate: [0, 1] },
      );
      let [params, state] = [initial, optimizer.init(initial)];
      return () => {
        ({ params, state } = step(params, state, slope));
        return { sum: read(sum(params.p)) };
      };
    },
    gemm(inputs) {
      const { a, b } = tensors(inputs);
      const product = fast((a, b) => matmul(a, b));
      return () => ({ product: read(product(a, b)) });
    },
    hessian(inputs) {
      const { X, labels, W } = tensors(inputs);
      const second = fast(hessian((W) => crossEntropy(matmul(X, W), labels)));
      return () => ({ H: read(second(W)) });
    },
  },
);

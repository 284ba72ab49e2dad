/**
 * Runs the built Wengert packages for the benchmark: `node wengert.mjs KERNELS DTYPE [MODE]`. With the mode
 * `compiled`, each computation is a compiled function. With the mode `onnx`, ONNX Runtime runs the compiled functions.
 */

import { compile } from "../../packages/compile/dist/index.js";
import { ndarray } from "../../packages/core/dist/extend.js";
import * as core from "../../packages/core/dist/index.js";
import { predict } from "../../packages/examples/dist/transformer/model.js";
import * as ops from "../../packages/ops/dist/index.js";
import { adamw, applyUpdates, chain, clipByGlobalNorm } from "../../packages/train/dist/index.js";
import { serve } from "./serve.mjs";

const { fromNdarray, grad, hessian, treeMap, valueAndGrad, vjp, zeros } = core;
const { add, axpy, conv2d, crossEntropy, matmul, maxPool2d, relu, reshape, softmax, sum, tanh } = ops;
const [choice, dtype, mode] = process.argv.slice(2);
const { running } = ops.kernels(choice);
const rate = 0.1;
const adamRate = 0.004;
const transformerBetas = [0.9, 0.99];
const engine = mode === "onnx" ? await onnxRuntime() : undefined;

/** Returns ONNX Runtime with one thread as an engine. */
async function onnxRuntime() {
  const { onnx } = await import("../../packages/onnx/dist/index.js");
  return onnx(await import("onnxruntime-node"), { threads: 1 });
}

/**
 * Compiles `f`, unless the benchmark measures eager ops. `data` are the last arguments of every call. Wengert's
 * compiler captures `data` as constants. ONNX Runtime receives `data` as inputs, because it would otherwise evaluate
 * ops on constants before the measured run.
 */
function fast(f, data = [], options = {}) {
  if (engine) {
    const compiled = compile(f, { engine });
    return (...args) => compiled(...args, ...data);
  }
  const bound = (...args) => f(...args, ...data);
  return mode === "compiled" ? compile(bound, options) : bound;
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
function descent(loss, initial, data) {
  const gradient = valueAndGrad(loss);
  const step = fast(
    (params, ...data) => {
      const { value, grad: slopes } = gradient(params, ...data);
      return { value, params: treeMap((p, slope) => axpy(-rate, slope, p), params, slopes) };
    },
    data,
    { donate: [0] },
  );
  let params = initial;
  return () =>
    after(step(params), (next) => {
      params = next.params;
      return { loss: read(next.value), ...readAll(params) };
    });
}

/**
 * Returns the parameters as nested objects and arrays. For example, the parameter with the name "blocks.0.query" becomes
 * `blocks[0].query`.
 */
function nested(params) {
  const tree = {};
  for (const [path, value] of Object.entries(params)) {
    const names = path.split(".");
    const last = names.pop();
    const parent = names.reduce((parent, name, i) => (parent[name] ??= /\d/.test(names[i + 1]) ? [] : {}), tree);
    parent[last] = value;
  }
  return tree;
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
      return () => after(both(x, g), readAll);
    },
    regression(inputs) {
      const { X, labels } = tensors(inputs);
      const loss = ({ W, b }, X, labels) => crossEntropy(add(matmul(X, W), b), labels);
      return descent(loss, { W: zeros([784, 10], { dtype }), b: zeros([10], { dtype }) }, [X, labels]);
    },
    mlp(inputs) {
      const { X, labels, ...params } = tensors(inputs);
      const loss = ({ A, a, B, b }, X, labels) => crossEntropy(add(matmul(relu(add(matmul(X, A), a)), B), b), labels);
      return descent(loss, params, [X, labels]);
    },
    tiny(inputs) {
      const { x, ...params } = tensors(inputs);
      const layer = (x, W, b) => tanh(add(matmul(x, W), b));
      const loss = ({ A, a, B, b, C, c }, x) => sum(layer(layer(layer(x, A, a), B, b), C, c));
      const gradient = fast(grad(loss), [x]);
      return () => after(gradient(params), readAll);
    },
    chain(inputs, { length }) {
      const { x, c } = tensors(inputs);
      const chained = grad((x, c) => {
        let h = x;
        for (let i = 0; i < length; i += 2) h = add(tanh(h), c);
        return sum(h);
      });
      const gradient = fast((x, c) => chained(x, c), [c]);
      return () => after(gradient(x), (dx) => ({ dx: read(dx) }));
    },
    cnn(inputs) {
      const { x, labels, ...params } = tensors(inputs);
      const pooled = (x, kernel) => maxPool2d(relu(conv2d(x, kernel)), { size: 2 });
      const gradient = fast(
        grad(({ K, L, W }, x, labels) => {
          const features = pooled(pooled(x, K), L);
          return crossEntropy(matmul(reshape(features, { shape: [x.shape[0], -1] }), W), labels);
        }),
        [x, labels],
      );
      return () => after(gradient(params), readAll);
    },
    transformer(inputs, { heads }) {
      const { read: texts, next, ...initial } = tensors(inputs);
      const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: adamRate, betas: transformerBetas }));
      const gradient = valueAndGrad((model, texts, next) => crossEntropy(predict(model, texts, heads).logits, next));
      const step = fast(
        (params, state, texts, next) => {
          const { value, grad: slopes } = gradient(params, texts, next);
          const { updates, state: following } = optimizer.update(slopes, state, params);
          return { value, params: applyUpdates(params, updates), state: following };
        },
        [texts, next],
        { donate: [0, 1] },
      );
      let params = nested(initial);
      let state = optimizer.init(params);
      return () =>
        after(step(params, state), (result) => {
          ({ params, state } = result);
          const [, { sum }] = state; // AdamW's discounted sums of the gradients
          return { loss: read(result.value), ...readAll({ characters: sum.characters, query: sum.blocks[0].query }) };
        });
    },
    adamw({ g, ...inputs }) {
      const optimizer = adamw({ learningRate: adamRate });
      const [{ g: slope }, initial] = [tensors({ g }), tensors(inputs)];
      const step = fast(
        (params, state, g) => {
          const { updates, state: next } = optimizer.update({ p: g }, state, params);
          const updated = applyUpdates(params, updates);
          return { params: updated, state: next, total: sum(updated.p) };
        },
        [],
        { donate: [0, 1] },
      );
      let [params, state] = [initial, optimizer.init(initial)];
      return () =>
        after(step(params, state, slope), (next) => {
          ({ params, state } = next);
          return { sum: read(next.total) };
        });
    },
    gemm(inputs) {
      const { a, b } = tensors(inputs);
      const product = fast((a, b) => matmul(a, b));
      return () => after(product(a, b), (y) => ({ product: read(y) }));
    },
    hessian(inputs) {
      const { X, labels, W } = tensors(inputs);
      const second = fast(
        hessian((W, X, labels) => crossEntropy(matmul(X, W), labels)),
        [X, labels],
      );
      return () => after(second(W), (H) => ({ H: read(H) }));
    },
  },
);

/** Runs jax-js for the benchmark, on its WebAssembly device and with `jit` for every benchmark case: `node jax.mjs`. */
import { readFileSync } from "node:fs";
import { defaultDevice, grad, hessian, init, jit, nn, numpy as np, valueAndGrad, vjp } from "@jax-js/jax";
import { serve } from "./serve.mjs";

await init("wasm"); // the default device needs a navigator, which Node 20 lacks
defaultDevice("wasm");
const rate = 0.1;
const classes = 10;

const tensors = (inputs) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, values }]) => [name, np.array(values).reshape([...shape])]),
  );
const oneHot = ({ values }) => {
  const Y = new Float32Array(values.length * classes);
  values.forEach((label, i) => {
    Y[i * classes + label] = 1;
  });
  return np.array(Y).reshape([values.length, classes]);
};
const readAll = (named) => Object.fromEntries(Object.entries(named).map(([name, t]) => [name, t.dataSync()]));
const crossEntropy = (z, Y) =>
  nn
    .logSoftmax(z, -1)
    .mul(Y)
    .sum()
    .mul(-1 / Y.shape[0]);

/** Returns a function that does one training step, whose loss is `loss(params, X, Y)`. */
function descent(loss, initial, X, Y) {
  const names = Object.keys(initial);
  const argnums = names.map((_, i) => i);
  const step = jit((...all) => {
    const [X, Y] = all.slice(names.length);
    const params = all.slice(0, names.length);
    const [value, slopes] = valueAndGrad((...p) => loss(...p, X.ref, Y.ref), { argnums })(...params.map((p) => p.ref));
    X.dispose();
    Y.dispose();
    return [value, ...params.map((p, i) => p.sub(slopes[i].mul(rate)))];
  });
  let params = Object.values(initial);
  return () => {
    const [value, ...next] = step(...params, X.ref, Y.ref);
    params = next;
    return { loss: value.dataSync(), ...readAll(Object.fromEntries(names.map((name, i) => [name, params[i].ref]))) };
  };
}

const { version } = JSON.parse(
  readFileSync(new URL("../node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"),
);

await serve(
  { "jax-js": version },
  {
    softmax(inputs) {
      const { x, g } = tensors(inputs);
      const pull = jit((x, g) => {
        const [s, pullback] = vjp((x) => nn.softmax(x, -1), [x]);
        const [dx] = pullback(g);
        return [s, dx];
      });
      return () => {
        const [s, dx] = pull(x.ref, g.ref);
        return readAll({ s, dx });
      };
    },
    regression({ X, labels }) {
      const loss = (W, b, X, Y) => crossEntropy(np.matmul(X, W).add(b), Y);
      return descent(loss, { W: np.zeros([784, classes]), b: np.zeros([classes]) }, tensors({ X }).X, oneHot(labels));
    },
    mlp({ X, labels, ...params }) {
      const loss = (A, a, B, b, X, Y) => crossEntropy(np.matmul(nn.relu(np.matmul(X, A).add(a)), B).add(b), Y);
      return descent(loss, tensors(params), tensors({ X }).X, oneHot(labels));
    },
    tiny(inputs) {
      const { x, ...params } = tensors(inputs);
      const names = Object.keys(params);
      const layer = (x, W, b) => np.tanh(np.matmul(x, W).add(b));
      const loss = (A, a, B, b, C, c) => layer(layer(layer(x.ref, A, a), B, b), C, c).sum();
      const gradient = jit((...p) => grad(loss, { argnums: [0, 1, 2, 3, 4, 5] })(...p));
      return () => {
        const slopes = gradient(...Object.values(params).map((p) => p.ref));
        return readAll(Object.fromEntries(names.map((name, i) => [name, slopes[i]])));
      };
    },
    chain(inputs, { length }) {
      const { x, c } = tensors(inputs);
      const gradient = jit((x, c) =>
        grad((x) => {
          let h = x;
          for (let i = 0; i < length; i += 2) h = np.tanh(h).add(c.ref);
          return h.sum();
        })(x),
      );
      return () => readAll({ dx: gradient(x.ref, c.ref) });
    },
    gemm(inputs) {
      const { a, b } = tensors(inputs);
      const product = jit((a, b) => np.matmul(a, b));
      return () => readAll({ product: product(a.ref, b.ref) });
    },
    hessian({ X, labels, W }) {
      const { X: features, W: weights } = tensors({ X, W });
      const Y = oneHot(labels);
      const flat = weights.reshape([-1]); // hessian does not accept a matrix
      const second = jit(hessian((w) => crossEntropy(np.matmul(features.ref, w.reshape([...W.shape])), Y.ref)));
      return () => readAll({ H: second(flat.ref) });
    },
  },
);

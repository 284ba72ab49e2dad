/**
 * Prints the measured peak memory of one gradient, and the peak memory that Wengert's function `cost` predicts: `node
 * --expose-gc memory.mjs FAMILY SIZES`. Runs only on Linux, because it reads the peak resident memory from /proc.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cost, fromNdarray, grad, trace, valueAndGrad, vjp, zeros } from "../../../packages/core/dist/index.js";
import { ndarray } from "../../../packages/core/dist/ndarray.js";
import { add, crossEntropy, matmul, softmax, sum, tanh } from "../../../packages/ops/dist/index.js";
import { inputsOf } from "../data.mjs";

const [family, text] = process.argv.slice(2);
const sizes = JSON.parse(text);

/** Maps each family of benchmark cases to a function that returns the gradient function and its arguments. */
const families = {
  chain: ({ length }) => {
    const { x, c } = tensors({ scale: 1 });
    const gradient = grad((x, c) => {
      let h = x;
      for (let i = 0; i < length; i += 2) h = add(tanh(h), c);
      return sum(h);
    });
    return [gradient, x, c];
  },
  regression: ({ rows }) => {
    const { X, labels } = tensors({ rows });
    const dtype = "float32";
    const loss = ({ W, b }, X) => crossEntropy(add(matmul(X, W), b), labels);
    return [valueAndGrad(loss), { W: zeros([784, 10], { dtype }), b: zeros([10], { dtype }) }, X];
  },
  softmax: ({ rows, K }) => {
    const { x, g } = tensors({ rows, K });
    const pull = (x, g) => {
      const { value, pullback } = vjp((x) => softmax(x), x);
      return [value, pullback(g)];
    };
    return [pull, x, g];
  },
};

function tensors(sizes) {
  const entries = Object.entries(inputsOf(family, sizes));
  return Object.fromEntries(entries.map(([name, { shape, values }]) => [name, fromNdarray(ndarray(values, shape))]));
}

const smallest = { length: 10, rows: 10, K: 10 };
const [first, ...few] = families[family](smallest);
for (let i = 0; i < 100; i++) first(...few); // compiles the code and loads the kernels

const [f, ...args] = families[family](sizes);
const { peakBytes } = cost(trace(f, ...args));
const inputBytes = args.flatMap((arg) => Object.values(arg.data ? { arg } : arg)).reduce((n, t) => n + 4 * t.size, 0);
gc();
await new Promise((resolve) => setTimeout(resolve, 50)); // freed memory returns to the system after a delay
gc();
writeFileSync("/proc/self/clear_refs", "5");
const before = status("VmRSS");
f(...args);
console.log(JSON.stringify({ predicted: peakBytes, measured: status("VmHWM") - before + inputBytes }));

function status(name) {
  return 1024 * Number(readFileSync("/proc/self/status", "utf8").match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]);
}

/**
 * Runs ONNX Runtime on the CPU for the benchmark: `node onnxruntime.mjs`. ONNX Runtime cannot differentiate, so the
 * gradients in this file are written by hand. ONNX Runtime is included to show the speed of native kernels.
 */
import ort from "onnxruntime-node";
import { model, node } from "../cases/onnx.mjs";
import { serve } from "./serve.mjs";

const rate = 0.1;
const classes = 10;

const tensor = ({ shape, values }) => new ort.Tensor("float32", values, shape);
const numbers = (values, shape = [values.length]) => new ort.Tensor("float32", Float32Array.from(values), shape);
const tensors = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensor(input)]));
const readAll = (named) => Object.fromEntries(Object.entries(named).map(([name, { data }]) => [name, data]));
const shapesOf = (named) => Object.fromEntries(Object.entries(named).map(([name, { dims }]) => [name, dims]));
const oneHot = ({ values }) => {
  const Y = new Float32Array(values.length * classes);
  values.forEach((label, i) => {
    Y[i * classes + label] = 1;
  });
  return new ort.Tensor("float32", Y, [values.length, classes]);
};

/** Creates an ONNX Runtime session for a graph. @returns a function that runs the graph on named tensors */
async function session(nodes, inputs, outputs) {
  const bytes = model(nodes, shapesOf(inputs), outputs);
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential" };
  const loaded = await ort.InferenceSession.create(bytes, options);
  return (feeds) => loaded.run(feeds);
}

async function once(nodes, feeds, outputs) {
  const run = await session(nodes, feeds, outputs);
  return async () => readAll(await run(feeds));
}

/**
 * Returns a function that does one training step. The graph's output `W'` is the updated parameter `W`, and so on for all
 * parameters.
 */
async function descent(nodes, constants, params) {
  const names = Object.keys(params);
  const shapes = shapesOf(params);
  const next = Object.fromEntries(names.map((name) => [`${name}'`, shapes[name]]));
  const step = await session(nodes, { ...constants, ...params }, { loss: [1, 1], ...next });
  let current = params;
  return async () => {
    const result = await step({ ...constants, ...current });
    current = Object.fromEntries(names.map((name) => [name, result[`${name}'`]]));
    return { loss: result.loss.data, ...readAll(current) };
  };
}

/**
 * The graph nodes of the mean cross-entropy of the logits z [rows, 10]. The output d is the gradient of the loss with
 * respect to z, before the division by the number of rows.
 */
const scoresToLoss = [
  node("LogSoftmax", ["z"], "l", { axis: 1 }),
  node("Mul", ["l", "Y"], "ly"),
  node("ReduceMean", ["ly"], "m", { axes: [0, 1], keepdims: 1 }),
  node("Mul", ["m", "minusK"], "loss"),
  node("Softmax", ["z"], "p", { axis: 1 }),
  node("Sub", ["p", "Y"], "d"),
];
/**
 * The graph nodes that update a bias b to b' = b − rate · (mean of d over the rows), where d is the gradient with
 * respect to the logits.
 */
const descendBias = (d, b) => [
  node("ReduceMean", [d], `${b}_mean`, { axes: [0], keepdims: 0 }),
  node("Mul", [`${b}_mean`, "rate"], `${b}_step`),
  node("Sub", [b, `${b}_step`], `${b}'`),
];
const settings = { rate: numbers([rate]), minusK: numbers([-classes]) };

await serve(
  { onnxruntime: ort.env.versions.node ?? ort.env.versions.common },
  {
    softmax(inputs, { rows, K }) {
      const nodes = [
        node("Softmax", ["x"], "s", { axis: 1 }),
        node("Mul", ["s", "g"], "sg"),
        node("ReduceSum", ["sg"], "total", { axes: [1], keepdims: 1 }),
        node("Sub", ["g", "total"], "centered"),
        node("Mul", ["s", "centered"], "dx"),
      ];
      return once(nodes, tensors(inputs), { s: [rows, K], dx: [rows, K] });
    },
    regression({ X, labels }, { rows }) {
      const nodes = [
        node("Gemm", ["X", "W", "b"], "z"),
        ...scoresToLoss,
        node("Gemm", ["X", "d", "W"], "W'", { transA: 1, alpha: -rate / rows }),
        ...descendBias("d", "b"),
      ];
      const params = {
        W: numbers(new Float32Array(784 * classes), [784, classes]),
        b: numbers(new Float32Array(classes)),
      };
      return descent(nodes, { ...settings, X: tensor(X), Y: oneHot(labels) }, params);
    },
    mlp({ X, labels, ...params }, { rows }) {
      const nodes = [
        node("Gemm", ["X", "A", "a"], "u"),
        node("Relu", ["u"], "h"),
        node("Gemm", ["h", "B", "b"], "z"),
        ...scoresToLoss,
        node("Gemm", ["h", "d", "B"], "B'", { transA: 1, alpha: -rate / rows }),
        ...descendBias("d", "b"),
        node("Gemm", ["d", "B"], "dh", { transB: 1 }),
        node("Sign", ["h"], "slope"),
        node("Mul", ["dh", "slope"], "du"),
        node("Gemm", ["X", "du", "A"], "A'", { transA: 1, alpha: -rate / rows }),
        ...descendBias("du", "a"),
      ];
      return descent(nodes, { ...settings, X: tensor(X), Y: oneHot(labels) }, tensors(params));
    },
    gemm(inputs, { m, n }) {
      return once([node("MatMul", ["a", "b"], "product")], tensors(inputs), { product: [m, n] });
    },
  },
);

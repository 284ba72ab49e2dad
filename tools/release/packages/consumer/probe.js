// Every runtime and browser runs this program on the installed packages. The resulting numbers must be equal everywhere.
import * as core from "@wengert/core";
import { isFloat } from "@wengert/core/extend";
import * as ops from "@wengert/ops";
import * as opsExtend from "@wengert/ops/extend";
import { adam, fit } from "@wengert/train";

const { grad, Tensor, tensor, treeMap, vjp } = core;
const { add, axpy, crossEntropy, kernels, matmul, tanh } = ops;

/**
 * Computes the values and pullbacks of each op at its samples, and the results of two fits, with each available kernel.
 * @returns {Promise<{ available: readonly string[], numbers: Record<string, Record<string, (number | string)[]>> }>}
 */
export async function probe() {
  const { available } = kernels();
  const numbers = {};
  for (const name of available) {
    kernels(name);
    numbers[name] = { ...ofSamples(), "a fit by gradients": ofFit() };
    numbers[name]["a fit by fit"] = await ofTrain();
  }
  kernels("auto");
  return { available, numbers };
}

/** Returns the values of each op at its samples, and the pullbacks of a fixed cotangent. */
function ofSamples() {
  const all = {};
  for (const [name, call] of Object.entries({ ...ops, ...opsExtend })) {
    const samples = call.samples?.() ?? call.spec?.samples() ?? [];
    samples.forEach((given, i) => {
      const sample = withTensors(given, rounded);
      const floats = tensorsIn(sample).filter(({ dtype }) => isFloat(dtype));
      const f = (...args) => {
        const next = args.values();
        return call(...withTensors(sample, (t) => (isFloat(t.dtype) ? next.next().value : t)));
      };
      const { value, pullback } = vjp(f, ...floats);
      const back = pullback(withTensors(value, (y) => (isFloat(y.dtype) ? direction(y) : y)));
      all[`${name}, sample ${i + 1}`] = [value, back].flatMap(numbersIn);
    });
  }
  if (Object.keys(all).length < 150) throw new Error("expected at least 150 samples of ops");
  return all;
}

/** Rounds the elements of a tensor. Samples use Math.sin, whose last digits depend on the JavaScript engine. */
function rounded(t) {
  if (!isFloat(t.dtype) || t.size === 0) return t;
  const round = (x) => (Array.isArray(x) ? x.map(round) : Number.isFinite(x) ? Math.round(x * 2 ** 30) / 2 ** 30 : x);
  return tensor(round(t.toNested()), { dtype: t.dtype });
}

/** Trains a network of two layers on spiral data by gradient descent. */
function ofFit() {
  const [X, labels] = spiral();
  const loss = ({ W, b, V }) => crossEntropy(matmul(tanh(add(matmul(X, W), b)), V), labels);
  let params = model();
  for (let i = 0; i < 50; i++) params = treeMap((p, g) => axpy(-0.5, g, p), params, grad(loss)(params));
  return numbersIn([loss(params), params]);
}

/** Trains a network of two layers on spiral data by `fit`, in batches, with Adam. */
async function ofTrain() {
  const [X, labels] = spiral();
  const loss = ({ W, b, V }, { X, labels }) => crossEntropy(matmul(tanh(add(matmul(X, W), b)), V), labels);
  const options = {
    optimizer: adam({ learningRate: 0.05 }),
    epochs: 5,
    batchSize: 16,
    key: ops.randomKey(1),
    progress: false,
  };
  const { params } = await fit(loss, model(), { X, labels }, options);
  return numbersIn(params);
}

function spiral() {
  const points = Array.from({ length: 60 }, (_, i) => {
    const [arm, t] = [i % 3, i / 60];
    const [turn, r] = [arm * 2 + 4 * t, 0.2 + t];
    // This code avoids Math.sin, because its last digits depend on the engine.
    return [r * (1 - (turn % 2)), r * ((turn % 3) - 1.5)];
  });
  const labels = tensor(
    points.map((_, i) => i % 3),
    { dtype: "int32" },
  );
  return [tensor(points, { dtype: "float32" }), labels];
}

function model() {
  const like = (...shape) => direction(core.zeros(shape, { dtype: "float32" }));
  return { W: like(2, 16), b: like(16), V: like(16, 3) };
}

/** Returns a tensor of fixed numbers in (−1, 1), with the shape and dtype of `t`. */
function direction({ shape, dtype }) {
  let state = 7;
  const next = () => {
    state = (Math.imul(state ^ (state >>> 16), 0x45d9f3b) + 0x9e3779b9) >>> 0;
    return (state + 0.5) / 2 ** 31 - 1;
  };
  const nested = ([n, ...rest]) => (n === undefined ? next() : Array.from({ length: n }, () => nested(rest)));
  return shape.includes(0) ? core.zeros(shape, { dtype }) : tensor(nested(shape), { dtype });
}

function tensorsIn(value) {
  if (value instanceof Tensor) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}

function withTensors(value, f) {
  if (value instanceof Tensor) return f(value);
  if (Array.isArray(value)) return value.map((x) => withTensors(x, f));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, x]) => [key, withTensors(x, f)]));
}

/** Returns all numbers of a tree in a form that JSON can represent. */
function numbersIn(tree) {
  return tensorsIn(tree)
    .flatMap((t) => [t.toNested()].flat(9).map(Number))
    .map((x) => (Number.isFinite(x) && !Object.is(x, -0) ? x : Object.is(x, -0) ? "-0" : String(x)));
}

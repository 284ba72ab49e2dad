/** Finds the differentiable inputs and the accepted dtypes of each op by calling the op with its sample arguments. */

/** @typedef {typeof import("../../packages/core/src/index.ts") & typeof import("../../packages/core/src/extend.ts")} Core */
/** @typedef {typeof import("../../packages/ops/src/index.ts") & typeof import("../../packages/ops/src/extend.ts")} Ops */
/** @typedef {import("../../packages/core/src/index.ts").Tensor} Tensor */
/** @typedef {import("../../packages/core/src/index.ts").DType} DType */
/** @typedef {import("../../packages/core/src/extend.ts").AnyOpSpec} Spec */
/** @typedef {readonly unknown[]} Args */
/**
 * An exported op, or an exported function that is composed of ops.
 * @typedef {((...args: Args) => Tensor | Tensor[]) & { spec?: Spec, samples?: () => readonly Args[] }} Exported
 */
/** @typedef {import("./model.mjs").Export} Declaration */

/** @param {Exported} op @returns {readonly Args[]} */
const samplesOf = (op) => op.samples?.() ?? /** @type {readonly Args[]} */ (op.spec?.samples() ?? []);

/**
 * Returns the names of an op's inputs and options that receive a nonzero cotangent at one or more samples.
 * @param {Declaration} declaration @param {Exported} op @param {Core} core @param {Ops} ops
 */
export function differentiableBy({ inputs, options }, op, { grad, isFloat, tensor, Tensor }, { mul, reshape, sum }) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const sample of samplesOf(op)) {
    /** @type {Tensor[]} */
    const floats = [];
    /** @type {string[]} */
    const names = [];
    eachTensor(sample, inputs, Tensor, (x, name) => {
      if (isFloat(x.dtype)) names[floats.push(x) - 1] = name;
      return x;
    });
    const loss = (/** @type {Tensor[]} */ xs) => {
      const next = xs.values();
      const args = eachTensor(sample, inputs, Tensor, (x) => (isFloat(x.dtype) ? (next.next().value ?? x) : x));
      const y = first(op(...args));
      const u = tensor(Float64Array.from({ length: y.size }, (_, i) => Math.sin(i + 1)));
      return isFloat(y.dtype) ? sum(mul(reshape(y, { shape: [-1] }), u)) : tensor(0);
    };
    for (const [k, cotangent] of grad(loss)(floats).entries()) {
      if (sum(mul(cotangent, cotangent)).item() !== 0) found.add(names[k] ?? "");
    }
  }
  return [...inputs, ...options.map(({ name }) => name)].filter((name) => found.has(name));
}

/**
 * Returns the dtypes that an op accepts, such as "float, int32; bool → int32". An arrow points to the dtype of the
 * result, if this differs from the dtype of the input. The function calls the op with sample arguments, converted to
 * each dtype.
 * @param {Declaration} declaration @param {Exported} op @param {Core} core @param {Ops} ops
 */
export function dtypesOf({ inputs, options }, op, { isFloat, tensor, Tensor, WengertError }, { reshape }) {
  const chosen = options.some(({ name }) => name === "dtype") ? "`dtype`" : undefined;
  /** @type {Map<string, string>} */
  const results = new Map();
  for (const dtype of /** @type {const} */ (["float64", "float32", "int32", "bool"])) {
    for (const sample of samplesOf(op)) {
      /** @type {Set<string>} */
      const given = new Set();
      const args = eachTensor(dtype === "int32" ? inWholes(sample) : sample, inputs, Tensor, (x) => {
        if (!isFloat(x.dtype)) return x;
        given.add(dtype);
        return reshape(tensor(valuesFor(dtype, x), { dtype }), { shape: x.shape });
      });
      if (given.size === 0) eachTensor(sample, inputs, Tensor, (x) => given.add(x.dtype));
      const key = [...given].join();
      if (results.has(key)) continue;
      try {
        results.set(key, chosen ?? first(op(...args)).dtype);
      } catch (error) {
        if (!(error instanceof WengertError)) throw error; // the op rejects the dtype
      }
    }
  }
  /** @type {Map<string, Set<string>>} */
  const byResult = new Map();
  const isFixed = results.size > 1 && new Set(results.values()).size === 1;
  for (const [from, to] of results) {
    const result = from === to && !isFixed ? "" : `→ ${to}`;
    byResult.set(result, (byResult.get(result) ?? new Set()).add(from.replace(/float(32|64)/, "float")));
  }
  return [...byResult].map(([result, from]) => `${[...from].join(", ")} ${result}`.trim()).join("; ");
}

/**
 * Converts the tensor x to the dtype. Integers become positive, because some ops reject negative integers.
 * @param {DType} dtype @param {Tensor} x
 */
function valuesFor(dtype, x) {
  const values = [x.toNested()].flat(9).map(Number);
  if (dtype === "int32") return values.map((value) => Math.round(Math.abs(value)) + 1);
  return dtype === "bool" ? values.map((value) => Number(value > 0)) : values;
}

/** Rounds the numbers in an op's options to integers. @param {Args} args @returns {Args} */
function inWholes(args) {
  return args.map((arg) => {
    if (typeof arg !== "object" || arg === null || Object.getPrototypeOf(arg) !== Object.prototype) return arg;
    const entries = Object.entries(arg).map(([name, x]) => [name, typeof x === "number" ? Math.round(x) : x]);
    return Object.fromEntries(entries);
  });
}

/**
 * Returns the arguments with each tensor replaced by `f(tensor, name)`, where `name` is the input or option.
 * @param {Args} args @param {readonly string[]} inputs @param {Core["Tensor"]} Tensor
 * @param {(x: Tensor, name: string) => unknown} f @returns {Args}
 */
function eachTensor(args, inputs, Tensor, f) {
  return args.map((arg, i) => {
    const name = inputs[i] ?? inputs.at(-1) ?? ""; // the last name may apply to several arguments
    if (arg instanceof Tensor) return f(arg, name);
    if (Array.isArray(arg)) return arg.map((x) => (x instanceof Tensor ? f(x, name) : x));
    if (typeof arg !== "object" || arg === null) return arg;
    return Object.fromEntries(Object.entries(arg).map(([key, x]) => [key, x instanceof Tensor ? f(x, key) : x]));
  });
}

/** @param {Tensor | Tensor[]} y @returns {Tensor} */
const first = (y) => {
  if (Array.isArray(y)) return /** @type {Tensor} */ (y[0]);
  return "dtype" in y ? y : /** @type {Tensor} */ (Object.values(y).at(-1)); // the parts of a factorization
};

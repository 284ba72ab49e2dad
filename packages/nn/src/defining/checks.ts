import {
  ArgumentError,
  type DType,
  DTypeError,
  OutOfRangeError,
  ShapeError,
  type Spec,
  Tensor,
  TreeError,
} from "@wengert/core";
import {
  checkDType,
  describe,
  isFloat,
  isList,
  type OtherNames,
  type Shape,
  shapeText,
  show,
  withDefaults,
} from "@wengert/core/extend";
import type { ApplyOptions, InitOptions, Input } from "./layer.ts";

/** The checked arguments of `init`. */
export interface Start {
  readonly key: Tensor;
  readonly input: Required<Pick<Spec, "shape">> & { readonly dtype: DType };
  /** The dtype of the parameters. */
  readonly dtype: "float32" | "float64";
}

/** Returns the arguments of the `init` of a layer. @throws ArgumentError, DTypeError or ShapeError if one is invalid */
export function startOf(key: Tensor, input: Input, options: InitOptions | undefined): Start {
  const checkedKey = keyOf(key);
  const { dtype } = withDefaults<InitOptions>("init", options, { dtype: undefined });
  if (dtype !== undefined && !isFloat(checkDType(dtype)))
    throw new DTypeError(`dtype must be float64 or float32, got ${dtype}`);
  const { shape, dtype: inputDType = dtype ?? "float64" } = isList(input) ? { shape: input as Shape } : specOf(input);
  if (!isList(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    const hint = isList(shape) && shape.some((n) => n === -1 || n === null) ? "; write 1 for the batch axis" : "";
    throw new ShapeError(
      `the sizes of the input must be whole numbers of at least 0, got ${isList(shape) ? shapeText(shape) : show(shape)}${hint}`,
    );
  }
  const given = checkDType(inputDType);
  return { key: checkedKey, input: { shape, dtype: given }, dtype: dtype ?? (given === "float32" ? given : "float64") };
}

function specOf(input: unknown): Spec {
  if (input instanceof Tensor) return input;
  if (typeof input === "object" && input !== null && "shape" in input) return input as Spec;
  throw new ArgumentError(
    `the input must be a shape, { shape, dtype } or a tensor, got ${show(input)}; write init(key, [1, 784])`,
  );
}

function keyOf(key: unknown): Tensor {
  if (key instanceof Tensor && key.dtype === "int32" && String(key.shape) === "2") return key;
  const got = key instanceof Tensor ? `${describe(key)}, ${key.dtype}` : show(key);
  throw new DTypeError(`key must be a key, int32 [2], got ${got}; write randomKey(1)`);
}

/** The checked options of `apply`. Outside training, `key` is `undefined`, because no layer uses it. */
export interface Run {
  readonly key: Tensor | undefined;
  readonly training: boolean;
}

const ofFit = "pass { key, training }";
const otherNames: OtherNames = {
  rng: "key",
  rngs: "key",
  seed: "write { key: randomKey(1) }",
  train: "training",
  step: ofFit,
  epoch: ofFit,
};
const inference: Run = { key: undefined, training: false };

/** Returns the options of the `apply` of a layer. @throws ArgumentError or DTypeError if an option is invalid */
export function runOf(options: ApplyOptions | undefined): Run {
  if (options === undefined) return inference;
  const { key, training } = withDefaults<ApplyOptions>(
    "apply",
    options,
    { key: undefined, training: false },
    otherNames,
  );
  const isTraining = booleanOption("training", training);
  if (key !== undefined) keyOf(key);
  return isTraining ? { key, training: true } : inference;
}

/** Returns an option of a layer. @throws ArgumentError unless the option is true or false */
export function booleanOption(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${name} must be true or false, got ${show(value)}`);
}

/** Returns an option of a layer. @throws ArgumentError unless the option is a whole number of at least 1 */
export function countOption(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw new ArgumentError(`${name} must be a whole number of at least 1, got ${show(value)}`);
}

/** Returns an option of a layer. @throws ArgumentError unless the option is a function or `undefined` */
export function functionOption<F>(name: string, value: F): F {
  if (value === undefined || typeof value === "function") return value;
  throw new ArgumentError(`${name} must be a function, got ${show(value)}; write { ${name}: heNormal }`);
}

/** Returns the option `rate` of a layer. @throws OutOfRangeError unless the rate is a number from 0 to 1 */
export function rateOption(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  const hint = typeof value === "number" ? "" : "; write 0.5";
  throw new OutOfRangeError(`${name} must be a number from 0 to 1, got ${show(value)}${hint}`);
}

/** @throws TreeError unless `params` is an object or a list */
export function checkTree(params: unknown): void {
  if (typeof params === "object" && params !== null) return;
  throw new TreeError(`params must be a tree of tensors, got ${show(params)}; pass the tree that init returns`);
}

/**
 * Checks the parameters of a layer, and that their dtype is the dtype of x.
 * @throws TreeError unless each parameter is a tensor; DTypeError for mixed dtypes
 */
export function checkParams(params: object, names: readonly string[], x?: Tensor): void {
  checkTree(params);
  for (const name of names) {
    const param = (params as Readonly<Record<string, unknown>>)[name];
    if (!(param instanceof Tensor))
      throw new TreeError(`params.${name} must be a tensor, got ${show(param)}; pass the tree that init returns`);
    if (x === undefined || param.dtype === x.dtype) continue;
    const hint = isFloat(x.dtype) ? `, or init(key, shape, { dtype: "${x.dtype}" })` : "";
    throw new DTypeError(
      `${describe(x, "x")} is ${x.dtype} and params.${name} is ${param.dtype}; write cast(x, { dtype: "${param.dtype}" })${hint}`,
    );
  }
}

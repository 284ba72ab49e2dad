import { Tensor, TreeError } from "@wengert/core";
import { argumentName, isList, isSameShape, show, tensorHint } from "@wengert/core/extend";

// The signature of a call: the structure of the arguments, the shapes and dtypes of their tensors, and all values that are
// not tensors.

export interface Signature {
  /** The names of the tensors, such as `params.W`, in the order of the arguments. */
  readonly names: readonly string[];
  /** For each tensor, the index of the argument that contains the tensor. */
  readonly argumentOf: readonly number[];
  /**
   * Compares the signature of `args` with the stored signature. Returns the first difference as a text, such as "rate
   * had a new value", or `undefined` if the signatures are equal. For equal signatures, appends the tensors of `args`
   * to `list`.
   */
  readonly difference: (args: readonly unknown[], list: Tensor[]) => string | undefined;
  /** Returns the arguments with their tensors replaced by `tensors`. */
  readonly withTensors: (tensors: readonly Tensor[]) => readonly unknown[];
}

/**
 * Compares `node`, a subtree of an argument, with the stored signature of the subtree at the same path. Returns the
 * first difference as a text, or `undefined` if there is none. Appends the tensors of `node` to `list`.
 */
type Comparison = (node: unknown, list: Tensor[]) => string | undefined;

const maxLevels = 100;

/**
 * Returns the signature of a call of `f`, and appends the tensors of its arguments to `list`.
 * @throws TreeError if an argument contains an object that is neither a tensor nor a list or plain object, or contains
 * itself
 */
export function signatureOf(f: (...args: never) => unknown, args: readonly unknown[], list: Tensor[]): Signature {
  const names: string[] = [];
  const argumentOf: number[] = [];
  const comparisonOf = (node: unknown, path: string, level: number): Comparison => {
    if (level > maxLevels)
      throw new TreeError(
        `compile: ${path.slice(0, 40)}… is nested deeper than ${maxLevels} levels; does it contain itself?`,
      );
    if (node instanceof Tensor) {
      const { shape, dtype } = node;
      names.push(path);
      list.push(node);
      const text = `${path} had a new shape or dtype`;
      return (other, found) => {
        if (!(other instanceof Tensor) || other.dtype !== dtype || !isSameShape(other.shape, shape)) return text;
        found.push(other);
        return undefined;
      };
    }
    const structure = `${path} had a new structure`;
    if (isList(node)) {
      const entries: Comparison[] = [];
      for (let i = 0; i < node.length; i++) entries.push(comparisonOf(node[i], `${path}[${i}]`, level + 1));
      return (other, found) => {
        if (!isList(other) || other.length !== entries.length) return structure;
        for (let i = 0; i < entries.length; i++) {
          const difference = entries[i]!(other[i], found);
          if (difference !== undefined) return difference;
        }
        return undefined;
      };
    }
    if (isPlainObject(node)) {
      const keys = Object.keys(node);
      const entries: Comparison[] = [];
      for (const key of keys) entries.push(comparisonOf(node[key], `${path}.${key}`, level + 1));
      return (other, found) => {
        if (!isPlainObject(other)) return structure;
        if (Object.keys(other).length !== keys.length) return structure;
        for (let i = 0; i < keys.length; i++) {
          if (!Object.hasOwn(other, keys[i]!)) return structure; // the order of the keys does not matter
          const difference = entries[i]!(other[keys[i]!], found);
          if (difference !== undefined) return difference;
        }
        return undefined;
      };
    }
    // Arguments of a compiled function must not contain class instances, because their contents may change between two
    // calls.
    if (typeof node === "object" && node !== null)
      throw new TreeError(
        `compile: ${path} must be a tensor, a number, text or a function (or arrays and objects of them), got ${show(node)}${tensorHint(node) || "; pass numbers that change as a tensor"}`,
      );
    const text = `${path} had a new value`;
    return (other) => (Object.is(other, node) ? undefined : text);
  };
  const comparisons = args.map((arg, i) => {
    const comparison = comparisonOf(arg, argumentName(f, i), 0);
    while (argumentOf.length < names.length) argumentOf.push(i);
    return comparison;
  });
  return {
    names,
    argumentOf,
    difference: (others, found) => {
      if (others.length !== comparisons.length) return "the number of arguments was new";
      for (let i = 0; i < comparisons.length; i++) {
        const difference = comparisons[i]!(others[i], found);
        if (difference !== undefined) return difference;
      }
      return undefined;
    },
    withTensors: (tensors) => {
      const next = tensors.values();
      return args.map((arg) => replaceTensors(arg, () => next.next().value!));
    },
  };
}

function replaceTensors(node: unknown, f: () => Tensor): unknown {
  if (node instanceof Tensor) return f();
  if (isList(node)) return node.map((entry) => replaceTensors(entry, f));
  if (!isPlainObject(node)) return node;
  return Object.fromEntries(Object.entries(node).map(([key, entry]) => [key, replaceTensors(entry, f)]));
}

/** Returns whether a tensor has no values, as during a trace. */
export const isTraced = (x: Tensor): boolean => x.array === undefined;

/** Returns whether any argument contains a tensor without values, as during a trace. Never throws. */
export function hasTraced(node: unknown, level = 0): boolean {
  if (node instanceof Tensor) return isTraced(node);
  if (level > maxLevels) return false;
  if (isList(node)) return node.some((entry) => hasTraced(entry, level + 1));
  return isPlainObject(node) && Object.values(node).some((entry) => hasTraced(entry, level + 1));
}

function isPlainObject(x: unknown): x is Readonly<Record<string, unknown>> {
  if (typeof x !== "object" || x === null || x instanceof Tensor || isList(x)) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

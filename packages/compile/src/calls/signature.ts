import { Tensor, TreeError } from "@wengert/core";
import { argumentName, isList, isSameShape, show, tensorHint } from "@wengert/core/extend";

// The signature of a call: the structure of the arguments, the shapes and dtypes of their tensors, and all values that are
// not tensors.

export interface Signature {
  /** The names of the tensors, such as `params.W`, in the order of the arguments. */
  readonly names: readonly string[];
  /** Appends the tensors of other arguments to `list`. Returns false if these arguments have another signature. */
  readonly matches: (args: readonly unknown[], list: Tensor[]) => boolean;
  /** Returns the arguments with their tensors replaced by `tensors`. */
  readonly withTensors: (tensors: readonly Tensor[]) => readonly unknown[];
}

/** Returns whether a node has the same signature, and appends its tensors to `list`. */
type Matcher = (node: unknown, list: Tensor[]) => boolean;

const maxLevels = 100;

/**
 * Returns the signature of a call of `f`, and appends the tensors of its arguments to `list`.
 * @throws TreeError if an argument contains an object that is neither a tensor nor a list or plain object, or contains
 * itself
 */
export function signatureOf(f: (...args: never) => unknown, args: readonly unknown[], list: Tensor[]): Signature {
  const names: string[] = [];
  const matcherOf = (node: unknown, path: string, level: number): Matcher => {
    if (level > maxLevels)
      throw new TreeError(
        `compile: ${path.slice(0, 40)}… is nested deeper than ${maxLevels} levels; does it contain itself?`,
      );
    if (node instanceof Tensor) {
      const { shape, dtype } = node;
      names.push(path);
      list.push(node);
      return (other, found) => {
        if (!(other instanceof Tensor) || other.dtype !== dtype || !isSameShape(other.shape, shape)) return false;
        found.push(other);
        return true;
      };
    }
    if (isList(node)) {
      const entries: Matcher[] = [];
      for (let i = 0; i < node.length; i++) entries.push(matcherOf(node[i], `${path}[${i}]`, level + 1));
      return (other, found) => {
        if (!isList(other) || other.length !== entries.length) return false;
        for (let i = 0; i < entries.length; i++) if (!entries[i]!(other[i], found)) return false;
        return true;
      };
    }
    if (isPlainObject(node)) {
      const keys = Object.keys(node);
      const entries: Matcher[] = [];
      for (const key of keys) entries.push(matcherOf(node[key], `${path}.${key}`, level + 1));
      return (other, found) => {
        if (!isPlainObject(other)) return false;
        const others = Object.keys(other);
        if (others.length !== keys.length) return false;
        for (let i = 0; i < keys.length; i++)
          if (others[i] !== keys[i] || !entries[i]!(other[keys[i]!], found)) return false;
        return true;
      };
    }
    // The contents of any other object may change without a change of its identity.
    if (typeof node === "object" && node !== null)
      throw new TreeError(
        `compile: ${path} must be a tensor, a number, text or a function (or arrays and objects of them), got ${show(node)}${tensorHint(node) || "; pass numbers that change as a tensor"}`,
      );
    return (other) => Object.is(other, node);
  };
  const matchers = args.map((arg, i) => matcherOf(arg, argumentName(f, i), 0));
  return {
    names,
    matches: (others, found) => {
      if (others.length !== matchers.length) return false;
      for (let i = 0; i < matchers.length; i++) if (!matchers[i]!(others[i], found)) return false;
      return true;
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

/** Returns whether any argument contains a tensor without values, as during a trace. Never throws. */
export function hasTraced(node: unknown, level = 0): boolean {
  if (node instanceof Tensor) return node.array === undefined;
  if (level > maxLevels) return false;
  if (isList(node)) return node.some((entry) => hasTraced(entry, level + 1));
  return isPlainObject(node) && Object.values(node).some((entry) => hasTraced(entry, level + 1));
}

function isPlainObject(x: unknown): x is Readonly<Record<string, unknown>> {
  if (typeof x !== "object" || x === null || x instanceof Tensor || isList(x)) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

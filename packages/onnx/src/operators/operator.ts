import type { DType, Tensor } from "@wengert/core";
import type { FileAttribute, FileGraph, FileTensor } from "../format/file.ts";
import { dtypeOf, typeName } from "../format/types.ts";
import { misfit } from "./misfit.ts";

// An operator of ONNX: its signature, which is checked before anything runs, and its meaning in terms of the ops.

/** The inputs of a node: at least `N` tensors. Optional inputs may be missing. */
export type Given<N extends number> = N extends 0
  ? Optional
  : N extends 1
    ? readonly [Tensor, ...Optional]
    : N extends 2
      ? readonly [Tensor, Tensor, ...Optional]
      : N extends 3
        ? readonly [Tensor, Tensor, Tensor, ...Optional]
        : readonly [Tensor, Tensor, Tensor, Tensor, Tensor, ...Optional];
type Optional = readonly (Tensor | undefined)[];

/** A graph in an attribute: the body of a loop or a branch. */
export interface Body {
  readonly run: (outer: Values, inputs: readonly Tensor[]) => Tensor[];
}

/** The values of a graph by their names. */
export type Values = Pick<ReadonlyMap<string, Tensor>, "get">;

/** The node that runs. */
export interface Site {
  /** The length of the node's list of outputs. */
  readonly outputs: number;
  /**
   * Returns the number in a tensor with one element that is a constant of the ONNX file. Returns `undefined` for other
   * tensors.
   */
  readonly constant: (x: Tensor | undefined) => number | undefined;
  /** Returns the elements of a tensor. @throws TracedValueError if the tensor has no values during a trace */
  readonly numbers: (x: Tensor) => number[];
  /** Returns the only element of a tensor. */
  readonly number: (x: Tensor) => number;
  readonly runBody: (body: Body, inputs: readonly Tensor[]) => Tensor[];
}

/** Reads an attribute of a node, which may be missing. */
export type Attribute<T> = (attribute: FileAttribute | undefined, context: Context) => T;

/** Functions for attributes that contain tensors and graphs. */
export interface Context {
  readonly tensor: (tensor: FileTensor) => Tensor;
  readonly body: (graph: FileGraph) => Body;
}

/** Thrown for a valid node that cannot be imported, with the reason. The importer collects these errors. */
export class Unsupported {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export interface Operator {
  readonly name: string;
  /** The least and the largest number of inputs. */
  readonly inputs: readonly [number, number];
  /** The largest number of outputs. */
  readonly outputs: number;
  readonly attributes: Readonly<Record<string, Attribute<unknown>>>;
  /**
   * The indices of inputs that are never trainable: constants that the operator reads as numbers, and statistics of a
   * training set.
   */
  readonly settings: readonly number[];
  readonly run: (inputs: never, attributes: never, site: Site) => Tensor | readonly Tensor[];
}

type Attributes = Readonly<Record<string, Attribute<unknown>>>;
type Read<A extends Attributes> = { readonly [K in keyof A]: ReturnType<A[K]> };

/**
 * Declares an ONNX operator. `attributes` has a function for each attribute, which reads and checks the attribute's
 * value.
 */
export const operator = <const N extends number, A extends Attributes>(
  name: string,
  inputs: readonly [N, number],
  attributes: A,
  run: (inputs: Given<N>, attributes: Read<A>, site: Site) => Tensor | readonly Tensor[],
  { outputs = 1, settings = [] }: { readonly outputs?: number; readonly settings?: readonly number[] } = {},
): Operator => ({ name, inputs, outputs, attributes, settings, run });

/** Declares an operator without attributes that applies `op` to its inputs. */
export const same = (name: string, op: (...inputs: Tensor[]) => Tensor, count = 1): Operator =>
  operator(name, [count, count], {}, (inputs) => op(...(inputs as readonly Tensor[])));

/** Declares an operator with any number of inputs. */
export const variadic = <A extends Attributes>(
  name: string,
  attributes: A,
  run: (inputs: readonly Tensor[], attributes: Read<A>, site: Site) => Tensor,
): Operator =>
  operator(name, [1, Number.POSITIVE_INFINITY], attributes, (inputs, read, site) => {
    if (inputs.includes(undefined)) throw misfit("an input is missing");
    return run(inputs as readonly Tensor[], read, site);
  });

function valueIn<K extends FileAttribute["kind"]>(
  attribute: FileAttribute | undefined,
  kind: K,
): ValueOf<K> | undefined {
  if (attribute === undefined) return undefined;
  if (attribute.kind === kind) return attribute.value as ValueOf<K>;
  throw new Unsupported(`of type ${attribute.kind} instead of ${kind}`);
}

/** The type of the values of attributes whose `kind` is K. */
type ValueOf<K> = FileAttribute extends infer A
  ? A extends { readonly kind: infer Own; readonly value: infer V }
    ? K extends Own
      ? V
      : never
    : never
  : never;

/** A whole number. */
export const int =
  <D extends number | undefined>(otherwise: D): Attribute<number | D> =>
  (attribute) =>
    valueIn(attribute, "int") ?? otherwise;

/** A whole number that stands for true or false. */
export const flag =
  (otherwise: boolean): Attribute<boolean> =>
  (attribute) =>
    (valueIn(attribute, "int") ?? Number(otherwise)) !== 0;

export const float =
  <D extends number | undefined>(otherwise: D): Attribute<number | D> =>
  (attribute) =>
    valueIn(attribute, "float") ?? otherwise;

/** A list of whole numbers. */
export const ints: Attribute<readonly number[] | undefined> = (attribute) => valueIn(attribute, "ints");
export const floats: Attribute<readonly number[] | undefined> = (attribute) => valueIn(attribute, "floats");

export const texts: Attribute<readonly string[] | undefined> = (attribute) => valueIn(attribute, "texts");

/**
 * Reads a text attribute whose value must be one of `choices`. If the attribute is missing, returns the first choice.
 */
export const text =
  <const T extends string>(...choices: readonly [T, ...T[]]): Attribute<T> =>
  (attribute) => {
    const value = valueIn(attribute, "text") ?? choices[0];
    if ((choices as readonly string[]).includes(value)) return value as T;
    throw new Unsupported(JSON.stringify(value.slice(0, 40)));
  };

/** Any text. */
export const anyText: Attribute<string> = (attribute) => valueIn(attribute, "text") ?? "";

/** Reads an attribute that contains the number of an ONNX element type, and returns the dtype. */
export const dtype: Attribute<DType | undefined> = (attribute) => {
  const type = valueIn(attribute, "int");
  if (type === undefined) return undefined;
  const found = dtypeOf(type);
  if (found === undefined) throw new Unsupported(typeName(type));
  return found;
};

/** An attribute that does not affect the result. */
export const ignored: Attribute<undefined> = () => undefined;

export const tensorValue: Attribute<Tensor | undefined> = (attribute, { tensor }) => {
  const value = valueIn(attribute, "tensor");
  return value && tensor(value);
};

/** Reads a graph attribute, which must not be missing. */
export const graph: Attribute<Body> = (attribute, { body }) => {
  const value = valueIn(attribute, "graph");
  if (value === undefined) throw new Unsupported("missing");
  return body(value);
};

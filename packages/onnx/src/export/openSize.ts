import { ArgumentError } from "@wengert/core";
import type { Attributes, Graph, Initializer, Node, ValueInfo } from "../format/model.ts";
import { type Dimension, dimensionOf, lineThrough, sizeAlong } from "./dimension.ts";
import { computedSizes, numbersOf, type Sizes } from "./sizes.ts";

// Merges the graphs of two traces of one function that differ in one size, such as the batch size. The merged graph
// accepts any value of this size. The two graphs must have the same nodes. Constants that differ are computed from the
// shape of an input, at the start of the merged graph.

/**
 * Merges two graphs that differ in one size, such as the batch size, into a graph that accepts any value of this size.
 */
export function openSize(first: Graph, second: Graph, name: string): Graph {
  const dimension = dimensionOf(first, second, name);
  const sizes = computedSizes(dimension, namesIn(first));
  const none = new Map<string, never>();
  const graph = mergeGraphs(first, second, { dimension, sizes, constants: [none, none], names: none });
  const merged = withoutUnused(graph, usedNames(graph));
  return {
    ...merged,
    nodes: [...sizes.nodes, ...merged.nodes],
    initializers: [...sizes.initializers, ...merged.initializers],
  };
}

/** Returns the names of all values of a graph and of the graphs in it. */
function namesIn({ inputs, initializers, nodes }: Graph, names = new Set<string>()): Set<string> {
  for (const { name } of [...inputs, ...initializers]) names.add(name);
  for (const node of nodes) {
    for (const name of node.outputs) names.add(name);
    for (const body of bodiesOf(node)) namesIn(body, names);
  }
  return names;
}

/** Returns the names of all values that are inputs of nodes, in a graph and in the graphs inside it. */
function usedNames({ nodes }: Graph, names = new Set<string>()): Set<string> {
  for (const node of nodes) {
    for (const name of node.inputs) names.add(name);
    for (const body of bodiesOf(node)) usedNames(body, names);
  }
  return names;
}

/** Returns a graph without the initializers that no node uses. */
const withoutUnused = (graph: Graph, used: ReadonlySet<string>): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node) => ({
    ...node,
    attributes: Object.fromEntries(
      Object.entries(node.attributes).map(([key, x]) => [key, isGraph(x) ? withoutUnused(x, used) : x]),
    ),
  })),
  initializers: graph.initializers.filter(({ name }) => used.has(name)),
});

const isGraph = (value: Attributes[string] | undefined): value is Graph =>
  typeof value === "object" && "nodes" in value;

const bodiesOf = ({ attributes }: Node): Graph[] => Object.values(attributes).filter(isGraph);

/** The names that a graph can use: its own and those of the graphs around it. */
interface Scope {
  readonly dimension: Dimension;
  readonly sizes: Sizes;
  /** The initializers of each of the two merged graphs, by name. */
  readonly constants: readonly [ReadonlyMap<string, Initializer>, ReadonlyMap<string, Initializer>];
  /**
   * Maps the name of each value in the second graph to the name of the same value in the first graph. Initializers are
   * not included.
   */
  readonly names: ReadonlyMap<string, string>;
}

function mergeGraphs(first: Graph, second: Graph, outer: Scope): Graph {
  const named = (known: ReadonlyMap<string, Initializer>, { initializers }: Graph) =>
    new Map([...known, ...initializers.map((each) => [each.name, each] as const)]);
  const names = new Map(outer.names);
  const constants = [named(outer.constants[0], first), named(outer.constants[1], second)] as const;
  const scope: Scope = { ...outer, names, constants };
  for (const [i, { name }] of first.inputs.entries()) names.set(second.inputs[i]!.name, name);
  const nodes = first.nodes.map((node, i) => {
    const other = second.nodes[i];
    if (other === undefined || !isAlike(node, other)) throw differentNodes(node, scope);
    for (const [k, name] of node.outputs.entries()) names.set(other.outputs[k]!, name);
    return mergeNodes(node, other, scope);
  });
  if (second.nodes.length > nodes.length) throw differentNodes(second.nodes[nodes.length]!, scope);
  const infos = (list: readonly ValueInfo[], others: readonly ValueInfo[]) =>
    list.map((info, i) => mergeInfos(info, others[i]!, scope));
  return {
    ...first,
    nodes,
    inputs: infos(first.inputs, second.inputs),
    outputs: infos(first.outputs, second.outputs),
  };
}

/**
 * Whether two nodes belong to the same step of a program, and have the same operator and numbers of inputs and outputs.
 */
const isAlike = (a: Node, b: Node): boolean =>
  a.op === b.op && a.doc === b.doc && a.inputs.length === b.inputs.length && a.outputs.length === b.outputs.length;

const sizesOf = ({ dimension: { name, sizes } }: Scope): string => `${name} = ${sizes.join(" and ")}`;

/** Describes a node in an error message: by the step of the program that it computes, or by the name of its output. */
const placeOf = ({ doc, outputs }: Node): string => (doc ? `step ${doc}` : `the output ${outputs[0]}`);

const differentNodes = (node: Node, scope: Scope): ArgumentError =>
  new ArgumentError(
    `toOnnx: ${placeOf(node)} has different ONNX nodes for ${sizesOf(scope)}; export the program at each size that you need`,
  );

function mergeNodes(first: Node, second: Node, scope: Scope): Node {
  const attributes = Object.entries(first.attributes).map(([key, a]) => {
    const b = second.attributes[key];
    if (isGraph(a) && isGraph(b)) return [key, mergeGraphs(a, b, scope)] as const;
    if (String(a) === String(b)) return [key, a] as const;
    throw new ArgumentError(
      `toOnnx: ${placeOf(first)} has the attribute ${key} of ${first.op}, which is ${textOf(a)} and ${textOf(b)} for ${sizesOf(scope)}; attributes of ONNX cannot depend on a size; trace with one size of this axis`,
    );
  });
  return {
    ...first,
    attributes: Object.fromEntries(attributes),
    inputs: first.inputs.map((name, i) => mergeInputs(first, i, [name, second.inputs[i]!], scope)),
  };
}

const textOf = (value: Attributes[string] | undefined): string =>
  Array.isArray(value) ? `[${value.join(", ")}]` : String(value);

/**
 * Returns the name of input `i` of a merged node. If the constants of the two graphs differ, returns the name of a
 * value that the graph computes from the dynamic size, such as the batch size.
 */
function mergeInputs(node: Node, i: number, [name, other]: readonly [string, string], scope: Scope): string {
  const { constants, names, sizes } = scope;
  const [a, b] = [constants[0].get(name), constants[1].get(other)];
  if (!a && !b && (names.get(other) ?? other) === name) return name;
  if (!a || !b) throw differentNodes(node, scope);
  if (isEqual(a, b)) return name;
  const shape = node.op === "Reshape" && i === 1 ? withoutOneSize(a, b) : undefined;
  const replacement = shape ? sizes.ints(shape) : sizes.replace(a, b);
  if (replacement !== undefined) return replacement;
  throw differentConstants(node, [a, b], scope);
}

function isEqual(a: Initializer, b: Initializer): boolean {
  if (a.type !== b.type || String(a.shape) !== String(b.shape)) return false;
  // Two traces of one function usually capture the same weights, which may be large. So typed arrays in the same memory
  // are not compared element by element.
  const isSame = a.data.buffer === b.data.buffer && a.data.byteOffset === b.data.byteOffset;
  return isSame || a.data.every((byte, i) => byte === b.data[i]);
}

/**
 * Returns a shape with −1 in place of the one size in which two shapes differ, because Reshape infers a size of −1.
 * Returns `undefined` if more than one size differs.
 */
function withoutOneSize(first: Initializer, second: Initializer): number[] | undefined {
  const [a, b] = [numbersOf(first), numbersOf(second)];
  const different = a.filter((n, axis) => n !== b[axis]).length;
  if (a.length !== b.length || different !== 1 || a.includes(0) || a.includes(-1)) return undefined;
  return a.map((n, axis) => (n === b[axis] ? n : -1));
}

/**
 * Returns the error for a constant that depends on the batch size, or on another dynamic size, if the file cannot
 * compute the constant.
 */
function differentConstants(node: Node, [a, b]: readonly [Initializer, Initializer], scope: Scope): ArgumentError {
  const { name, sizes } = scope.dimension;
  const start = `toOnnx: ${placeOf(node)} has a constant that depends on ${name}:`;
  if (Math.max(a.shape.length, b.shape.length) > 1 || Math.max(a.data.length, b.data.length) > 64) {
    const shapes = [a, b].map(({ shape }, k) => `of shape [${shape.join(", ")}] for ${name} = ${sizes[k]}`);
    return new ArgumentError(`${start} ${shapes.join(", and ")}; pass it as an argument of the traced function`);
  }
  const values = [a, b].map((each, k) => {
    const numbers = numbersOf(each);
    return `${each.shape.length === 0 ? numbers[0] : `[${numbers.join(", ")}]`} for ${name} = ${sizes[k]}`;
  });
  const fix =
    a.type === "int64"
      ? `export the program at each size that you need`
      : `pass it as an argument of the traced function`;
  return new ArgumentError(
    `${start} ${values.join(", and ")}; a file can compute whole multiples of ${name}, and ${name} plus a number; ${fix}`,
  );
}

function mergeInfos(first: ValueInfo, second: ValueInfo, scope: Scope): ValueInfo {
  const { dimension } = scope;
  const shape = first.shape.map((n, axis) => {
    const line = lineThrough([n as number, second.shape[axis] as number], dimension);
    if (line) return sizeAlong(line, dimension.name);
    throw new ArgumentError(
      `toOnnx: axis ${axis} of ${first.name} has the sizes ${n} and ${second.shape[axis]} for ${sizesOf(scope)}, and a file can have whole multiples of ${dimension.name}, and ${dimension.name} plus a number; export the program at each size that you need`,
    );
  });
  return { ...first, shape };
}

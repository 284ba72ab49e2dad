import type { Tensor } from "@wengert/core";
import { type NdArray, ravel, type Shape } from "@wengert/core/extend";
import type { Attributes, ElementType, Graph, Initializer, Node, ValueInfo } from "../format/model.ts";
import { bytesOf, encode } from "./data.ts";

/**
 * Builds an ONNX graph. The values of a graph have names: a function that adds a node takes the names of the inputs,
 * and returns the name of the output.
 */
export interface GraphBuilder {
  readonly opset: number;
  /** Returns the name of a tensor of the program. */
  readonly nameOf: (tensor: Tensor) => string;
  /** Adds a node with one output. */
  readonly node: (op: string, inputs: readonly string[], attributes?: Attributes) => string;
  /** Adds a node with `count` outputs. */
  readonly nodes: (op: string, inputs: readonly string[], count: number, attributes?: Attributes) => string[];
  /** Adds a one-dimensional int64 constant to the graph, for shapes, axes or bounds. */
  readonly ints: (values: readonly number[]) => string;
  /** Adds a scalar constant with the element type `type`. */
  readonly number: (value: number, type: ElementType) => string;
  /** Adds a constant array of numbers. */
  readonly array: (values: readonly number[], shape: Shape, type: ElementType) => string;
  /**
   * Returns the body of a loop, as a graph inside this graph. `fill` adds the nodes of the body, and returns the names
   * of the body's outputs. The body may use the values of this graph.
   */
  readonly body: (
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    fill: (inner: GraphInProgress) => readonly string[],
  ) => Graph;
}

/** A graph builder that also has the functions for the exporter alone. */
export interface GraphInProgress extends GraphBuilder {
  readonly name: (tensor: Tensor, name: string) => void;
  /** Adds the values of a tensor as an initializer, under a name. */
  readonly constant: (tensor: Tensor, name: string) => void;
  /**
   * Exports a step of the program by calling `rule`. The doc text of each added node names the step, as in "#3 relu".
   * The result gets the name `wanted`, unless a node of an earlier step computes the result.
   */
  readonly step: (label: string, title: string, wanted: string | undefined, rule: () => string) => string;
  readonly finish: (parts: {
    readonly name: string;
    readonly inputs: readonly ValueInfo[];
    readonly outputs: readonly ValueInfo[];
    readonly doc: string;
  }) => Graph;
}

/**
 * Returns an empty graph. `reserved` are the names of the program's inputs, outputs and constants, which no other value
 * may have. For the body of a loop, `outer` is the graph that contains the loop, and `prefix` begins the name of each
 * new value.
 */
export function startGraph(
  opset: number,
  reserved: ReadonlySet<string>,
  prefix = "",
  outer?: GraphBuilder,
): GraphInProgress {
  const nodes: Node[] = [];
  const initializers: Initializer[] = [];
  const names = new Map<Tensor, string>();
  const shared = new Map<string, string>(); // small constants by type, shape and values, so that each is written once
  let [label, doc, values, bodies] = ["", "", 0, 0];

  const unreserved = (name: string): string => (reserved.has(name) ? unreserved(`${name}_`) : name);
  const fresh = (): string => unreserved(`${prefix}${label}.${++values}`);
  const array = (numbers: readonly number[], shape: Shape, type: ElementType): string => {
    const key = `${type} ${shape.join()}: ${numbers.map((x) => (Object.is(x, -0) ? "-0" : x)).join()}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const name = unreserved(`${prefix}k${shared.size + 1}`);
    initializers.push({ name, type, shape, data: encode(type, numbers) });
    shared.set(key, name);
    return name;
  };
  const addNodes = (op: string, inputs: readonly string[], count: number, attributes: Attributes = {}): string[] => {
    const outputs = Array.from({ length: count }, fresh);
    nodes.push({ op, inputs, outputs, attributes, doc });
    return outputs;
  };

  const graph: GraphInProgress = {
    opset,
    nameOf: (tensor) => names.get(tensor) ?? outer!.nameOf(tensor),
    nodes: addNodes,
    node: (op, inputs, attributes) => addNodes(op, inputs, 1, attributes)[0]!,
    ints: (numbers) => array(numbers, [numbers.length], "int64"),
    number: (value, type) => array([value], [], type),
    array,
    body: (inputs, outputs, fill) => {
      const bodyName = `${prefix}${label}.body${++bodies}`;
      const inner = startGraph(opset, reserved, `${bodyName}.`, graph);
      const infoOf = (tensor: Tensor, name: string): ValueInfo => ({ name, type: tensor.dtype, shape: tensor.shape });
      const given = inputs.map((tensor, i) => {
        const name = unreserved(`${bodyName}.in${i + 1}`);
        inner.name(tensor, name);
        return infoOf(tensor, name);
      });
      const results = fill(inner).map((name, i) => infoOf(outputs[i]!, name));
      return inner.finish({ name: bodyName, inputs: given, outputs: results, doc: "" });
    },
    name: (tensor, name) => {
      names.set(tensor, name);
    },
    constant: (tensor, name) => {
      names.set(tensor, name);
      const { dtype, shape, array } = tensor;
      initializers.push({ name, type: dtype, shape, data: bytesOf(ravel(array as NdArray)) });
    },
    step: (nextLabel, title, wanted, rule) => {
      [label, doc, values] = [nextLabel, title, 0];
      const first = nodes.length;
      const result = rule();
      if (wanted === undefined || !nodes.slice(first).some(({ outputs }) => outputs.includes(result))) return result;
      const rename = (list: readonly string[]) => list.map((name) => (name === result ? wanted : name));
      for (let i = first; i < nodes.length; i++)
        nodes[i] = { ...nodes[i]!, inputs: rename(nodes[i]!.inputs), outputs: rename(nodes[i]!.outputs) };
      return wanted;
    },
    finish: (parts) => ({ ...parts, nodes, initializers }),
  };
  return graph;
}

import { type Tensor, TracedValueError, WengertError } from "@wengert/core";
import { ravel, setMessage } from "@wengert/core/extend";
import { misfit } from "../operators/misfit.ts";
import type { Operator, Site, Values } from "../operators/operator.ts";

/** A node with its operator and the values of its attributes. */
export interface Node {
  readonly operator: Operator;
  /** A text for error messages. */
  readonly label: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The names of the values that no later node uses. */
  readonly last: readonly string[];
  /** The constants of the file. */
  readonly known: ReadonlySet<Tensor>;
}

/** A graph that was checked. */
export interface Graph {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
}

const numbersOf = (x: Tensor): number[] => {
  if (x.array) return [...ravel(x.array)];
  throw new TracedValueError(
    "it reads the values of a tensor that depends on the input, and a trace has no values; call run on tensors",
  );
};

/**
 * Returns the functions that an operator may call while it runs, for example to read constants or to run the body of a
 * loop.
 */
const siteOf = ({ outputs, known }: Node, values: Values): Site => ({
  outputs: outputs.length,
  constant: (x) => (x && x.size === 1 && known.has(x) ? numbersOf(x)[0] : undefined),
  numbers: numbersOf,
  number: (x) => {
    if (x.size !== 1) throw misfit(`a number is needed, got a tensor with ${x.size} elements`);
    return numbersOf(x)[0]!;
  },
  runBody: (body, inputs) => body.run(values, inputs),
});

const isLocated = /* @__PURE__ */ new WeakSet<WengertError>();

/** Returns an error of the library with the name of the node in its message. */
function located(error: unknown, label: string): unknown {
  if (!(error instanceof WengertError) || isLocated.has(error)) return error;
  isLocated.add(error);
  setMessage(error, `run: ${label}: ${error.message}`);
  return error;
}

/** Applies the operator of a node to the values of its inputs. Returns the outputs. */
export function runNode(
  node: Node,
  values: Values,
  valueNamed: Values["get"] = (name) => values.get(name),
): readonly (Tensor | undefined)[] {
  const given = node.inputs.map((name) => (name === "" ? undefined : valueNamed(name)));
  const result = node.operator.run(given as never, node.attributes as never, siteOf(node, values));
  return Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
}

/**
 * Runs the nodes of a graph on the tensors `inputs`, and returns the outputs of the graph. `outer` has the values from
 * outside of the graph, such as parameters. The nodes call ops of Wengert, so a run can be differentiated and traced.
 */
export function runGraph(graph: Graph, inputs: readonly Tensor[], outer: Values): Tensor[] {
  const own = new Map<string, Tensor>(graph.inputs.map((name, i) => [name, inputs[i]!]));
  const values: Values = { get: (name) => own.get(name) ?? outer.get(name) ?? graph.constants.get(name) };
  const valueNamed = (name: string): Tensor => {
    const value = values.get(name);
    if (value) return value;
    throw misfit(`${JSON.stringify(name.slice(0, 100))} has no value, because its node returned fewer outputs`);
  };
  for (const node of graph.nodes)
    try {
      const results = runNode(node, values, valueNamed);
      for (const [i, name] of node.outputs.entries()) if (name !== "" && results[i]) own.set(name, results[i]);
      for (const name of node.last) own.delete(name);
    } catch (error) {
      throw located(error, node.label);
    }
  try {
    return graph.outputs.map(valueNamed);
  } catch (error) {
    throw located(error, "the outputs");
  }
}

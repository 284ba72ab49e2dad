import type { Tensor } from "@wengert/core";
import { damaged } from "../format/damaged.ts";
import type { FileGraph, FileNode, FileTensor } from "../format/file.ts";
import { dtypeOf, typeName } from "../format/types.ts";
import { type Body, type Context, type Operator, Unsupported } from "../operators/operator.ts";
import { operators } from "../operators/table.ts";
import { type Graph, type Node, runGraph, runNode } from "./interpret.ts";
import { type ExternalData, tensorOf } from "./values.ts";

// Checks the graph of an ONNX file, and finds the operator of each node. All checks that need no input tensors run
// before the graph runs.

const quoted = (name: string): string => JSON.stringify(name.slice(0, 100));

/** A node that has a certain value as an input, and the index of this input. */
interface Use {
  readonly node: FileNode;
  readonly input: number;
}

/** Returns, for each value of a graph and its subgraphs, the nodes that use the value as an input. */
function usesIn(graph: FileGraph, uses = new Map<string, Use[]>()): Map<string, Use[]> {
  const add = (name: string, use: Use) => {
    const list = uses.get(name);
    if (list) list.push(use);
    else uses.set(name, [use]);
  };
  for (const node of graph.nodes) {
    for (const [input, name] of node.inputs.entries()) add(name, { node, input });
    for (const { kind, value } of node.attributes.values()) if (kind === "graph") usesIn(value, uses);
  }
  return uses;
}

const movers = new Set(["Unsqueeze", "Squeeze", "Concat", "Identity", "Reshape", "Cast"]);

/** The state of the import that a graph shares with its subgraphs, such as the bodies of loops. */
export interface Compilation {
  readonly files: ExternalData;
  readonly uses: ReadonlyMap<string, readonly Use[]>;
  /** The tensors that are constants of any graph in the file. Operators may read the numbers in these tensors. */
  readonly constants: Set<Tensor>;
  /** Operators and types that are not supported, with their counts. */
  readonly problems: Map<string, number>;
}

export const startCompilation = (graph: FileGraph, files: ExternalData): Compilation => ({
  files,
  uses: usesIn(graph),
  constants: new Set(),
  problems: new Map(),
});

/**
 * Whether a value is used only as the start or end of slices. Exporters write the end 2^63 − 1 for "to the end of the
 * axis", which int32 cannot hold.
 */
function isBound(compilation: Compilation, name: string, depth = 8): boolean {
  const isBoundOf = ({ node, input }: Use): boolean => {
    if (node.op === "Slice") return input === 1 || input === 2;
    return depth > 0 && movers.has(node.op) && node.outputs.every((output) => isBound(compilation, output, depth - 1));
  };
  const uses = compilation.uses.get(name) ?? [];
  return uses.length > 0 && uses.every(isBoundOf);
}

/** Whether an operator uses a value as a setting, such as the bounds of Clip. Settings cannot be trained. */
export const isSetting = ({ uses }: Compilation, name: string): boolean =>
  (uses.get(name) ?? []).some(({ node, input }) => operators().get(node.op)?.settings.includes(input));

function report({ problems }: Compilation, problem: string): void {
  problems.set(problem, (problems.get(problem) ?? 0) + 1);
}

/**
 * Returns a tensor of the file. If the element type is not supported, adds the type to the list of problems and returns
 * `undefined`.
 */
function readTensor(compilation: Compilation, tensor: FileTensor, name: string): Tensor | undefined {
  if (dtypeOf(tensor.type) !== undefined) return tensorOf(tensor, compilation.files, isBound(compilation, name));
  report(compilation, `${typeName(tensor.type)} tensors`);
  return undefined;
}

/** The names that the nodes of a graph may use: the names of the graph, and of the graphs that contain it. */
interface Scope {
  readonly has: (name: string) => boolean;
}

/**
 * Returns, for each node, the names of the values that no later node and no output of the graph needs after the node
 * has run.
 */
function lastUses({ nodes, outputs }: FileGraph): string[][] {
  const used = new Set(outputs.map(({ name }) => name));
  const last: string[][] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { inputs, outputs, attributes } = nodes[i]!;
    const inner = [...attributes.values()].flatMap(({ kind, value }) => (kind === "graph" ? namesIn(value) : []));
    const unused = [...new Set([...inputs, ...inner, ...outputs])].filter((name) => !used.has(name));
    for (const name of unused) used.add(name);
    last[i] = unused;
  }
  return last;
}

/** Returns the names of the values that a subgraph uses. */
const namesIn = (graph: FileGraph): string[] => [...usesIn(graph).keys(), ...graph.outputs.map(({ name }) => name)];

/** Checks a graph of a file, and returns a graph that `runGraph` can run. */
export function compileGraph(compilation: Compilation, file: FileGraph, outer?: Scope): Graph {
  const { constants: known } = compilation;
  const defined = new Set<string>();
  const scope: Scope = { has: (name) => defined.has(name) || (outer?.has(name) ?? false) };
  const define = (name: string, kind: string): void => {
    if (scope.has(name)) throw damaged(`two values are named ${quoted(name)}`);
    if (name === "") throw damaged(`${kind} has no name`);
    defined.add(name);
  };
  const constants = new Map<string, Tensor>();
  for (const tensor of file.initializers) {
    define(tensor.name, "an initializer");
    const value = readTensor(compilation, tensor, tensor.name);
    if (value) constants.set(tensor.name, value);
  }
  const stored = new Set(defined);
  const inputs = file.inputs.filter(({ name }) => !stored.has(name));
  for (const { name } of inputs) define(name, "an input");

  const later = new Set(file.nodes.flatMap(({ outputs }) => outputs));
  const nodes: Node[] = [];
  const last = lastUses(file);
  for (const [i, node] of file.nodes.entries()) {
    const label = `node ${node.name ? quoted(node.name) : i} (${node.op.slice(0, 100)})`;
    for (const name of node.inputs) {
      if (name === "" || scope.has(name)) continue;
      const reason = later.has(name) ? "a later node computes: a cycle, or nodes out of order" : "no node computes";
      throw damaged(`${label} uses ${quoted(name)}, which ${reason}`);
    }
    const compiled = compileNode(compilation, node, label, { scope, last: last[i]! });
    for (const name of node.outputs) if (name !== "") define(name, "an output");
    if (compiled === undefined) continue;
    if (node.op === "Constant") constants.set(node.outputs[0]!, runNode(compiled, new Map())[0]!);
    else nodes.push(compiled);
  }
  for (const { name } of file.outputs)
    if (!scope.has(name)) throw damaged(`the output ${quoted(name)} is not computed`);
  for (const value of constants.values()) known.add(value);
  return { inputs: inputs.map(({ name }) => name), outputs: file.outputs.map(({ name }) => name), nodes, constants };
}

/**
 * Finds the operator of a node and reads the node's attributes. If the operator or an attribute is not supported, adds
 * it to the list of problems and returns `undefined`.
 */
function compileNode(
  compilation: Compilation,
  node: FileNode,
  label: string,
  { scope, last }: { readonly scope: Scope; readonly last: readonly string[] },
): Node | undefined {
  const domain = node.domain === "ai.onnx" ? "" : node.domain;
  const title = `${domain ? `${domain}.` : ""}${node.op}`.slice(0, 100);
  const operator = domain === "" ? operators().get(node.op) : undefined;
  if (operator === undefined) {
    report(compilation, title);
    return undefined;
  }
  checkSignature(operator, node, label);
  const unknown = [...node.attributes.keys()].filter((name) => !Object.hasOwn(operator.attributes, name));
  const isTooLong = node.outputs.length > operator.outputs;
  for (const name of unknown) report(compilation, `${title} with the attribute ${name.slice(0, 100)}`);
  if (isTooLong) report(compilation, `${title} with ${node.outputs.length} outputs`);
  const context: Context = {
    tensor: (tensor) => readTensor(compilation, tensor, node.outputs[0] ?? "") ?? unsupportedTensor(),
    body: (graph) => bodyOf(compileGraph(compilation, graph, scope)),
  };
  const attributes: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(operator.attributes))
    try {
      attributes[name] = read(node.attributes.get(name), context);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      if (error.reason) report(compilation, `${title} ${name === "to" ? "to" : `with ${name}`} ${error.reason}`);
      return undefined;
    }
  if (unknown.length > 0 || isTooLong) return undefined;
  return {
    operator,
    label,
    attributes,
    inputs: node.inputs,
    outputs: node.outputs,
    last,
    known: compilation.constants,
  };
}

/** Throws an error without a text, because `readTensor` has already added the tensor to the list of problems. */
function unsupportedTensor(): never {
  throw new Unsupported("");
}

function checkSignature({ inputs: [least, most] }: Operator, { inputs, outputs }: FileNode, label: string): void {
  const isMissing = inputs.length < least || inputs.slice(0, least).includes("");
  if (isMissing || inputs.length > most) {
    const range =
      most === Number.POSITIVE_INFINITY ? `at least ${least}` : least === most ? least : `${least} to ${most}`;
    throw damaged(
      `${label} has a wrong number of inputs: expected ${range}, got ${inputs.filter((name) => name !== "").length}`,
    );
  }
  if (outputs.every((name) => name === "")) throw damaged(`${label} has no output`);
}

const bodyOf = (graph: Graph): Body => ({ run: (outer, inputs) => runGraph(graph, inputs, outer) });

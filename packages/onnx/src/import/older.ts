import type { FileAttribute, FileGraph, FileNode, FileTensor } from "../format/file.ts";
import { elementTypes } from "../format/model.ts";

// Operators of opset 9 to 12 in the form of opset 13. Older forms have attributes in place of inputs, and other defaults.

/**
 * Attributes of old opsets that newer opsets replace by inputs. `since` is the first opset with the inputs, and `names`
 * are the attributes in the order of the inputs.
 */
const movedAttributes: Readonly<Record<string, { readonly since: number; readonly names: readonly string[] }>> = {
  Clip: { since: 11, names: ["min", "max"] },
  Pad: { since: 11, names: ["pads", "value"] },
  ReduceSum: { since: 13, names: ["axes"] },
  Slice: { since: 10, names: ["starts", "ends", "axes"] },
  Split: { since: 13, names: ["split"] },
  Squeeze: { since: 13, names: ["axes"] },
  TopK: { since: 10, names: ["k"] },
  Unsqueeze: { since: 13, names: ["axes"] },
};

/** Operators that treated all axes from `axis` on as a single axis before opset 13. */
const flattening = new Set(["Hardmax", "LogSoftmax", "Softmax"]);

/** The attributes of Upsample and Resize before opset 11, in the form of Resize since opset 11. */
const resizing: readonly (readonly [string, FileAttribute])[] = [
  ["coordinate_transformation_mode", { kind: "text", value: "asymmetric" }],
  ["nearest_mode", { kind: "text", value: "floor" }],
];

/** Returns a graph of opset 9 to 12 in the form of opset 13. Returns other graphs as they are. */
export function inNewForm(graph: FileGraph, opset: number): FileGraph {
  return opset < 13 ? upgraded(graph, opset, new Set(namesIn(graph))) : graph;
}

/** Returns all names of values in a graph and its subgraphs. */
const namesIn = ({ nodes, initializers, inputs }: FileGraph): string[] => [
  ...[...initializers, ...inputs].map(({ name }) => name),
  ...nodes.flatMap(({ inputs, outputs, attributes }) => [
    ...inputs,
    ...outputs,
    ...[...attributes.values()].flatMap(({ kind, value }) => (kind === "graph" ? namesIn(value) : [])),
  ]),
];

function upgraded(graph: FileGraph, opset: number, names: Set<string>): FileGraph {
  const initializers = [...graph.initializers];
  const fresh = (base: string): string => {
    const name = names.has(base) ? fresh(`${base}_`) : base;
    names.add(name);
    return name;
  };
  /** Adds the value of an attribute as a constant, and returns its name. */
  const constant = (node: FileNode, name: string, attribute: FileAttribute): string => {
    const added = tensorOf(fresh(`${node.outputs[0]}.${name}`), attribute);
    initializers.push(added);
    return added.name;
  };
  const nodes = graph.nodes.flatMap((given): FileNode[] => {
    const attributes = new Map(
      [...given.attributes].map(([name, attribute]): [string, FileAttribute] => [
        name,
        attribute.kind === "graph" ? { kind: "graph", value: upgraded(attribute.value, opset, names) } : attribute,
      ]),
    );
    const node = { ...given, attributes };
    if (node.domain !== "" && node.domain !== "ai.onnx") return [node];
    const moved = movedAttributes[node.op];
    if (moved !== undefined && opset < moved.since) {
      const inputs = [
        ...node.inputs,
        ...moved.names.map((name) => {
          const attribute = attributes.get(name);
          attributes.delete(name);
          return attribute === undefined ? "" : constant(node, name, attribute);
        }),
      ];
      while (inputs.at(-1) === "") inputs.pop();
      return [{ ...node, inputs }];
    }
    if (node.op === "Dropout") attributes.delete("ratio"); // the ratio does not matter at inference
    if (node.op === "Scatter") return [{ ...node, op: "ScatterElements" }];
    if (opset < 11 && (node.op === "Upsample" || node.op === "Resize")) {
      const [x = "", scales = ""] = node.inputs;
      return [{ ...node, op: "Resize", inputs: [x, "", scales], attributes: new Map([...attributes, ...resizing]) }];
    }
    if (flattening.has(node.op)) return flattened(node, fresh);
    return [node];
  });
  return { ...graph, nodes, initializers };
}

/** Returns the nodes that join the axes from `axis` on, apply an operator, and split the axes again. */
function flattened(node: FileNode, fresh: (base: string) => string): FileNode[] {
  const { inputs, outputs, attributes } = node;
  const [x = ""] = inputs;
  const [shape, flat, result] = ["shape", "flat", "result"].map((part) => fresh(`${outputs[0]}.${part}`)) as [
    string,
    string,
    string,
  ];
  const axis = attributes.get("axis") ?? { kind: "int", value: 1 };
  const added = (op: string, inputs: readonly string[], output: string, axis?: FileAttribute): FileNode => ({
    ...node,
    op,
    inputs,
    outputs: [output],
    attributes: new Map(axis && [["axis", axis]]),
  });
  return [
    added("Shape", [x], shape),
    added("Flatten", [x], flat, axis),
    added(node.op, [flat], result, { kind: "int", value: 1 }),
    added("Reshape", [result, shape], outputs[0]!),
  ];
}

/** Returns the value of an attribute as a tensor: numbers without axes, and lists with one axis. */
function tensorOf(name: string, { kind, value }: FileAttribute): FileTensor {
  const list = (typeof value === "object" ? value : [value]) as readonly number[];
  const isFloat = kind === "float" || kind === "floats";
  return {
    name,
    type: isFloat ? elementTypes.float32 : elementTypes.int64,
    shape: kind === "ints" || kind === "floats" ? [list.length] : [],
    raw: undefined,
    numbers: isFloat ? list : list.map(BigInt),
    external: undefined,
  };
}

import type { DType } from "@wengert/core";
import type { Shape } from "@wengert/core/extend";
import { bytes, type Chunks, int, join, text } from "./protobuf.ts";

// The messages of an ONNX file, with the field numbers of onnx.proto. A model holds one graph. A graph is a list of nodes
// in execution order; inputs and outputs of nodes refer to values by name.

export type ElementType = DType | "int64";

/** The numbers of the element types in `TensorProto.DataType`. */
export const elementTypes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** The attributes of a node: whole numbers, lists of whole numbers, texts and graphs. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string | Graph>>;

/** One application of an ONNX operator. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** A text that describes the node to people who read the file. */
  readonly doc: string;
}

/** The name, element type and shape of an input or output. A size that may differ from run to run has a name. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A named tensor with fixed values, as little-endian bytes in row-major order. */
export interface Initializer extends ValueInfo {
  readonly shape: Shape;
  readonly data: Uint8Array;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly doc: string;
}

export interface Model {
  readonly opset: number;
  readonly graph: Graph;
}

function attributeMessage(name: string, value: Attributes[string]): Chunks {
  if (typeof value === "number") return [...text(1, name), ...int(3, value), ...int(20, 2)];
  if (typeof value === "string") return [...text(1, name), ...text(4, value), ...int(20, 3)];
  if ("nodes" in value) return [...text(1, name), ...bytes(6, graphMessage(value)), ...int(20, 5)];
  return [...text(1, name), ...value.flatMap((each) => int(8, each)), ...int(20, 7)];
}

const nodeMessage = ({ op, inputs, outputs, attributes, doc }: Node): Chunks => [
  ...inputs.flatMap((name) => text(1, name)),
  ...outputs.flatMap((name) => text(2, name)),
  ...text(3, outputs[0]!),
  ...text(4, op),
  ...Object.entries(attributes).flatMap(([name, value]) => bytes(5, attributeMessage(name, value))),
  ...text(6, doc),
];

const tensorMessage = ({ name, type, shape, data }: Initializer): Chunks => [
  ...shape.flatMap((n) => int(1, n)),
  ...int(2, elementTypes[type]),
  ...text(8, name),
  ...bytes(9, [data]),
];

function valueInfoMessage({ name, type, shape }: ValueInfo): Chunks {
  const dimensions = shape.flatMap((n) => bytes(1, typeof n === "number" ? int(1, n) : text(2, n)));
  const tensorType = [...int(1, elementTypes[type]), ...bytes(2, dimensions)];
  return [...text(1, name), ...bytes(2, bytes(1, tensorType))];
}

const graphMessage = ({ name, nodes, initializers, inputs, outputs, doc }: Graph): Chunks => [
  ...nodes.flatMap((node) => bytes(1, nodeMessage(node))),
  ...text(2, name),
  ...initializers.flatMap((tensor) => bytes(5, tensorMessage(tensor))),
  ...text(10, doc),
  ...inputs.flatMap((value) => bytes(11, valueInfoMessage(value))),
  ...outputs.flatMap((value) => bytes(12, valueInfoMessage(value))),
];

/**
 * Returns the oldest version of the ONNX file format that allows the opset, so that older runtimes can read the file.
 */
const irVersion = (opset: number): number => (opset > 20 ? 10 : opset > 18 ? 9 : opset > 14 ? 8 : 7);

/** Returns the bytes of an ONNX file. */
export const modelBytes = ({ opset, graph }: Model): Uint8Array<ArrayBuffer> =>
  join([
    ...int(1, irVersion(opset)),
    ...text(2, "wengert"),
    ...bytes(7, graphMessage(graph)),
    ...bytes(8, int(2, opset)),
  ]);

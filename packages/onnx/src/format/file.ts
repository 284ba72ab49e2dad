import { damaged, refused } from "./damaged.ts";
import {
  bigintIn,
  bigintsIn,
  bytesIn,
  type Field,
  fieldsOf,
  floatIn,
  floatsIn,
  intIn,
  intsIn,
  textIn,
} from "./fields.ts";

// Reads the messages of an ONNX file, with the field numbers of onnx.proto. The results are plain data. The importer,
// not the reader, checks whether operators, versions and element types are supported.

/** A tensor of an ONNX file. Its elements are decoded only when they are needed. */
export interface FileTensor {
  readonly name: string;
  /** The number of the element type, as in `elementTypes`. */
  readonly type: number;
  readonly shape: readonly number[];
  /** The elements as little-endian bytes, if the file has them in this form. */
  readonly raw: Uint8Array | undefined;
  /** The elements as numbers, if the file does not store them as bytes. Integers are bigints. */
  readonly numbers: readonly number[] | readonly bigint[];
  /**
   * The location of the elements, if they are stored in a separate file. The keys are "location" (the name of the
   * file), "offset" and "length".
   */
  readonly external: ReadonlyMap<string, string> | undefined;
}

/** The name, element type and shape of an input or output. Sizes that depend on the input have names, or are unknown. */
export interface FileValue {
  readonly name: string;
  /** The element type, as a number of `TensorProto.DataType`. Undefined if the input or output is not a tensor. */
  readonly type: number | undefined;
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

export type FileAttribute =
  | { readonly kind: "float" | "int"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "floats" | "ints"; readonly value: readonly number[] }
  | { readonly kind: "texts"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: FileTensor }
  | { readonly kind: "graph"; readonly value: FileGraph }
  | { readonly kind: "other"; readonly value: undefined };

export interface FileNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, FileAttribute>;
}

export interface FileGraph {
  readonly nodes: readonly FileNode[];
  readonly initializers: readonly FileTensor[];
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
}

export interface FileModel {
  /** The version of each operator set (opset), by the domain of the set. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: FileGraph;
}

/**
 * The largest nesting depth of graphs. Real models need fewer levels, and a damaged file with many levels would
 * overflow the stack.
 */
const maxDepth = 16;

/** Returns all fields with a given field number. */
const all = (fields: readonly Field[], number: number): Field[] => fields.filter((field) => field.number === number);

/** Returns the value of the only field with a given field number, or `otherwise` if there is no such field. */
function only<T, D>(fields: readonly Field[], number: number, read: (field: Field) => T, otherwise: D): T | D {
  const found = all(fields, number);
  if (found.length > 1) throw damaged(`${found[0]!.message} has field ${number} ${found.length} times`);
  return found.length === 1 ? read(found[0]!) : otherwise;
}

const maxSize = 2 ** 31 - 1;

/**
 * For each element type, the number of the field that holds the elements. The types are, in order, float32, int32,
 * int64, bool and float64.
 */
const dataFields: Readonly<Record<number, number>> = { 1: 4, 6: 5, 7: 7, 9: 5, 11: 10 };

function tensorIn(field: Field): FileTensor {
  const fields = fieldsOf(bytesIn(field), "a TensorProto");
  const name = only(fields, 8, textIn, "");
  const shape = all(fields, 1).flatMap(intsIn);
  const type = only(fields, 2, intIn, 0);
  const isSize = (n: number) => n >= 0 && n <= maxSize;
  if (shape.length > 32 || !shape.every(isSize) || !isSize(shape.reduce((size, n) => size * n, 1)))
    throw damaged(`the tensor ${JSON.stringify(name)} has the shape [${shape.slice(0, 33).join(", ")}]`);
  const entry = (each: Field) => {
    const pair = fieldsOf(bytesIn(each), "a StringStringEntryProto");
    return [only(pair, 1, textIn, ""), only(pair, 2, textIn, "")] as const;
  };
  const data = all(fields, dataFields[type] ?? 0);
  const isInteger = type !== 1 && type !== 11;
  return {
    name,
    type,
    shape,
    raw: only(fields, 9, bytesIn, undefined),
    numbers: isInteger ? data.flatMap(bigintsIn) : data.flatMap((each) => floatsIn(each, type === 1 ? 4 : 8)),
    external: only(fields, 14, intIn, 0) === 1 ? new Map(all(fields, 13).map(entry)) : undefined,
  };
}

function valueIn(field: Field): FileValue {
  const fields = fieldsOf(bytesIn(field), "a ValueInfoProto");
  const name = only(fields, 1, textIn, "");
  const type = only(fields, 2, (each) => fieldsOf(bytesIn(each), "a TypeProto"), []);
  const tensor = only(type, 1, (each) => fieldsOf(bytesIn(each), "a TypeProto.Tensor"), undefined);
  if (tensor === undefined) return { name, type: undefined, shape: undefined };
  const shape = only(tensor, 2, (each) => all(fieldsOf(bytesIn(each), "a TensorShapeProto"), 1).map(sizeIn), undefined);
  return { name, type: only(tensor, 1, intIn, 0), shape };
}

function sizeIn(field: Field): number | string | undefined {
  const fields = fieldsOf(bytesIn(field), "a TensorShapeProto.Dimension");
  const size = only(fields, 1, intIn, undefined);
  if (size === undefined) return only(fields, 2, textIn, "") || undefined;
  if (size > maxSize) throw damaged(`a value has an axis of size ${size}`);
  return size < 0 ? undefined : size;
}

/** Functions that read the value of an attribute. The keys are the numbers of the attribute types in onnx.proto. */
const kinds: Readonly<Record<number, (fields: readonly Field[], depth: number) => FileAttribute>> = {
  1: (fields) => ({ kind: "float", value: only(fields, 2, floatIn, 0) }),
  2: (fields) => ({ kind: "int", value: only(fields, 3, roundedIn, 0) }),
  3: (fields) => ({ kind: "text", value: only(fields, 4, textIn, "") }),
  4: (fields) => ({ kind: "tensor", value: required(fields, 5, tensorIn) }),
  5: (fields, depth) => ({ kind: "graph", value: required(fields, 6, (each) => graphIn(each, depth + 1)) }),
  6: (fields) => ({ kind: "floats", value: all(fields, 7).flatMap((each) => floatsIn(each, 4)) }),
  8: (fields) => ({ kind: "texts", value: all(fields, 9).map(textIn) }),
  7: (fields) => ({ kind: "ints", value: all(fields, 8).flatMap((each) => bigintsIn(each).map(Number)) }),
};

/** Returns a 64-bit integer as the nearest double. The operators check that their attributes are in range. */
const roundedIn = (field: Field): number => Number(bigintIn(field));

function required<T>(fields: readonly Field[], number: number, read: (field: Field) => T): T {
  const value = only(fields, number, read, undefined);
  if (value === undefined) throw damaged(`${fields[0]?.message ?? "a message"} lacks field ${number}`);
  return value;
}

function attributeIn(field: Field, depth: number): readonly [name: string, attribute: FileAttribute] {
  const fields = fieldsOf(bytesIn(field), "an AttributeProto");
  const [name, type] = [required(fields, 1, textIn), only(fields, 20, intIn, 0)];
  const read = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  return [name, read ? read(fields, depth) : { kind: "other", value: undefined }];
}

function nodeIn(field: Field, depth: number): FileNode {
  const fields = fieldsOf(bytesIn(field), "a NodeProto");
  const attributes = new Map<string, FileAttribute>();
  for (const [name, attribute] of all(fields, 5).map((each) => attributeIn(each, depth))) {
    if (attributes.has(name)) throw damaged(`a node has the attribute ${JSON.stringify(name)} twice`);
    attributes.set(name, attribute);
  }
  return {
    op: required(fields, 4, textIn),
    domain: only(fields, 7, textIn, ""),
    name: only(fields, 3, textIn, ""),
    inputs: all(fields, 1).map(textIn),
    outputs: all(fields, 2).map(textIn),
    attributes,
  };
}

function graphIn(field: Field, depth: number): FileGraph {
  if (depth > maxDepth) throw damaged(`graphs are nested more than ${maxDepth} levels deep`);
  const fields = fieldsOf(bytesIn(field), "a GraphProto");
  if (all(fields, 15).length > 0) throw refused("sparse initializers are not supported");
  return {
    nodes: all(fields, 1).map((each) => nodeIn(each, depth)),
    initializers: all(fields, 5).map(tensorIn),
    inputs: all(fields, 11).map(valueIn),
    outputs: all(fields, 12).map(valueIn),
  };
}

/** Reads an ONNX file. @throws DataError unless it has the format of ONNX files */
export function readModel(bytes: Uint8Array): FileModel {
  const fields = fieldsOf(bytes, "the ModelProto");
  const opsets = new Map<string, number>();
  for (const each of all(fields, 8)) {
    const opset = fieldsOf(bytesIn(each), "an OperatorSetIdProto");
    const domain = only(opset, 1, textIn, "").replace(/^ai\.onnx$/, "");
    if (opsets.has(domain)) throw damaged(`the operator set ${JSON.stringify(domain)} is imported twice`);
    opsets.set(domain, only(opset, 2, intIn, 0));
  }
  return { opsets, graph: required(fields, 7, (each) => graphIn(each, 0)) };
}

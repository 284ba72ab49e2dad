import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type GraphProtoSchema, ModelProtoSchema, type NodeProtoSchema } from "onnx-buf";

// Writes ONNX files with a library from npm instead of `toOnnx`, so that the tests also import files of other
// exporters.

type GraphInit = Exclude<MessageInitShape<typeof GraphProtoSchema>, { $typeName: string }>;
type NodeInit = Exclude<MessageInitShape<typeof NodeProtoSchema>, { $typeName: string }>;
type ModelInit = Exclude<MessageInitShape<typeof ModelProtoSchema>, { $typeName: string }>;

/** Returns the bytes of an ONNX file with the given graph. `model` replaces fields of the file's `ModelProto`. */
export const onnxFile = (graph: GraphInit, model: ModelInit = {}): Uint8Array<ArrayBuffer> =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph,
      ...model,
    } as ModelInit),
  );

/** The numbers of element types. */
const [float, int64] = [1, 7];

/** Describes an input or output of a graph. An axis may have a name instead of a size. */
export const value = (name: string, shape: readonly (number | string)[], elemType = float) => ({
  name,
  type: {
    value: {
      case: "tensorType" as const,
      value: {
        elemType,
        shape: {
          dim: shape.map((n) =>
            typeof n === "number"
              ? { value: { case: "dimValue" as const, value: BigInt(n) } }
              : { value: { case: "dimParam" as const, value: n } },
          ),
        },
      },
    },
  },
});

/**
 * Describes a node. Attributes are whole numbers, texts, lists of whole numbers or texts, `{ float }`, tensors and
 * graphs.
 */
export const node = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, number | readonly number[] | string | readonly string[] | object>> = {},
): NodeInit =>
  ({
    opType,
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([name, x]) => {
      if (typeof x === "number") return { name, type: 2, i: BigInt(x) };
      if (typeof x === "string") return { name, type: 3, s: new TextEncoder().encode(x) };
      if (Array.isArray(x) && typeof x[0] === "string")
        return { name, type: 8, strings: x.map((each) => new TextEncoder().encode(each)) };
      if (Array.isArray(x)) return { name, type: 7, ints: x.map(BigInt) };
      if ("float" in x) return { name, type: 1, f: x.float };
      return "dataType" in x ? { name, type: 4, t: x } : { name, type: 5, g: x };
    }),
  }) as NodeInit;

/** Describes a float32 tensor. */
export const floats = (name: string, dims: readonly number[], floatData: readonly number[]) => ({
  name,
  dataType: float,
  dims: dims.map(BigInt),
  floatData: [...floatData],
});

/** Describes an int64 tensor. */
export const integers = (name: string, dims: readonly number[], values: readonly (number | bigint)[]) => ({
  name,
  dataType: int64,
  dims: dims.map(BigInt),
  int64Data: values.map(BigInt),
});

import type { DType } from "@wengert/core";

// The element types of ONNX files, by their numbers in `TensorProto.DataType`.

const names = [
  ...["undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16"],
  ...["float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz"],
  ...["float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1"],
];

/** Returns the name of an element type. */
export const typeName = (type: number): string => names[type] ?? `element type ${type}`;

const dtypes: Readonly<Record<string, DType>> = {
  float32: "float32",
  float64: "float64",
  int32: "int32",
  int64: "int32",
  bool: "bool",
};

/**
 * Returns Wengert's dtype for an element type of ONNX, or `undefined` if the element type is not supported. For int64,
 * returns int32.
 */
export const dtypeOf = (type: number): DType | undefined => dtypes[typeName(type)];

import { DTypeError, show } from "../checks/errors.ts";
import { allocateArray, type Data, type DataClass, type Shape } from "./ndarray.ts";

/** The dtype of a tensor. A bool is stored as one byte, 0 or 1. */
export type DType = "float64" | "float32" | "int32" | "bool";
export const storage: Readonly<Record<DType, DataClass>> = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
};

export const isFloat = (dtype: DType): boolean => dtype === "float64" || dtype === "float32";

/** Returns memory for a tensor, filled with zeros. @throws OutOfRangeError if there is not enough memory */
export const allocate = (caller: string, shape: Shape, dtype: DType): Data =>
  allocateArray(storage[dtype], caller, shape);

/** Names of dtypes in other libraries, and the dtype to write for them. */
const aliases: Readonly<Record<string, DType | `${DType}" or "${DType}`>> = {
  float: 'float64" or "float32',
  double: "float64",
  f8: "float64",
  f4: "float32",
  float16: "float32",
  half: "float32",
  int: "int32",
  int64: "int32",
  long: "int32",
  i4: "int32",
  i8: "int32",
  uint8: "int32",
  boolean: "bool",
};

/** Returns the argument `dtype`. @throws DTypeError unless `dtype` is a known dtype */
export function checkDType(dtype: unknown): DType {
  if (typeof dtype === "string" && Object.hasOwn(storage, dtype)) return dtype as DType;
  const alias = typeof dtype === "string" && Object.hasOwn(aliases, dtype) ? aliases[dtype] : undefined;
  const hint = dtype === undefined ? "; write { dtype: ... }" : alias ? `; write "${alias}"` : "";
  throw new DTypeError(`dtype must be one of ${Object.keys(storage).join(", ")}; got ${show(dtype)}${hint}`);
}

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

/** Returns `dtype`. @throws DTypeError unless it is a known dtype */
export function checkDType(dtype: unknown): DType {
  if (typeof dtype === "string" && Object.hasOwn(storage, dtype)) return dtype as DType;
  const hint = dtype === undefined ? "; write { dtype: ... }" : "";
  throw new DTypeError(`dtype must be one of ${Object.keys(storage).join(", ")}; got ${show(dtype)}${hint}`);
}

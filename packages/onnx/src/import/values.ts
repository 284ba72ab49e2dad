import { Tensor } from "@wengert/core";
import { type Data, ndarray } from "@wengert/core/extend";
import { damaged, refused } from "../format/damaged.ts";
import type { FileTensor } from "../format/file.ts";
import type { ElementType } from "../format/model.ts";
import { dtypeOf, typeName } from "../format/types.ts";
import { dataOf } from "../graph/data.ts";

/** The bytes of the additional files that hold tensors, by the file names that the ONNX file contains. */
export type ExternalData = Readonly<Record<string, Uint8Array>>;

const bytesPerElement: Readonly<Record<string, number>> = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1 };

const quoted = (name: string): string => JSON.stringify(name.slice(0, 100));
const nameOf = ({ name }: FileTensor): string => (name ? `the tensor ${quoted(name)}` : "a tensor without a name");

/** Returns the bytes of a tensor whose elements are in another file. */
function externalBytes(tensor: FileTensor, size: number, files: ExternalData): Uint8Array {
  const read = (key: string, otherwise: number): number => {
    const value = tensor.external!.get(key) ?? String(otherwise);
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw damaged(`${nameOf(tensor)} has the ${key} ${quoted(value)} in another file`);
  };
  const location = tensor.external!.get("location") ?? "";
  const file = Object.hasOwn(files, location) ? files[location]! : undefined;
  if (file === undefined) {
    const fix = `pass { externalData: { ${quoted(location)}: bytes } }`;
    throw refused(`${nameOf(tensor)} is in another file, ${quoted(location)}; ${fix}`);
  }
  const [offset, length] = [read("offset", 0), read("length", size)];
  if (offset + length <= file.length) return file.subarray(offset, offset + length);
  throw damaged(
    `${nameOf(tensor)} ends at byte ${offset + length} of ${quoted(location)}, which has ${file.length} bytes`,
  );
}

/**
 * Converts int64 numbers to int32. If `areBounds` is true, clamps numbers that int32 cannot hold; otherwise throws for
 * them.
 */
function narrow(tensor: FileTensor, values: ArrayLike<bigint>, areBounds: boolean): Int32Array {
  const [lowest, highest] = [-(2n ** 31n), 2n ** 31n - 1n];
  return Int32Array.from({ length: values.length }, (_, i) => {
    const value = values[i]!;
    if (value >= lowest && value <= highest) return Number(value);
    if (areBounds) return Number(value < 0n ? lowest : highest);
    throw refused(`${nameOf(tensor)} has the number ${value}, which int32 cannot hold; int64 is imported as int32`);
  });
}

/** Returns a tensor of a file. int64 becomes int32. The element type must be supported. */
export function tensorOf(tensor: FileTensor, files: ExternalData, areBounds: boolean): Tensor {
  const { name, shape, type, numbers, external } = tensor;
  const [element, dtype] = [typeName(type), dtypeOf(type)!];
  const count = shape.reduce((size, n) => size * n, 1);
  const size = count * bytesPerElement[element]!;
  const raw = external ? externalBytes(tensor, size, files) : tensor.raw;
  const [got, expected, unit] = raw ? [raw.length, size, "bytes"] : [numbers.length, count, "elements"];
  if (got !== expected)
    throw damaged(`${nameOf(tensor)} of ${element} [${shape.join(", ")}] needs ${expected} ${unit}, and has ${got}`);
  const values = raw ? dataOf(element as ElementType, raw) : numbers;
  let data: Data;
  if (element === "int64" || (!raw && dtype === "int32")) data = narrow(tensor, values as ArrayLike<bigint>, areBounds);
  else if (dtype === "bool") data = Uint8Array.from(values as ArrayLike<number>, (x) => (Number(x) === 0 ? 0 : 1));
  else if (raw) data = values as Data;
  else data = (dtype === "float32" ? Float32Array : Float64Array).from(numbers as readonly number[]);
  return new Tensor(shape, dtype, ndarray(data, shape), name || undefined);
}

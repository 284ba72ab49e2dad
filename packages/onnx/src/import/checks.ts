import { ArgumentError, DTypeError, ShapeError, type Spec, Tensor } from "@wengert/core";
import { asBytes, shapeText, show } from "@wengert/core/extend";
import { damaged, refused } from "../format/damaged.ts";
import type { FileGraph, FileValue } from "../format/file.ts";
import { dtypeOf, typeName } from "../format/types.ts";
import type { FromOnnxOptions, OnnxValue } from "./fromOnnx.ts";
import type { ExternalData } from "./values.ts";

/** Checks the options. @throws ArgumentError unless `parameters` is a known text, and `externalData` an object of bytes */
export function checkOptions({ parameters, externalData }: FromOnnxOptions): {
  readonly hasParameters: boolean;
  readonly files: ExternalData;
} {
  if (parameters !== "constant" && parameters !== "argument")
    throw new ArgumentError(`fromOnnx: parameters must be "constant" or "argument", got ${show(parameters)}`);
  const isObject = typeof externalData === "object" && externalData !== null;
  const files = Object.entries(isObject ? externalData : {}).map(
    ([name, x]) => [name, asBytes("fromOnnx", x)] as const,
  );
  const invalid = isObject ? files.find(([, bytes]) => bytes === undefined)?.[0] : "";
  if (invalid === undefined)
    return { hasParameters: parameters === "argument", files: Object.fromEntries(files) as ExternalData };
  throw new ArgumentError(
    `fromOnnx: externalData must be an object with the bytes of each file, got ${show(isObject ? externalData[invalid] : externalData)}; write { "weights.bin": bytes }`,
  );
}

/**
 * Returns the opset (version of the operators) of a file.
 * @throws DataError unless the opset is from 9 to 22
 */
export function opsetOf(opsets: ReadonlyMap<string, number>): number {
  const opset = opsets.get("");
  if (opset === undefined) throw damaged("it imports no operator set of ONNX");
  if (opset >= 9 && opset <= 22) return opset;
  throw refused(
    `the file has opset ${opset}, and 9 to 22 are supported; export it again, or use onnx.version_converter in Python`,
  );
}

/**
 * Returns the inputs and outputs of a graph. `problems` lists what cannot be imported.
 * @throws DataError if there are problems, or no outputs
 */
export function checkValues(
  problems: Map<string, number>,
  { inputs, outputs }: FileGraph,
  names: readonly string[],
): { readonly inputs: OnnxValue[]; readonly outputs: OnnxValue[] } {
  const given = names.map((name) => inputs.find((each) => each.name === name)!);
  for (const { type } of [...given, ...outputs]) {
    if (type !== undefined && dtypeOf(type) !== undefined) continue;
    const title =
      type === undefined ? "inputs and outputs that are not tensors" : `${typeName(type)} inputs and outputs`;
    problems.set(title, (problems.get(title) ?? 0) + 1);
  }
  if (problems.size > 0) {
    const list = [...problems].map(([title, count]) => `${title} (${count})`).join(", ");
    throw refused(`not supported: ${list}; export the model without them, or run it with ONNX Runtime`);
  }
  if (outputs.length === 0) throw damaged("the graph has no outputs");
  const describedValue = ({ name, type, shape }: FileValue): OnnxValue => ({
    name,
    dtype: dtypeOf(type!)!,
    shape: shape?.map((n, axis) => n ?? `${name}.${axis}`),
  });
  return { inputs: given.map(describedValue), outputs: outputs.map(describedValue) };
}

const describeValue = ({ dtype, shape }: OnnxValue): string =>
  `${dtype} ${shape ? `[${shape.join(", ")}]` : "of any shape"}`;

/** Checks the tensors of a call. @throws ArgumentError, DTypeError or ShapeError unless they fit the inputs of the model */
export function checkInputs(inputs: readonly OnnxValue[], given: readonly unknown[]): Tensor[] {
  const names = inputs.map(({ name }) => name).join(", ") || "none";
  if (given.length !== inputs.length)
    throw new ArgumentError(
      `run: expected ${inputs.length} ${inputs.length === 1 ? "input" : "inputs"} (${names}), got ${given.length}`,
    );
  const sizes = new Map<string, number>();
  return inputs.map((input, i) => {
    const x = given[i];
    const known = [...sizes].map(([name, size]) => `${name} = ${size}`).join(", ");
    if (!(x instanceof Tensor)) throw new ArgumentError(`run: input ${input.name} must be a tensor, got ${show(x)}`);
    const expected = `input ${input.name} must be ${describeValue(input)}`;
    if (x.dtype !== input.dtype)
      throw new DTypeError(`run: ${expected}, got ${x.dtype}; write cast(x, { dtype: "${input.dtype}" })`);
    const fits = (n: number | string, axis: number): boolean => {
      const size = x.shape[axis]!;
      if (typeof n === "number") return n === size;
      if (!sizes.has(n)) sizes.set(n, size);
      return sizes.get(n) === size;
    };
    if (!input.shape || (input.shape.length === x.shape.length && input.shape.every(fits))) return x;
    throw new ShapeError(`run: ${expected}, got ${shapeText(x.shape)}${known && ` with ${known}`}`);
  });
}

/**
 * Returns the shape, dtype and label of each input, for `trace`.
 * @throws ArgumentError unless `dims` has a size for each name in their shapes
 */
export function specsOf(inputs: readonly OnnxValue[], dims: unknown = {}): Spec[] {
  if (typeof dims !== "object" || dims === null)
    throw new ArgumentError(`program: dims must be an object with a size for each name, got ${show(dims)}`);
  const sizes = new Map<string, unknown>(Object.entries(dims));
  const names = new Set(inputs.flatMap(({ shape = [] }) => shape.filter((n) => typeof n === "string")));
  const unknown = [...sizes.keys()].find((name) => !names.has(name));
  const list = [...names].join(", ") || "none";
  if (unknown !== undefined) throw new ArgumentError(`program: no axis has the name ${unknown}; the names are ${list}`);
  const missing = [...names].find(
    (name) => !(Number.isSafeInteger(sizes.get(name)) && (sizes.get(name) as number) >= 0),
  );
  if (missing !== undefined)
    throw new ArgumentError(
      `program: the size of the axis ${missing} must be a whole number of at least 0, got ${show(sizes.get(missing))}; write program({ "${missing}": 1 })`,
    );
  return inputs.map(({ name, dtype, shape }) => {
    if (shape)
      return { shape: shape.map((n) => (typeof n === "number" ? n : (sizes.get(n) as number))), dtype, label: name };
    throw new ArgumentError(
      `program: the file has no shape of input ${name}; write trace(model.run, { shape: [...] })`,
    );
  });
}

import { fromNdarray, Tensor } from "@wengert/core";
import { leaves, type NdArray, ndarray, ravel } from "@wengert/core/extend";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

// Runs ONNX files with ONNX Runtime.

const names = { float64: "float64", float32: "float32", int32: "int32", bool: "bool" } as const;

const toOrt = ({ dtype, shape, array }: Tensor): OrtTensor =>
  new OrtTensor(names[dtype], ravel(array!).slice() as never, [...shape]);

const fromOrt = ({ data, dims, type }: OrtTensor): Tensor => {
  const values = type === "int64" ? Int32Array.from(data as BigInt64Array, Number) : data;
  const array = ndarray(values as never, [...dims]) as NdArray;
  return type === "bool" ? new Tensor([...dims], "bool", array) : fromNdarray(array);
};

/** Returns the outputs of an ONNX file for inputs in the order of the file. */
export async function run(bytes: Uint8Array, inputs: readonly Tensor[]): Promise<Tensor[]> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 4,
  });
  try {
    const feeds = Object.fromEntries(session.inputNames.map((name, i) => [name, toOrt(inputs[i]!)]));
    const results = await session.run(feeds);
    return session.outputNames.map((name) => fromOrt(results[name]!));
  } finally {
    await session.release();
  }
}

/** Returns the tensors of a tree, in order. */
export const tensorsOf = (tree: unknown): Tensor[] => leaves("test", tree, "tree");

/** Returns the operator and its version, such as "Conv(11)", if ONNX Runtime has no kernel of it for the dtype. */
export const missingKernel = (error: unknown): string | undefined =>
  /Could not find an implementation for (\S+\(\d+\))/.exec(String(error))?.[1];

import { ArgumentError, OutOfRangeError } from "@wengert/core";
import { isList, show } from "@wengert/core/extend";
import type { OnnxRuntime } from "./runtime.ts";

/** @throws ArgumentError unless `ort` has the classes of ONNX Runtime */
export function checkRuntime(ort: unknown): void {
  const { InferenceSession, Tensor } = (typeof ort === "object" && ort !== null ? ort : {}) as Partial<OnnxRuntime>;
  if (typeof InferenceSession?.create === "function" && typeof Tensor === "function") return;
  throw new ArgumentError(
    `onnx: expected the module of ONNX Runtime, got ${show(ort)}; write import * as ort from "onnxruntime-node", or "onnxruntime-web" in a page`,
  );
}

/** @throws OutOfRangeError unless `threads` is a whole number of at least 1 */
export function checkThreads(threads: unknown): number {
  if (Number.isSafeInteger(threads) && (threads as number) >= 1) return threads as number;
  throw new OutOfRangeError(`onnx: threads must be a whole number of at least 1, got ${show(threads)}`);
}

/** @throws ArgumentError unless `providers` is a list in which each entry is a name or an object with a `name` */
export function checkProviders(providers: unknown): unknown {
  const nameOf = (x: unknown): unknown => (typeof x === "object" && x !== null ? (x as { name?: unknown }).name : x);
  if (isList(providers) && providers.length > 0 && providers.every((x) => typeof nameOf(x) === "string"))
    return providers;
  throw new ArgumentError(
    `onnx: providers must be a list of names of execution providers, got ${show(providers)}; write { providers: ["cpu"] }`,
  );
}

/** @throws ArgumentError unless `options` is an object */
export function checkSessionOptions(options: unknown): object {
  if (typeof options === "object" && options !== null && !isList(options)) return options;
  throw new ArgumentError(`onnx: sessionOptions must be an object, got ${show(options)}`);
}

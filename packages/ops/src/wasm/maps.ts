import { type NdArray, rows } from "@wengert/core/ndarray";
import * as crossovers from "./crossovers.ts";
import type { FunctionKernel } from "./exports.ts";
import { inUse } from "./kernels.ts";

/** Bytes that are copied in, worked on and copied out at a time: so that all of it stays in the cache. */
const chunk = 32768;

/** Functions of each element that have a kernel. Their results have the bits of the plain loops, so size alone decides. */
const functions = {
  exp: ["exp32", "exp64"],
  log: ["log32", "log64"],
  tanh: ["tanh32", "tanh64"],
  sigmoid: ["sigmoid32", "sigmoid64"],
} as const;

/** out ← f(x) for a row-major `out` of the shape and dtype of x, of any strides; whether it was done. */
export function functionInWasm(out: NdArray, x: NdArray, f: keyof typeof functions): boolean {
  const n = out.data.length;
  const engine = inUse();
  if (engine === null || n < (engine.isForced ? 1 : crossovers.functions)) return false;
  const { workspace, exports } = engine;
  const width = out.data.BYTES_PER_ELEMENT;
  const kernel: FunctionKernel = exports[functions[f][width === 4 ? 0 : 1]];
  const values = rows(x);
  const size = Math.min(n, chunk / width);
  if (!workspace.begin(size * width + 80)) return false;
  const address = workspace.take(size * width);
  for (let from = 0; from < n; from += size) {
    const count = Math.min(size, n - from);
    workspace.write(address, values, from, count);
    kernel(count, address, address);
    workspace.read(address, out.data, from, count);
  }
  return true;
}

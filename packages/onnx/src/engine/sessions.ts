import { ArgumentError } from "@wengert/core";
import type { OnnxRuntime, OnnxSession } from "./runtime.ts";

/** For each runtime, the promise of the task that was added last. */
const lastTasks = /* @__PURE__ */ new WeakMap<object, Promise<unknown>>();

/**
 * Runs the tasks of a runtime one after the other. In a page, a run of ONNX Runtime fails if another run has not
 * finished, even if the two runs belong to different sessions.
 */
export function oneAtATime<T>({ InferenceSession: key }: OnnxRuntime, task: () => Promise<T>): Promise<T> {
  const result = lastTasks.get(key)?.then(task, task) ?? task();
  const end = () => {
    if (lastTasks.get(key) === result) lastTasks.delete(key);
  };
  lastTasks.set(key, result);
  result.then(end, end);
  return result;
}

/**
 * Creates a session.
 * @throws ArgumentError if the runtime cannot run the model, for example because it has no kernel for a dtype
 */
export async function createSession(ort: OnnxRuntime, model: Uint8Array, options: object): Promise<OnnxSession> {
  try {
    return await oneAtATime(ort, () => ort.InferenceSession.create(model, options));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, operator] = /Could not find an implementation for (\w+)/.exec(message) ?? [];
    const problem = operator
      ? `has no kernel of ${operator} for the dtypes in this program; compute in float32`
      : `cannot run this program: ${message.replace(/\.$/, "")}; change the options`;
    throw new ArgumentError(`onnx: ONNX Runtime ${problem}, or use the engine "wasm"`, {
      cause: error,
    });
  }
}

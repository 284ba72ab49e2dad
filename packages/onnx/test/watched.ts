import * as ort from "onnxruntime-node";
import type { OnnxRuntime, OnnxSession, OnnxTensor } from "../src/index.ts";

type Named = Readonly<Record<string, OnnxTensor>>;

/** The calls of a runtime. */
export interface Log {
  /** The typed arrays from which tensors of ONNX Runtime were created, in order. */
  readonly converted: unknown[];
  readonly runs: { readonly feeds: Named; readonly results: Named }[];
  options: object;
  sessions: number;
  released: number;
  /** The largest number of tasks that ran at the same time. */
  mostAtOnce: number;
}

/** Returns ONNX Runtime with a log of its calls. `overrides` replace functions of its sessions. */
export function watched(overrides: Partial<OnnxSession> = {}): { runtime: OnnxRuntime; log: Log } {
  const log: Log = { converted: [], runs: [], options: {}, sessions: 0, released: 0, mostAtOnce: 0 };
  let tasks = 0;
  const watch = async <T>(task: () => Promise<T>): Promise<T> => {
    log.mostAtOnce = Math.max(log.mostAtOnce, ++tasks);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1)); // so that tasks could overlap
      return await task();
    } finally {
      tasks--;
    }
  };
  const create = async (model: Uint8Array, options: object = {}): Promise<OnnxSession> =>
    watch(async () => {
      log.sessions++;
      log.options = options;
      const session = await ort.InferenceSession.create(model, options);
      return {
        inputNames: session.inputNames,
        outputNames: session.outputNames,
        run: async (feeds) =>
          watch(async () => {
            const results = await session.run(feeds as ort.InferenceSession.FeedsType);
            log.runs.push({ feeds, results });
            return results;
          }),
        release: async () => {
          log.released++;
          await session.release();
        },
        ...overrides,
      };
    });
  const Tensor = new Proxy(ort.Tensor, {
    construct: (target, args: [never, never, readonly number[]]) => {
      log.converted.push(args[1]);
      return new target(...args);
    },
  });
  return { runtime: { InferenceSession: { create }, Tensor, env: ort.env }, log };
}

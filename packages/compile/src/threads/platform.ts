import { wordCount } from "./workerText.ts";

// Node and browsers declare threads in different ways. This file declares the members that the thread pool needs from
// either platform.

interface Platform {
  // biome-ignore lint/suspicious/noExplicitAny: modules of Node
  readonly process: { getBuiltinModule?: (name: string) => any };
  readonly SharedArrayBuffer: new (bytes: number) => SharedArrayBuffer;
  readonly crossOriginIsolated: boolean;
  readonly Worker: WorkerClass;
  readonly navigator: { readonly hardwareConcurrency: number };
  readonly performance: { now(): number };
  readonly URL: { createObjectURL(blob: object): string; revokeObjectURL(url: string): void };
  readonly Blob: new (parts: string[], options: object) => object;
}

export type WorkerClass = new (
  program: string,
  options: object,
) => {
  terminate(): unknown;
  unref?(): void;
  on?(event: "error", listener: () => void): void;
  postMessage?(data: object): void;
};

/** The globals of the platform. Any of them may be missing. */
export const platform = (): Partial<Platform> => globalThis as Partial<Platform>;

export const nodeWorkers = (): { readonly Worker: WorkerClass } | undefined =>
  platform().process?.getBuiltinModule?.("node:worker_threads");

/** The number of threads that the processor runs at the same time. */
export const availableThreads = (): number =>
  platform().process?.getBuiltinModule?.("node:os").availableParallelism?.() ??
  platform().navigator?.hardwareConcurrency ??
  1;

/** Returns a new array that threads can share, or `undefined` on platforms without threads that share memory. */
export function newControl(): Int32Array | undefined {
  const { SharedArrayBuffer: Shared, crossOriginIsolated: isIsolated = true, Worker } = platform();
  const hasThreads = Shared !== undefined && isIsolated && (nodeWorkers() ?? Worker) !== undefined;
  return hasThreads ? new Int32Array(new Shared(4 * wordCount)) : undefined;
}

/** Returns the time in milliseconds since a fixed moment, for measuring durations. */
export const now = (): number => platform().performance!.now();

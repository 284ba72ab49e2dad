import { nodeWorkers, platform } from "./platform.ts";
import type { Part } from "./pool.ts";
import { words, workerText } from "./workerText.ts";

/** The data that a worker thread needs to run kernel calls and fused loops of a compiled program. */
export interface SharedData {
  readonly control: Int32Array;
  readonly memory: object;
  /**
   * The compiled WebAssembly modules: `kernels` contains all kernels, and `loops` the fused loops of one compiled
   * program.
   */
  readonly kernels: object;
  readonly loops: object;
  readonly tasks: readonly (readonly Part[])[];
  /** The address of the worker's scratch memory. */
  readonly scratch: number;
}

/** How long a worker waits for the next task before it sleeps. To wake a sleeping worker takes up to 100 µs. */
const spinMilliseconds = 0.1;

/**
 * Starts one worker for each entry of `scratches`, which is the address of the worker's scratch memory. Returns a
 * function that ends the workers.
 */
export function startWorkers(shared: Omit<SharedData, "scratch">, scratches: readonly number[]): () => void {
  const stops = scratches.map((scratch) => startWorker({ ...shared, scratch }));
  return () => {
    for (const stop of stops) stop();
  };
}

/** Starts a worker. Returns a function that ends it. The worker does not keep the process alive. */
function startWorker(data: SharedData): () => void {
  const workerData = { ...data, words, spinMilliseconds };
  const node = nodeWorkers();
  if (node !== undefined) {
    const worker = new node.Worker(workerText, { eval: true, workerData, execArgv: [] });
    worker.unref?.();
    worker.on?.("error", () => {}); // the pool then finds no thread that is ready
    return () => void worker.terminate();
  }
  const { URL: urls, Blob: BlobClass, Worker: WorkerClass } = platform();
  const url = urls!.createObjectURL(new BlobClass!([workerText], { type: "text/javascript" }));
  const worker = new WorkerClass!(url, {});
  worker.postMessage?.(workerData);
  return () => {
    worker.terminate();
    urls!.revokeObjectURL(url);
  };
}

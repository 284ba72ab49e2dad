import { NoPlanHere } from "../instructions/opCalls.ts";
import { Choice } from "./choice.ts";
import { now } from "./platform.ts";
import { type SharedData, startWorkers } from "./startWorker.ts";
import { words } from "./workerText.ts";

/**
 * A kernel call or a fused loop that one thread runs. In the arguments of a kernel call, `null` stands for the address
 * of the thread's scratch memory.
 */
export type Part = { readonly kernel: string; readonly args: readonly (number | null)[] } | { readonly loop: string };

/**
 * While the main thread waits for workers, it reads shared memory this many times, for about 50 µs, before it sleeps.
 */
const maxSpins = 5000;

/** Ends the worker threads of a compiled function when the function has been garbage-collected. */
const unreachable = /* @__PURE__ */ new FinalizationRegistry<() => void>((stop) => stop());

/**
 * Worker threads that run kernel calls and fused loops together with the main thread. The main thread runs all calls
 * that no worker has started, so a late worker delays nothing.
 */
export class ThreadPool {
  readonly #control: Int32Array;
  readonly #tasks: readonly (readonly (() => void)[])[];
  readonly #choice = new Choice();
  readonly #stop: () => void;
  readonly #threads: number;
  #generation = 0;
  #isActive = false;
  #hasFailed = false;

  /**
   * Each entry of `tasks` is a task: a list of functions for the main thread. `shared` describes the same tasks as data
   * for the workers.
   */
  constructor(
    threads: number,
    tasks: readonly (readonly (() => void)[])[],
    shared: Omit<SharedData, "scratch">,
    scratchOf: (thread: number) => number,
  ) {
    this.#control = shared.control;
    this.#tasks = tasks;
    this.#threads = threads;
    const scratches = Array.from({ length: threads - 1 }, (_, i) => scratchOf(i + 1));
    this.#stop = startWorkers(shared, scratches);
    unreachable.register(this, this.#stop, this);
  }

  /**
   * Runs `body` and measures its time. The tasks in `body` use several threads if earlier measurements were faster with
   * several threads.
   */
  measure(body: () => void): void {
    const isReady = !this.#hasFailed && Atomics.load(this.#control, words.ready) === this.#threads - 1;
    this.#isActive = isReady && this.#choice.usesThreads;
    const start = now();
    body();
    if (isReady) this.#choice.record(this.#isActive, now() - start);
  }

  /**
   * Runs all functions of a task, on several threads if the workers are active. Returns when all functions are
   * finished.
   */
  run(task: number): void {
    const parts = this.#tasks[task]!;
    if (!this.#isActive) {
      for (const part of parts) part();
      return;
    }
    const control = this.#control;
    const count = parts.length;
    this.#generation = (this.#generation + 1) & 0x7fffff;
    Atomics.store(control, words.task, task);
    Atomics.store(control, words.count, count);
    Atomics.store(control, words.finished, 0);
    Atomics.store(control, words.claim, this.#generation << 8);
    Atomics.store(control, words.go, this.#generation);
    Atomics.notify(control, words.go);
    let own = 0;
    for (;;) {
      const part = Atomics.add(control, words.claim, 1) & 255;
      if (part >= count) break;
      parts[part]!();
      own++;
    }
    const others = count - own;
    for (let spins = 0; Atomics.load(control, words.finished) < others; spins++) if (spins > maxSpins) pause(control);
    if (Atomics.load(control, words.failed) === 0) return;
    this.#hasFailed = true;
    throw new NoPlanHere("a thread has failed"); // so the function itself runs, and later calls run on one thread
  }

  /** Ends the threads. */
  close(): void {
    unreachable.unregister(this);
    this.#stop();
  }
}

/** Waits 0.05 ms, if the platform allows the main thread to wait. */
function pause(control: Int32Array): void {
  try {
    Atomics.wait(control, words.failed, 0, 0.05);
  } catch {
    // Browsers do not allow the main thread of a page to wait.
  }
}

import { NoPlanHere } from "../instructions/opCalls.ts";
import { Choice } from "./choice.ts";
import { now } from "./platform.ts";
import { type SharedData, startWorker } from "./startWorker.ts";
import { words } from "./workerText.ts";

/** A part of an instruction: a call of a kernel, in which `null` is the thread's scratch memory, or a loop of the plan. */
export type Part = { readonly kernel: string; readonly args: readonly (number | null)[] } | { readonly loop: string };

/** Loads of a word until the main thread sleeps: about 50 µs. */
const maxSpins = 5000;

/**
 * Threads that run parts of the plan's instructions. The main thread runs parts, too, also those that no other thread has
 * claimed. So a thread that is late delays nothing.
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

  /** `tasks` are the tasks of the main thread; `shared` has those of the workers. */
  constructor(
    threads: number,
    tasks: readonly (readonly (() => void)[])[],
    shared: Omit<SharedData, "scratch">,
    scratchOf: (thread: number) => number,
  ) {
    this.#control = shared.control;
    this.#tasks = tasks;
    this.#threads = threads;
    const stops = Array.from({ length: threads - 1 }, (_, i) => startWorker({ ...shared, scratch: scratchOf(i + 1) }));
    this.#stop = () => {
      for (const stop of stops) stop();
    };
  }

  /** Runs `body`, whose tasks use the threads if they make it faster. */
  measure(body: () => void): void {
    const isReady = !this.#hasFailed && Atomics.load(this.#control, words.ready) === this.#threads - 1;
    this.#isActive = isReady && this.#choice.usesThreads;
    const start = now();
    body();
    if (isReady) this.#choice.record(this.#isActive, now() - start);
  }

  /** Runs all parts of a task, and returns when they are finished. */
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
    this.#stop();
  }
}

/** Waits a little, where the main thread may wait. */
function pause(control: Int32Array): void {
  try {
    Atomics.wait(control, words.failed, 0, 0.05);
  } catch {
    // The main thread of a page may not wait.
  }
}

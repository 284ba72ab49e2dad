/** Indices into the shared memory. The main thread and the workers synchronize by the numbers at these indices. */
export const words = { go: 0, claim: 1, finished: 2, task: 3, count: 4, ready: 5, failed: 6 } as const;
export const wordCount = 16;

/**
 * The source code of a worker thread, as a string. Node and browsers can start a worker from a string, so bundlers need
 * not find a file.
 *
 * The worker instantiates the WebAssembly modules with the shared memory, and waits for tasks. The main thread
 * announces a task by a new number in the shared word `go`. The shared word `claim` holds the number of the task and
 * the index of its next free part. The thread that increments `claim` runs this part.
 */
export const workerText = `
const start = ({ control, memory, kernels, loops, tasks, scratch, words, spinMilliseconds }) => {
  const imported = new WebAssembly.Instance(kernels, { env: { memory } }).exports;
  const unused = new Proxy({}, { get: () => () => {} });
  const own = new WebAssembly.Instance(loops, { env: { memory }, kernels: imported, js: unused }).exports;
  const runs = tasks.map((parts) => parts.map(({ kernel, args, loop }) => {
    if (loop) return own[loop];
    const numbers = args.map((argument) => argument ?? scratch);
    return () => imported[kernel](...numbers);
  }));
  const load = (word) => Atomics.load(control, word);
  let seen = load(words.go);
  Atomics.add(control, words.ready, 1);
  for (;;) {
    const limit = performance.now() + spinMilliseconds;
    for (let i = 1; load(words.go) === seen; i++)
      if (i % 64 === 0 && performance.now() > limit) Atomics.wait(control, words.go, seen);
    seen = load(words.go);
    for (;;) {
      const claim = load(words.claim);
      const part = claim & 255;
      if (claim >> 8 !== (seen & 0x7fffff) || part >= load(words.count)) break;
      if (Atomics.compareExchange(control, words.claim, claim, claim + 1) !== claim) continue;
      try {
        runs[load(words.task)][part]();
      } catch {
        Atomics.store(control, words.failed, 1);
      }
      Atomics.add(control, words.finished, 1);
    }
  }
};
if (typeof require === "function") start(require("node:worker_threads").workerData);
else onmessage = ({ data }) => start(data);
`;

/** Chooses between threads and a single thread by measured times, because another program may need the other cores. */
export class Choice {
  readonly #times: Record<"single" | "threads", number[]> = { single: [], threads: [] };
  #run = 0;

  /** Whether the next run of the compiled program should use several threads. */
  get usesThreads(): boolean {
    const { single, threads } = this.#times;
    if (single.length < trials) return false;
    if (threads.length < trials) return true;
    const isFaster = median(threads) < median(single);
    return this.#run % period < 2 ? !isFaster : isFaster; // measures the other mode again
  }

  /** Records how long the compiled program ran, and whether several threads ran it. */
  record(usedThreads: boolean, milliseconds: number): void {
    const times = this.#times[usedThreads ? "threads" : "single"];
    times.push(milliseconds);
    if (times.length > trials) times.shift();
    this.#run++;
  }
}

const trials = 5;
const period = 100;
const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!;

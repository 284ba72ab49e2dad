import { ArgumentError, show } from "@wengert/core";

/** A signal among the options of a call, if there is one. @throws ArgumentError */
export function signalIn(who: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal;
  throw new ArgumentError(`${who}: signal must be an AbortSignal, got ${show(signal)}; write controller.signal`);
}

/** Of whichever realm. */
const isSignal = (x: unknown): x is AbortSignal =>
  typeof x === "object" && x !== null && "aborted" in x && "addEventListener" in x;

/** What `promise` comes to, or `undefined` as soon as `signal` is aborted: what is waited for may never come. */
export async function waitFor<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined) return promise;
  promise.catch(() => {}); // whoever has stopped does not want to know what else went wrong
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener("abort", stop);
  });
  try {
    return await (signal.aborted ? undefined : Promise.race([promise, aborted]));
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Closes a source; who has stopped does not wait for that. */
export async function leave(source: { close(): Promise<void> }, signal: AbortSignal | undefined): Promise<void> {
  const closed = source.close();
  if (!signal?.aborted) await closed;
}

import { ArgumentError } from "@wengert/core";
import { show } from "@wengert/core/extend";

/**
 * Checks an optional abort signal.
 * @throws ArgumentError unless `signal` is an AbortSignal or undefined
 */
export function signalOption(caller: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal;
  throw new ArgumentError(`${caller}: signal must be an AbortSignal, got ${show(signal)}; write controller.signal`);
}

/** Whether `x` is an AbortSignal. Also accepts a signal of another realm, such as an iframe. */
const isSignal = (x: unknown): x is AbortSignal =>
  typeof x === "object" && x !== null && "aborted" in x && "addEventListener" in x;

/**
 * Waits for `promise`, but returns `undefined` as soon as `signal` is aborted, because the promise might never settle.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined) return promise;
  promise.catch(() => {}); // ignore an error of the promise after an abort
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

/** Closes a source of batches. After an abort, does not wait for the source to finish closing. */
export async function closeSource(source: { close(): Promise<void> }, signal: AbortSignal | undefined): Promise<void> {
  const closed = source.close();
  if (!signal?.aborted) await closed;
}

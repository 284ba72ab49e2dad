import { ArgumentError } from "@wengert/core";
import { show } from "@wengert/core/extend";

/** Checks an optional signal. @throws ArgumentError unless it is an AbortSignal or undefined */
export function signalOption(caller: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal;
  throw new ArgumentError(`${caller}: signal must be an AbortSignal, got ${show(signal)}; write controller.signal`);
}

/** Whether `x` is an AbortSignal, from this realm or another. */
const isSignal = (x: unknown): x is AbortSignal =>
  typeof x === "object" && x !== null && "aborted" in x && "addEventListener" in x;

/** Returns the value of `promise`, or `undefined` as soon as `signal` is aborted: the promise may never settle. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined) return promise;
  promise.catch(() => {}); // after an abort its error no longer matters
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

/** Closes a source. After an abort it does not wait. */
export async function closeSource(source: { close(): Promise<void> }, signal: AbortSignal | undefined): Promise<void> {
  const closed = source.close();
  if (!signal?.aborted) await closed;
}

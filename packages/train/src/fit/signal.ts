import { ArgumentError } from "@wengert/core";
import { show } from "@wengert/core/extend";

/** A signal among the options of a call, if there is one. @throws ArgumentError */
export function signalOption(caller: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal;
  throw new ArgumentError(`${caller}: signal must be an AbortSignal, got ${show(signal)}; write controller.signal`);
}

/** Of whichever realm. */
const isSignal = (x: unknown): x is AbortSignal =>
  typeof x === "object" && x !== null && "aborted" in x && "addEventListener" in x;

/** The value of `promise`, or `undefined` as soon as `signal` is aborted, since the promise may never settle. */
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

/** Closes a source, without waiting for it after an abort. */
export async function closeSource(source: { close(): Promise<void> }, signal: AbortSignal | undefined): Promise<void> {
  const closed = source.close();
  if (!signal?.aborted) await closed;
}

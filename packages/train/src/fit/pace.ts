/**
 * Interrupts a long loop, so that a page can draw and a server can answer. The loop calls `yieldToHost` whenever
 * `isDue` returns true.
 */
export interface Pace {
  isDue(): boolean;
  yieldToHost(): Promise<void>;
  /** Closes the message channel. */
  close(): void;
}

const maxBusyTime = 10; // in ms; at 60 frames a second, a frame lasts 16 ms

// A loop must yield without a delay, and setTimeout waits at least 4 ms. Node, Deno and Bun have setImmediate, which
// does not wait. Browsers have no setImmediate, so a MessageChannel replaces it.
interface Host {
  readonly setImmediate?: (f: () => void) => unknown;
}

/** The members of the DOM's MessagePort that this file uses. */
interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

export function pace(): Pace {
  const { setImmediate } = globalThis as Host;
  const channel = setImmediate
    ? undefined
    : (new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port });
  let resumedAt = performance.now();
  return {
    isDue: () => performance.now() - resumedAt >= maxBusyTime,
    async yieldToHost() {
      await new Promise<void>((resolve) => {
        if (setImmediate) setImmediate(resolve);
        else {
          channel!.port1.onmessage = () => resolve();
          channel!.port2.postMessage(undefined);
        }
      });
      resumedAt = performance.now();
    },
    close: () => channel?.port1.close(),
  };
}

/** Lets a page draw and a server answer during long loops. `isDue` says when to yield; `yieldToHost` waits for the next turn. */
export interface Pace {
  isDue(): boolean;
  yieldToHost(): Promise<void>;
  /** Closes the message channel. */
  close(): void;
}

const maxBusyTime = 10; // ms; a page that draws 60 times a second has 16

// In a page, setTimeout waits at least 4 ms each time. Only Node, Deno and Bun have setImmediate.
interface Host {
  readonly setImmediate?: (f: () => void) => unknown;
}

/** The parts of the DOM's MessagePort that are used here. */
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

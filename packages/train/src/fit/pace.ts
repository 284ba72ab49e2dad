/** Lets a page draw, and a server answer, while it computes: `due()` says when it is time, `rest()` waits for its turn. */
export interface Pace {
  isDue(): boolean;
  yieldToHost(): Promise<void>;
  /** Gives back what it holds. */
  close(): void;
}

const maxBusyTime = 10; // ms; a page that draws 60 times a second has 16

// setTimeout would wait 4 ms each time in a page; setImmediate is Node's, Deno's and Bun's.
interface Host {
  readonly setImmediate?: (f: () => void) => unknown;
}

/** As pages have it. */
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

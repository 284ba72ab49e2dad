/** What the sandbox refuses. */
export class SandboxError extends Error {
  override name = "SandboxError";
}

const network = [
  "fetch",
  "XMLHttpRequest",
  "WebSocket",
  "EventSource",
  "importScripts",
  "WebTransport",
  "RTCPeerConnection",
];
const page = ["window", "document", "parent", "top", "frames", "opener", "localStorage", "sessionStorage", "alert", "confirm", "prompt"]; // biome-ignore format: a line
const others = ["Worker", "SharedWorker", "BroadcastChannel", "indexedDB", "caches", "postMessage"];

/**
 * The frame's policy, its opaque origin and the worker keep a program from the network and the page as it is; this says so
 * where it tries.
 */
export function closeDoors(): void {
  for (const name of network) close(name, "there is no network here: a program has what it holds and what it computes");
  for (const name of page) close(name, "the program runs apart from the page: console.log prints, record shows a tape");
  for (const name of others) close(name, "the program runs alone, in a worker that keeps nothing");
}

function close(name: string, why: string): void {
  Object.defineProperty(globalThis, name, {
    configurable: false,
    get() {
      throw new SandboxError(`${name}: ${why}`);
    },
  });
}

/** The error that user programs get when they call an API that the sandbox does not offer. */
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
 * Replaces global variables for network, page and storage by stubs that throw a `SandboxError`. The isolation does not
 * depend on the stubs, because the iframe's policy, its opaque origin and the worker enforce it. The stubs only explain
 * the failure.
 */
export function closeDoors(): void {
  for (const name of network) close(name, "there is no network in the sandbox; write the data into the program");
  for (const name of page) close(name, "the program cannot reach the page; console.log prints, record shows a tape");
  for (const name of others) close(name, "the program runs in a worker without storage, messages or other workers");
}

function close(name: string, why: string): void {
  Object.defineProperty(globalThis, name, {
    configurable: false,
    get() {
      throw new SandboxError(`${name}: ${why}`);
    },
  });
}

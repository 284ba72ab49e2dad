import { type Failure, type Outcome, type Run, type WorkerKind, workerKinds } from "./protocol.ts";

const patience = 5000; // the maximum time of a program in ms

/**
 * Runs user programs one at a time, each in a new worker inside an iframe with an opaque origin. The next worker is
 * started in advance. When a new run starts, the previous run is terminated, and its result is discarded.
 */
export class Sandbox {
  #frame: Promise<HTMLIFrameElement> | undefined;
  #ready: Promise<MessagePort> | undefined;
  #runs = 0;

  /** Creates the iframe and starts the worker for the first run. */
  prepare(worker: WorkerKind): void {
    this.#use(worker);
    this.#ready ??= this.#start();
  }

  /**
   * Switches to a worker with more modules if the program needs them. Never switches back, because the new worker can
   * also run all earlier programs.
   */
  #use(worker: WorkerKind): void {
    if (workerKinds.indexOf(worker) <= workerKinds.indexOf(this.#worker)) return;
    this.#discard();
    [this.#worker, this.#ready] = [worker, undefined];
  }
  #worker: WorkerKind = "examples";

  /** Runs a program and returns its result, or `undefined` if another run started before the program ended. */
  async run(run: Run): Promise<Outcome | undefined> {
    const own = ++this.#runs;
    this.#use(run.worker);
    const stopped = new Promise<"stopped">((resolve) => {
      this.#stop = () => resolve("stopped");
    });
    if (this.#busy) this.#ready = undefined; // terminates the previous worker, which may be in an endless loop
    this.#busy = true;
    this.prepare(run.worker);
    let port: MessagePort;
    try {
      port = await this.#ready!;
    } catch (error) {
      [this.#ready, this.#frame, this.#busy] = [undefined, undefined, false]; // the next run tries to load it again
      throw error;
    }
    if (own !== this.#runs) return undefined;
    const outcome = await Promise.race([outcomeOf(port, run, () => own !== this.#runs), stopped]);
    if (own !== this.#runs) return undefined;
    this.#busy = false;
    if (typeof outcome === "string") this.#discard();
    this.#ready = this.#start();
    return typeof outcome === "string" ? { recordings: [], printed: [], error: failures[outcome] } : outcome;
  }
  #busy = false;

  /** Stops the current run. The result of the run then has an error which says that the user stopped the program. */
  stop(): void {
    this.#stop?.();
  }
  #stop: (() => void) | undefined;

  async #start(): Promise<MessagePort> {
    this.#frame ??= newFrame(this.#worker);
    const frame = await this.#frame;
    const { port1, port2 } = new MessageChannel();
    const ready = new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
    });
    frame.contentWindow!.postMessage({}, "*", [port2]);
    await Promise.race([ready, wait(patience)]);
    return port1;
  }

  /** Removes the iframe of the sandbox and its worker, even while a program runs. */
  #discard(): void {
    void this.#frame?.then((frame) => frame.remove());
    this.#frame = undefined;
  }
}

const failures: Readonly<Record<"timeout" | "stopped", Failure>> = {
  timeout: {
    name: "Stopped",
    message: `the program was stopped: it ran for more than ${patience / 1000} s or ran out of memory; look for an endless loop`,
  },
  stopped: { name: "Stopped", message: "you stopped the program; edit it, or choose an example, to run it again" },
};

const wait = (milliseconds: number): Promise<"timeout"> =>
  new Promise((resolve) => setTimeout(() => resolve("timeout"), milliseconds));

function outcomeOf(port: MessagePort, run: Run, isOver: () => boolean): Promise<Outcome | "timeout"> {
  const answer = new Promise<Outcome>((resolve) => {
    port.onmessage = ({ data }: MessageEvent<Outcome>) => {
      if (!isOver()) resolve(data);
    };
  });
  port.postMessage(run);
  return Promise.race([answer, wait(patience)]);
}

const scripts = {
  examples: () => import("virtual:sandbox-worker"),
  exercises: () => import("virtual:sandbox-exercises"),
  whole: () => import("virtual:sandbox-whole"),
} as const;

async function newFrame(worker: WorkerKind): Promise<HTMLIFrameElement> {
  const { default: code } = await scripts[worker]();
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = "Sandbox for programs";
  frame.hidden = true;
  frame.src = "./sandbox.html";
  const ready = new Promise<void>((resolve) => {
    const listen = ({ source }: MessageEvent) => {
      if (source !== frame.contentWindow) return;
      removeEventListener("message", listen);
      resolve();
    };
    addEventListener("message", listen);
  });
  document.body.append(frame);
  await ready;
  frame.contentWindow!.postMessage({ code }, "*");
  return frame;
}

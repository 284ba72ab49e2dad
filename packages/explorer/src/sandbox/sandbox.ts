import type { Failure, Outcome, Run } from "./protocol.ts";

const patience = 5000; // milliseconds that a program may take

/**
 * Runs programs of the reader's, one at a time: each in a new worker, in a frame of an opaque origin. A worker stands ready
 * before it is needed. The next run ends the one before, of which then nobody hears again.
 */
export class Sandbox {
  #frame: Promise<HTMLIFrameElement> | undefined;
  #ready: Promise<MessagePort> | undefined;
  #runs = 0;

  /** Makes ready what the first run needs. */
  prepare(): void {
    this.#ready ??= this.#start();
  }

  /** What comes of a program; `undefined` if another was started before it came to an end. */
  async run(run: Run): Promise<Outcome | undefined> {
    const own = ++this.#runs;
    if (this.#busy) this.#ready = undefined; // the worker before may be in an endless loop: it is ended
    this.#busy = true;
    this.prepare();
    const port = await this.#ready!;
    if (own !== this.#runs) return undefined;
    const outcome = await outcomeOf(port, run, () => own !== this.#runs);
    if (own !== this.#runs) return undefined;
    this.#busy = false;
    if (outcome === "timeout") this.#discard();
    this.#ready = this.#start();
    return outcome === "timeout" ? { recordings: [], printed: [], error: tooLong } : outcome;
  }
  #busy = false;

  async #start(): Promise<MessagePort> {
    this.#frame ??= newFrame();
    const frame = await this.#frame;
    const { port1, port2 } = new MessageChannel();
    const ready = new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
    });
    frame.contentWindow!.postMessage({}, "*", [port2]);
    await Promise.race([ready, wait(patience)]);
    return port1;
  }

  /** Whatever state the frame is in. */
  #discard(): void {
    void this.#frame?.then((frame) => frame.remove());
    this.#frame = undefined;
  }
}

const tooLong: Failure = {
  name: "Stopped",
  message: `the program was stopped: it ran for more than ${patience / 1000} s, or took more memory than there is; is there a loop without end?`,
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

async function newFrame(): Promise<HTMLIFrameElement> {
  const { default: code } = await import("virtual:sandbox-worker");
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

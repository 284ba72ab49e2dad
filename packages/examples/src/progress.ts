import type { WriteStream } from "node:tty";
import { SingleBar } from "cli-progress";

export interface Progress {
  /** `done` of the total, and the figures of the moment, such as "loss 0.3102". */
  update(done: number, figures: string): void;
  /** The items, one by one; the progress ends with them, with a `break` and with an error. */
  during<T>(items: Iterable<T>): Generator<T>;
}

type Display = Pick<Progress, "update"> & { finish(): void };

interface ProgressOptions {
  total: number;
  /** What is counted: "images" gives "81,000 images/s". */
  unit: string;
  stream?: Pick<WriteStream, "write"> & { isTTY?: boolean; columns?: number };
}

/** A bar in a terminal; elsewhere (a file, a pipe, a test) about ten plain lines. */
export function showProgress({ total, unit, stream = process.stdout }: ProgressOptions): Progress {
  const start = performance.now();
  const pace = (done: number) => {
    if (done === 0) return "";
    const perSecond = done / Math.max((performance.now() - start) / 1000, 1e-3);
    return `${Math.round(perSecond).toLocaleString("en")} ${unit}/s  ${duration((total - done) / perSecond)} left`;
  };
  const display = stream.isTTY ? bar(total, stream as WriteStream, pace) : lines(total, stream, pace);
  return {
    update: display.update,
    *during(items) {
      try {
        yield* items;
      } finally {
        display.finish();
      }
    },
  };
}

function bar(total: number, stream: WriteStream, pace: (done: number) => string): Display {
  const single = new SingleBar({
    stream,
    format: (_options, { progress, value, maxWidth }, { figures }: { figures: string }) => {
      const width = Math.min(30, Math.max(0, maxWidth - 66)); // what the figures leave of the line
      const full = Math.round(width * progress);
      const text = [`${"█".repeat(full)}${"░".repeat(width - full)} ${percent(progress)}`, figures, pace(value)];
      return text
        .join("  ")
        .trim()
        .slice(0, maxWidth - 1);
    },
    linewrap: true, // else it switches the terminal's own wrapping off, for good if the process is killed
    gracefulExit: false, // Ctrl-C is the command's own affair
  });
  single.start(total, 0, { figures: "" });
  return {
    update: (done, figures) => single.update(done, { figures }),
    finish: () => single.stop(),
  };
}

function lines(total: number, stream: ProgressOptions["stream"] & object, pace: (done: number) => string): Display {
  let tenths = 0;
  return {
    update(done, figures) {
      const reached = Math.floor((10 * done) / total);
      if (reached <= tenths) return;
      tenths = reached;
      stream.write(`${percent(done / total)}  ${figures}  ${pace(done)}\n`);
    },
    finish() {},
  };
}

function percent(share: number): string {
  return `${Math.floor(100 * share)} %`.padStart(5);
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

import { realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describeOptions, InputError, type OptionTable, parseOptions, type Values } from "./options.ts";

/** An example program. `startIfMain` starts the program from a terminal, and tests call the function `run`. */
export interface Command<Outcome> {
  /** A one-line description. */
  readonly summary: string;
  readonly options: OptionTable;
  /**
   * Whether the function `run` of the command has a parameter `stop`. Without this parameter, Ctrl-C ends the process
   * at once.
   */
  readonly stoppable: boolean;
  /** Runs the example's command. When the user presses Ctrl-C, the signal `stop` is aborted. */
  run(args?: readonly string[], stop?: AbortSignal): Promise<Outcome>;
}

/** Defines a command. The option table determines the type of the options that `run` receives. */
export function command<Table extends OptionTable, Outcome>(spec: {
  summary: string;
  options: Table;
  run: (options: Values<Table>, stop: AbortSignal) => Outcome | Promise<Outcome>;
}): Command<Outcome> {
  return {
    summary: spec.summary,
    options: spec.options,
    stoppable: spec.run.length > 1,
    run: async (args = [], stop = new AbortController().signal) => spec.run(parseOptions(spec.options, args), stop),
  };
}

const interrupted = 130; // the exit status that shells use after Ctrl-C

/** Runs `command` if `meta` is the main module, so that a test can import the module without running the command. */
export async function startIfMain(meta: ImportMeta, command: Command<unknown>): Promise<void> {
  const [, script, ...args] = process.argv;
  if (script === undefined || realpathSync(script) !== meta.filename) return;

  const name = basename(dirname(meta.filename));
  if (args.includes("--help") || args.includes("-h")) {
    console.log(`${name}: ${command.summary}\n\n${describeOptions(command.options)}`);
    return;
  }
  const stop = command.stoppable ? stopOnInterrupt() : undefined;
  try {
    await command.run(args, stop);
    if (stop?.aborted) process.exitCode = interrupted;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

/** Returns a signal that the first Ctrl-C aborts. A second Ctrl-C, more than half a second later, ends the process. */
function stopOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  process.on("SIGINT", () => {
    if (!controller.signal.aborted) {
      first = Date.now();
      controller.abort();
    } else if (Date.now() - first > 500) {
      // One press of Ctrl-C can send two signals: npm forwards the terminal's signal again some milliseconds later.
      process.exit(interrupted);
    }
  });
  return controller.signal;
}

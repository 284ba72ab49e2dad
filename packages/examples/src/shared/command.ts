import { realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describeOptions, InputError, type OptionTable, parseOptions, type Values } from "./options.ts";

/** An example that can be started: from a terminal by `startIfMain`, from a test by `run`. */
export interface Command<Outcome> {
  /** One line: what it does. */
  readonly summary: string;
  readonly options: OptionTable;
  /** Whether `run` heeds `stop`; if not, Ctrl-C ends it as it ends any program. */
  readonly stoppable: boolean;
  /** `stop` is aborted when Ctrl-C was pressed. */
  run(args?: readonly string[], stop?: AbortSignal): Promise<Outcome>;
}

/** Keeps the options of `run` typed by their table. A `run` that leaves `stop` out can be ended, but not asked to stop. */
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

const interrupted = 130; // what a shell reports of a command that Ctrl-C ended

/** Runs `command` when `meta` is the module that Node was started with; importing it, as tests do, runs nothing. */
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

/** The first Ctrl-C asks to stop; another, later, stops at once. */
function stopOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  process.on("SIGINT", () => {
    if (!controller.signal.aborted) {
      first = Date.now();
      controller.abort();
    } else if (Date.now() - first > 500) {
      // npm passes on the signal that the terminal has sent already: the same key press, some milliseconds later
      process.exit(interrupted);
    }
  });
  return controller.signal;
}

import * as core from "@wengert/core";
import * as coreExtend from "@wengert/core/extend";
import * as gradcheck from "@wengert/core/gradcheck";
import * as ops from "@wengert/ops";
import * as opsExtend from "@wengert/ops/extend";
import type { Handed } from "../page/handed.ts";
import { closeDoors, SandboxError } from "./doors.ts";
import { failureOf, type Hints } from "./failure.ts";
import { lineOf } from "./lines.ts";
import { Observer, type PlanOf } from "./observe.ts";
import { callFor } from "./operators.ts";
import type { Outcome, Run } from "./protocol.ts";
import { closestName } from "./suggest.ts";

// The worker that runs a single user program. The worker sends messages to the page through a port that the program
// cannot access.

const modules: Record<string, object> = {
  "@wengert/core": core,
  "@wengert/core/gradcheck": gradcheck,
  "@wengert/core/extend": coreExtend,
  "@wengert/ops": ops,
  "@wengert/ops/extend": opsExtend,
};

// The build shortens the names of functions. This function restores the names of exported functions, because error messages
// show them.
function restoreNames(): void {
  const all = Object.values(modules).flatMap((module) => Object.entries(module) as [string, unknown][]);
  for (const [name, value] of all)
    if (typeof value === "function" && value.name !== name) Object.defineProperty(value, "name", { value: name });
}
restoreNames();

let planOf: PlanOf | undefined;

/** Adds modules that programs can import, and a function that compiles the functions of a program to plans. */
export function extend(more: Readonly<Record<string, object>>, plans?: PlanOf): void {
  Object.assign(modules, more);
  restoreNames();
  planOf = plans;
}

/** Maps each name that a program can import to the module that exports the name. */
const modulesByName = (): Map<string, string> =>
  new Map(
    Object.entries(modules).flatMap(([module, names]) => Object.keys(names).map((name) => [name, module] as const)),
  );

/** Returns a hint for a name that a program uses without defining or importing it, or an empty string. */
function nameHint(name: string): string {
  const moduleOf = modulesByName();
  if (moduleOf.has(name)) return `; import it from "${moduleOf.get(name)}"`;
  const closest = closestName(name, moduleOf.keys());
  return closest === undefined ? "" : `; did you mean ${closest}, from "${moduleOf.get(closest)}"?`;
}

/** Returns the hints for the errors of a program. */
const hintsFor = (code: string): Hints => ({
  name: nameHint,
  method: (name) => (Object.hasOwn(ops, name) ? `; write ${name}(x, …), which is a function of "@wengert/ops"` : ""),
  operator: (line, column) => {
    const call = callFor(code.split("\n")[line - 1] ?? "", column);
    return call === undefined ? "" : `; here: ${call}`;
  },
});

/** Returns the module "fit", from which a program imports tensors of the Fit page. */
function handedModule(handed: Handed | undefined): object {
  if (!handed)
    throw new SandboxError(
      `import: "fit" needs the numbers of a training step, which are only in the browser tab of the fit; open the Fit page and press Tape of this step`,
    );
  const made = Object.entries(handed).map(([label, { data, shape, dtype }]) => {
    const flat = core.tensor([...data], { dtype });
    return [label, core.withLabel(ops.reshape(flat, { shape: [...shape] }), label)];
  });
  return Object.fromEntries(made);
}

function moduleFor(name: string, observer: Observer, handed: Handed | undefined): object {
  const found = name === "fit" ? handedModule(handed) : Object.hasOwn(modules, name) ? modules[name] : undefined;
  if (found)
    return new Proxy(found === core ? { ...core, record: observer.record } : { ...found }, {
      get: (module, key) => {
        // Do not throw if the properties `__esModule`, `default` or `then` are missing. Code from sucrase reads
        // `__esModule` and `default` of each module, and `await` reads `then`.
        if (typeof key !== "string" || key in module || ["__esModule", "default", "then"].includes(key))
          return Reflect.get(module, key) as unknown;
        throw new SandboxError(`import: "${name}" has no ${key}${nameHint(key)}`);
      },
    });
  throw new SandboxError(
    `import: there is no "${name}" in the sandbox; import one of ${Object.keys(modules).join(", ")}`,
  );
}

async function run({ code, order = 1, along, handed, changes, plans }: Run): Promise<Outcome> {
  const observer = new Observer(order, along, plans ? planOf : undefined, changes);
  const printed: string[] = [];
  const print = (...values: unknown[]) => {
    if (observer.isNudging) return;
    if (printed.length < maxLines) printed.push(lineOf(values));
    else if (printed.length === maxLines) printed.push("… (further lines are not shown)");
  };
  const console = { log: print, info: print, warn: print, error: print, debug: print };
  Object.assign(globalThis.console, console); // the exercises print with console.log
  let error: unknown;
  let failed = false;
  const fail = (thrown: unknown) => {
    if (!failed) [failed, error] = [true, thrown];
  };
  self.onunhandledrejection = (event) => {
    event.preventDefault();
    fail(event.reason);
  };
  try {
    // An indirect eval runs the program, so that it sees the worker's globals but no names of this module. The code
    // starts on the first line, so that line numbers in errors are right.
    const program = evaluate(`(async function (require, exports, console) {${code}\n})\n//# sourceURL=program.ts`);
    await program((name: string) => moduleFor(name, observer, handed), {}, console);
  } catch (thrown) {
    fail(thrown);
  }
  await turn(); // lets promises settle that the program does not await, without waiting for timers
  await turn();
  try {
    return { recordings: observer.recordings(), printed, error: failed ? failureOf(error, hintsFor(code)) : undefined };
  } catch (unreadable) {
    return { recordings: [], printed, error: failureOf(unreadable) }; // a program can modify built-in objects so that its recordings become unreadable
  }
}
const maxLines = 1000;

const later = setTimeout; // saved, because a program may replace setTimeout
const turn = (): Promise<void> => new Promise((resolve) => later(resolve));

// biome-ignore lint/security/noGlobalEval: this worker exists to run the reader's program
const evaluate = globalThis.eval;

(Error as { stackTraceLimit?: number }).stackTraceLimit = 30; // the line of the program may be below many frames of the library

self.onmessage = ({ ports: [port] }: MessageEvent) => {
  self.onmessage = null;
  closeDoors();
  port!.onmessage = async ({ data }: MessageEvent<Run>) => {
    const outcome = await run(data);
    port!.postMessage(
      outcome,
      outcome.recordings.map(({ values }) => values.buffer),
    );
  };
  port!.postMessage("ready");
};

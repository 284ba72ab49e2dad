import examples, { type Example } from "virtual:examples";
import type { Program } from "virtual:programs/example";
import { computed, effect, signal } from "@preact/signals";
import { type Address, address, put } from "../../page/address.ts";
import { received } from "../../page/handed.ts";
import { packed, unpacked } from "../../page/packed.ts";
import type { Outcome, Run, WorkerKind } from "../../sandbox/protocol.ts";
import { Sandbox } from "../../sandbox/sandbox.ts";
import { changes } from "./changes.ts";
import { Timeline } from "./timeline.ts";

// The state of the Tape page: the URL parameters, and the result of running the program in the URL.

const inRoom = computed<Address>(() => address.value);
const field = (name: string) => computed(() => (inRoom.value.room === "tape" ? inRoom.value.fields[name] : undefined));

const exampleField = field("example");
const codeField = field("code");
export const example = computed<Example>(() => examples.find(({ name }) => name === exampleField.value) ?? examples[0]);
/** The code of the loaded examples, by name. */
const programs = signal<Readonly<Record<string, Program>>>({});
const load = {
  example: () => import("virtual:programs/example"),
  exercise: () => import("virtual:programs/exercise"),
  tour: () => import("virtual:programs/tour"),
} as const;
export const exampleCode = computed<string | undefined>(() => programs.value[example.value.name]?.code);
/** The program, or undefined while the example is loading. */
export const program = computed<string | undefined>(
  () => (codeField.value && unpacked(codeField.value)) || exampleCode.value,
);
const handedField = field("handed");
/** The tensors that another page hands to the program. */
const handed = computed(() => received(handedField.value));
const orderField = field("order");
export const order = computed<1 | 2>(() => (orderField.value === "2" ? 2 : 1));

const modeField = field("mode");
/** Whether the page shows forward mode (tangents) instead of reverse mode (cotangents). */
export const showsTangents = computed(() => modeField.value === "tangents");
const alongField = field("along");
/** The index of the input whose tangent is a tensor of ones. Undefined in reverse mode. */
const along = computed(() => (showsTangents.value ? (whole(alongField.value) ?? 0) : undefined));

const viewField = field("view");
/** Whether the page shows the plan of the function instead of the list of its steps. */
export const showsPlan = computed(() => viewField.value === "compiled");

/** The result of the last program that finished or failed. */
export const outcome = signal<Outcome | undefined>(undefined);
export const isRunning = signal(true);
/** Whether the program has run for more than 300 ms. The page then says that it runs, and offers to stop it. */
export const isSlow = signal(false);
/**
 * Whether the page still shows the tape of an earlier program, because the current program failed before it recorded a
 * tape.
 */
export const isStale = signal(false);

const which = field("of");
const places = computed(() => outcome.value?.recordings.length ?? 0);
/** The index of the recording that is shown. Default: the last recording. */
export const shownPlace = computed(() => Math.min(whole(which.value) ?? places.value - 1, places.value - 1));
export const timeline = computed<Timeline | undefined>(() => {
  const recording = outcome.value?.recordings[shownPlace.value];
  return recording && new Timeline(recording);
});

const atField = field("at");
/** The current position of the slider. */
export const at = computed(() => Math.min(whole(atField.value) ?? 0, timeline.value?.last ?? 0));
const lookField = field("look");
/** The index of the tensor whose details are shown. */
export const look = computed(() => {
  const number = whole(lookField.value);
  return number !== undefined && number < (timeline.value?.recording.tensors.length ?? 0) ? number : undefined;
});

/** The tensors under the pointer. Each is highlighted wherever the page shows it. */
export const pointed = signal<readonly number[]>([]);

/**
 * Returns event handlers that highlight a tensor wherever the page shows it, while the pointer or the focus is on an
 * element.
 */
export const pointsAt = (tensor: number) => ({
  onMouseEnter: () => (pointed.value = [tensor]),
  onMouseLeave: () => (pointed.value = []),
});

/**
 * The line of the program that recorded the current step. During the sweep, the current step is the step whose VJP
 * rules run.
 */
export const currentLine = computed<number | undefined>(() => {
  const place = timeline.value?.place(at.value);
  return place === undefined ? undefined : timeline.value!.recording.steps[place]!.line;
});
/** The lines of the program that compute the tensors under the pointer. */
export const pointedLines = computed<ReadonlySet<number>>(() => {
  const of = timeline.value;
  return new Set(pointed.value.flatMap((tensor) => of?.lineOf(tensor) ?? []));
});
/** Marks the tensors that a line of the program computes. */
export function pointAtLine(line: number | undefined): void {
  const steps = timeline.peek()?.recording.steps ?? [];
  pointed.value = line === undefined ? [] : steps.filter((step) => step.line === line).map(({ output }) => output);
}

const openField = field("open");
/** The indices of the steps whose loop body is expanded in the list. */
export const opened = computed<ReadonlySet<number>>(
  () => new Set((openField.value ?? "").split(" ").flatMap((text) => whole(text) ?? [])),
);

/** Expands or collapses the body of a step, such as a loop body. */
export function toggleBody(place: number): void {
  const after = opened.peek().has(place)
    ? [...opened.peek()].filter((each) => each !== place)
    : [...opened.peek(), place];
  put({ open: after.length > 0 ? after.join(" ") : undefined });
}

/**
 * Expands or collapses the body of the current step, such as a loop body. If the current step has no body, uses the
 * first step that has one.
 */
export function toggleAnyBody(): void {
  const of = timeline.peek();
  if (!of) return;
  const { steps } = of.recording;
  const current = of.place(at.peek());
  const place = current !== undefined && steps[current]!.body ? current : steps.findIndex(({ body }) => body);
  if (place >= 0) toggleBody(place);
}

const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : undefined;

export function move(to: number): void {
  const last = timeline.peek()?.last ?? 0;
  put({ at: String(Math.min(Math.max(to, 0), last)) });
}

export const lookAt = (tensor: number | undefined): void =>
  put({ look: tensor === undefined || tensor === look.peek() ? undefined : String(tensor) });

export const choose = (name: string): void =>
  put(
    {
      example: name,
      code: undefined,
      handed: undefined,
      set: undefined,
      at: undefined,
      look: undefined,
      of: undefined,
      along: undefined,
      open: undefined,
      nudge: undefined,
    },
    { push: true },
  );

/** Shows tangents or cotangents. */
export const showTangents = (shows: boolean): void =>
  put({ mode: shows ? "tangents" : undefined, along: undefined, at: undefined, look: undefined }, { push: true });

/** Shows the plan of the function, or the list of its steps. */
export const showPlan = (shows: boolean): void =>
  put({ view: shows ? "compiled" : undefined, pass: undefined }, { push: true });

/** Selects the input whose tangent is a tensor of ones. */
export const seedInput = (input: number): void => put({ along: input === 0 ? undefined : String(input) });

/** Stores the user's program in the URL. */
export const edit = (code: string): void =>
  put({ code: code === exampleCode.peek() ? undefined : packed(code), look: undefined, set: undefined });

const sandbox = new Sandbox();

/**
 * Runs the program now, and again after each change of its code or of the settings. Returns a function that stops the
 * runs.
 */
export function keepRunning(): () => void {
  sandbox.prepare(workerFor(showsPlan.peek(), codeField.peek() !== undefined));
  let timer: number | undefined;
  let [runs, isBusy] = [0, false];
  let before: Wanted | undefined;
  let next: (() => void) | undefined;
  const stopLoading = effect(loadExample);
  const stopRunning = effect(() => {
    const code = program.value;
    const wanted = { order: order.value, along: along.value, handed: handed.value, plans: showsPlan.value, code };
    const all = { ...wanted, changes: changes.value };
    isRunning.value = true;
    if (code === undefined) return; // isSlow stays true until a program ends, so that no error of an earlier program returns
    const isDrag = before !== undefined && isSame(before, wanted); // only numbers of the inputs changed
    before = wanted;
    const start = () => {
      const own = ++runs;
      isBusy = true;
      clearTimeout(timer);
      timer = window.setTimeout(() => (isSlow.value = isRunning.peek()), 300);
      const end = (found: Outcome | undefined) => {
        if (own !== runs) return;
        isBusy = false;
        show(found);
        next?.();
      };
      next = undefined;
      run(code, all).then(end, (error: unknown) =>
        end(failed(`a part of the page that runs programs could not be loaded: ${error}`)),
      );
    };
    if (isDrag && isBusy)
      next = start; // a run takes longer than a frame, so it skips the moments of a drag
    else start();
  });
  return () => {
    stopLoading();
    stopRunning();
  };
}

type Wanted = Omit<Run, "code" | "worker" | "changes"> & { readonly code: string | undefined };

const isSame = (a: Wanted, b: Wanted): boolean =>
  a.code === b.code && a.order === b.order && a.along === b.along && a.handed === b.handed && a.plans === b.plans;

function show(found: Outcome | undefined): void {
  if (!found) return;
  isRunning.value = false;
  isSlow.value = false;
  const before = outcome.peek()?.recordings ?? [];
  isStale.value = found.error !== undefined && found.recordings.length === 0 && before.length > 0;
  outcome.value = isStale.peek() ? { ...found, recordings: before } : found;
}

const failed = (message: string): Outcome => ({ recordings: [], printed: [], error: { name: "LoadError", message } });

/**
 * Loads the code of the current example. All programs of the same kind (examples, exercises or tour) are loaded
 * together.
 */
function loadExample(): void {
  const { name, kind } = example.value;
  if (programs.peek()[name]) return;
  load[kind]().then(
    ({ default: all }) => {
      programs.value = { ...programs.peek(), ...all };
    },
    (error: unknown) => {
      outcome.value = failed(`the example could not be loaded: ${error}`);
    },
  );
}

/** Stops the user's program if it is running. */
export const stop = (): void => sandbox.stop();

/**
 * Returns whether the page must load the worker that contains the whole library. Compiled plans and programs that the
 * user wrote need this worker.
 */
export const needsWholeLibrary = (): boolean => workerFor(showsPlan.peek(), codeField.peek() !== undefined) === "whole";

/** Returns the worker for a program. `isOwn`: the user wrote the program. */
const workerFor = (plans: boolean | undefined, isOwn: boolean): WorkerKind =>
  plans || isOwn ? "whole" : example.peek().kind === "exercise" ? "exercises" : "examples";

async function run(code: string, wanted: Omit<Run, "code" | "worker">): Promise<Outcome | undefined> {
  const known = Object.values(programs.peek()).find((each) => each.code === code);
  if (known) return sandbox.run({ ...wanted, worker: workerFor(wanted.plans, false), code: known.javascript });
  const { toJavaScript } = await import("../../sandbox/typescript.ts");
  if (code !== program.peek()) return undefined;
  const { javascript, error } = toJavaScript(code);
  return error
    ? { recordings: [], printed: [], error }
    : sandbox.run({ ...wanted, worker: workerFor(wanted.plans, true), code: javascript });
}

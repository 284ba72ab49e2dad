import examples, { type Example } from "virtual:examples";
import { computed, effect, signal } from "@preact/signals";
import { type Address, address, put } from "../../page/address.ts";
import { packed, unpacked } from "../../page/packed.ts";
import type { Outcome } from "../../sandbox/protocol.ts";
import { Sandbox } from "../../sandbox/sandbox.ts";
import { Timeline } from "./timeline.ts";

// The state of the Tape room: the URL parameters, and the result of running the program in the URL.

const inRoom = computed<Address>(() => address.value);
const field = (name: string) => computed(() => (inRoom.value.room === "tape" ? inRoom.value.fields[name] : undefined));

const exampleField = field("example");
const codeField = field("code");
export const example = computed<Example>(() => examples.find(({ name }) => name === exampleField.value) ?? examples[0]);
export const program = computed<string>(() => (codeField.value && unpacked(codeField.value)) || example.value.code);
const orderField = field("order");
export const order = computed<1 | 2>(() => (orderField.value === "2" ? 2 : 1));

/** The result of the last program that finished or failed. */
export const outcome = signal<Outcome | undefined>(undefined);
export const isRunning = signal(true);
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
/** The current moment. */
export const at = computed(() => Math.min(whole(atField.value) ?? 0, timeline.value?.last ?? 0));
const lookField = field("look");
/** The index of the tensor whose details are shown. */
export const look = computed(() => {
  const number = whole(lookField.value);
  return number !== undefined && number < (timeline.value?.recording.tensors.length ?? 0) ? number : undefined;
});

const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : undefined;

export function move(to: number): void {
  const last = timeline.peek()?.last ?? 0;
  put({ at: String(Math.min(Math.max(to, 0), last)) });
}

export const lookAt = (tensor: number | undefined): void =>
  put({ look: tensor === undefined || tensor === look.peek() ? undefined : String(tensor) });

export const choose = (name: string): void =>
  put({ example: name, code: undefined, at: undefined, look: undefined, of: undefined }, { push: true });

/** Stores the user's program in the URL. */
export const edit = (code: string): void =>
  put({ code: code === example.peek().code ? undefined : packed(code), look: undefined });

const sandbox = new Sandbox();

/**
 * Runs the program now, and again after each change of the program or of the order of the derivative. Returns a
 * function that stops these runs.
 */
export function keepRunning(): () => void {
  sandbox.prepare();
  return effect(() => {
    const [code, wanted] = [program.value, order.value];
    isRunning.value = true;
    void run(code, wanted).then((found) => {
      if (!found) return;
      isRunning.value = false;
      const before = outcome.peek()?.recordings ?? [];
      isStale.value = found.error !== undefined && found.recordings.length === 0 && before.length > 0;
      outcome.value = isStale.peek() ? { ...found, recordings: before } : found;
    });
  });
}

async function run(code: string, wanted: 1 | 2): Promise<Outcome | undefined> {
  const known = examples.find((each) => each.code === code);
  if (known) return sandbox.run({ code: known.javascript, order: wanted });
  const { toJavaScript } = await import("../../sandbox/typescript.ts");
  if (code !== program.peek()) return undefined;
  const { javascript, error } = toJavaScript(code);
  return error ? { recordings: [], printed: [], error } : sandbox.run({ code: javascript, order: wanted });
}

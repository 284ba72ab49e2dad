import { computed } from "@preact/signals";
import { address, put } from "../../page/address.ts";
import type { Change } from "../../sandbox/protocol.ts";

// Numbers of inputs that the reader changed by dragging. The URL parameter `set` stores them, separated by `_`. For
// example, `0.1.4:2.5` sets element 4 of input 1 of recording 0 to 2.5.

const set = computed(() => (address.value.room === "tape" ? address.value.fields.set : undefined));

export const changes = computed<readonly Change[]>(() =>
  (set.value ?? "").split("_").flatMap((text) => {
    const [, recording, input, element, value] = /^(\d{1,3})\.(\d{1,4})\.(\d{1,5}):([-+.\de]{1,30})$/.exec(text) ?? [];
    if (value === undefined || !Number.isFinite(Number(value))) return [];
    return { recording: Number(recording), input: Number(input), element: Number(element), value: Number(value) };
  }),
);

export function change(to: Change): void {
  const others = changes.peek().filter((each) => keyOf(each) !== keyOf(to));
  put({ set: [...others, to].map((each) => `${keyOf(each)}:${each.value}`).join("_") });
}

const keyOf = ({ recording, input, element }: Change): string => `${recording}.${input}.${element}`;

export const resetInputs = (): void => put({ set: undefined });

import { computed } from "@preact/signals";
import { address, put } from "../../page/address.ts";
import type { Change } from "../../sandbox/protocol.ts";

// The numbers of the inputs that the reader changed by dragging. The field `set` of the address has them, such as
// `0.1.4:2.5` for recording 0, input 1, element 4 and value 2.5, separated by `_`. The program text stays as it is.

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

import type { ComponentType } from "preact";

/** A room: a folder of src/rooms, loaded when a reader enters it. Its index exports the component. */
export interface Room {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

export const rooms: readonly [Room, ...Room[]] = [
  { name: "tape", title: "Tape", load: () => import("../rooms/tape/index.tsx") },
  { name: "softmax", title: "Softmax", load: () => import("../rooms/softmax/index.tsx") },
  { name: "fit", title: "Fit", load: () => import("../rooms/fit/index.tsx") },
];

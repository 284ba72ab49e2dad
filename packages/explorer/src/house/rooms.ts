import type { ComponentType } from "preact";

/**
 * A room, which is a page of the explorer with its own folder in src/rooms. Its code is loaded when the user opens the
 * room. The folder's index exports the component.
 */
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

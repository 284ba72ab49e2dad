import type { ComponentType } from "preact";

/**
 * A room: a page of the explorer with its own folder in src/rooms. The code of a room is loaded when the user opens the
 * room. The index file of the folder exports the room's component.
 */
export interface Room {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

/** The rooms, in the order of the navigation. */
export const rooms: readonly [Room, ...Room[]] = [
  { name: "tape", title: "Tape", load: () => import("../rooms/tape/index.tsx") },
  { name: "softmax", title: "Softmax", load: () => import("../rooms/softmax/index.tsx") },
  { name: "fit", title: "Fit", load: () => import("../rooms/fit/index.tsx") },
];

/** The pages beside the rooms. Other names of pages open the start page. */
export const start: Room = { name: "start", title: "Start", load: () => import("../start/index.tsx") };
export const overview: Room = { name: "tour", title: "Tour", load: () => import("../tour/Overview.tsx") };

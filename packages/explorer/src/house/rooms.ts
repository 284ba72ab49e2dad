import type { ComponentType } from "preact";

/**
 * A page of the explorer, with its own folder of code. The code of a page is loaded when the user opens the page. The
 * index file of the folder exports the page's component.
 */
export interface Room {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

/** The pages Tape, Softmax and Fit, in the order of the navigation. */
export const rooms: readonly [Room, ...Room[]] = [
  { name: "tape", title: "Tape", load: () => import("../rooms/tape/index.tsx") },
  { name: "softmax", title: "Softmax", load: () => import("../rooms/softmax/index.tsx") },
  { name: "fit", title: "Fit", load: () => import("../rooms/fit/index.tsx") },
];

/** The start page and the overview of the tour. A URL with an unknown page name opens the start page. */
export const start: Room = { name: "start", title: "Start", load: () => import("../start/index.tsx") };
export const overview: Room = { name: "tour", title: "Tour", load: () => import("../tour/Overview.tsx") };

import { signal } from "@preact/signals";
import { stops } from "../page/stops.ts";

/** How the reader finished a stop of the tour: with the right answer, or by reading the answer. */
export type Standing = "answered" | "read";
type Progress = Readonly<Record<string, Standing>>;

const key = "wengert-tour";

/** The stops of the tour that the reader has finished, by the name of the stop. */
export const progress = signal<Progress>(remembered());

/**
 * Stores that the reader has finished a stop of the tour. "answered" (with the right answer) is never replaced by
 * "read".
 */
export function finish(name: string, how: Standing): void {
  if (progress.peek()[name] === "answered") return;
  store({ ...progress.peek(), [name]: how });
}

/** Forgets all answers. */
export const forget = (): void => store({});

function store(to: Progress): void {
  progress.value = to;
  try {
    localStorage.setItem(key, JSON.stringify(to));
  } catch {
    // If the browser denies storage, the progress is lost on reload.
  }
}

function remembered(): Progress {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
    if (typeof found !== "object" || found === null) return {};
    const entries = Object.entries(found).filter(
      (entry): entry is [string, Standing] =>
        stops.some(({ name }) => name === entry[0]) && (entry[1] === "answered" || entry[1] === "read"),
    );
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

/** Returns the first stop of the tour that the reader has not finished, or undefined if all stops are finished. */
export const nextStop = (): string | undefined => stops.find(({ name }) => !progress.value[name])?.name;

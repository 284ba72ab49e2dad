import { signal } from "@preact/signals";
import { type Stop, stops } from "./stops.ts";

/**
 * The current URL, such as `#/tape?example=bias&at=12`. The URL parameters (`fields`) contain the whole state of a
 * page, so that a link can share the state.
 */
export interface Address {
  /** The name of the page. If the URL names a stop of the tour, the page that is beside the question. */
  readonly room: string;
  readonly fields: Readonly<Record<string, string>>;
  /**
   * The stop of the guided tour whose name is in the URL, such as `#/tour/bias`. A stop shows a question beside a page
   * of the explorer.
   */
  readonly stop?: Stop | undefined;
}

/** Whether a URL says that the page is embedded in another page: `?embed=1` in the query or in the fragment. */
const asksToEmbed = (query: string): boolean => new URLSearchParams(query).get("embed") === "1";

/**
 * Whether the explorer is embedded in another page, such as a slide. An embedded page has no header, even after the
 * user follows a link inside it.
 */
export const isEmbedded = signal(asksToEmbed(location.search));
let embedsByHash = false;

function parse(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  if (asksToEmbed(query)) {
    embedsByHash = !asksToEmbed(location.search);
    isEmbedded.value = true;
  }
  const { embed: _, ...given } = Object.fromEntries(new URLSearchParams(query));
  const stop = stops.find(({ name }) => path === `tour/${name}`);
  if (!stop) return { room: path || "start", fields: given };
  const fields = Object.entries({ ...stop.fields, ...given }).filter(([name, value]) => value || !stop.fields[name]);
  return { room: stop.room, fields: Object.fromEntries(fields), stop };
}

/**
 * Returns the URL fragment of an address. The URL of a stop of the tour contains only the parameters whose values
 * differ from those in `stops.ts`.
 */
function format({ room, fields, stop }: Address): string {
  const changed = Object.entries(fields).filter(([name, value]) => stop?.fields[name] !== value);
  const removed = Object.keys(stop?.fields ?? {}).filter((name) => fields[name] === undefined);
  const all = [...changed, ...removed.map((name) => [name, ""]), ...(embedsByHash ? [["embed", "1"]] : [])];
  const query = new URLSearchParams(all as [string, string][]).toString();
  return `#/${stop ? `tour/${stop.name}` : room}${query ? `?${query}` : ""}`;
}

export const address = signal<Address>(parse(location.hash));

/** Returns the URL fragment of the current address, without the parameter `embed`. */
export const currentHash = (): string => format(address.peek()).replace(/[?&]embed=1$/, "");

/** Opens a page of the explorer and adds an entry to the browser history. */
export const go = (room: string, fields: Readonly<Record<string, string>> = {}): void => enter({ room, fields });

/** Opens a URL fragment and adds an entry to the browser history. */
export const open = (hash: string): void => enter(parse(hash));

function enter(to: Address): void {
  write();
  address.value = to;
  history.pushState(null, "", format(to));
}

/**
 * Changes parameters (fields) of the current URL. A value of `undefined` removes a parameter. Adds no entry to the
 * browser history unless `push` is true, because a drag can change the URL at every frame.
 */
export function put(fields: Readonly<Record<string, string | undefined>>, { push = false } = {}): void {
  const { fields: before } = address.peek();
  const merged = { ...before, ...fields };
  const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const to = { ...address.peek(), fields: Object.fromEntries(kept) };
  if (push) {
    enter(to);
    return;
  }
  address.value = to;
  pending ??= window.setTimeout(write, 200); // in ms, because browsers limit how often the address may change
}
let pending: number | undefined;

function write(): void {
  if (pending === undefined) return;
  clearTimeout(pending);
  pending = undefined;
  history.replaceState(null, "", format(address.peek()));
}

function read(): void {
  clearTimeout(pending);
  pending = undefined;
  const found = parse(location.hash);
  if (format(found) !== format(address.peek())) address.value = found;
}
addEventListener("popstate", read);
addEventListener("hashchange", read);
addEventListener("pagehide", write);

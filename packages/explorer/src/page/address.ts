import { signal } from "@preact/signals";

/**
 * The current URL, such as `#/tape?example=bias&at=12`. The parameters (fields) of the URL contain the whole state of a
 * room, so that a link can share the state.
 */
export interface Address {
  readonly room: string;
  readonly fields: Readonly<Record<string, string>>;
}

function parse(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { room: path || "tape", fields: Object.fromEntries(new URLSearchParams(query)) };
}

function format({ room, fields }: Address): string {
  const query = new URLSearchParams(fields).toString();
  return `#/${room}${query ? `?${query}` : ""}`;
}

export const address = signal<Address>(parse(location.hash));

/** Opens a room of the explorer and adds an entry to the browser history. */
export function go(room: string, fields: Readonly<Record<string, string>> = {}): void {
  write();
  address.value = { room, fields };
  history.pushState(null, "", format(address.value));
}

/**
 * Changes parameters (fields) of the current URL. A value of `undefined` removes a parameter. Adds no entry to the
 * browser history unless `push` is true, because a drag can change the URL at every frame.
 */
export function put(fields: Readonly<Record<string, string | undefined>>, { push = false } = {}): void {
  const { room, fields: before } = address.peek();
  const merged = { ...before, ...fields };
  const kept = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (push) {
    go(room, Object.fromEntries(kept));
    return;
  }
  address.value = { room, fields: Object.fromEntries(kept) };
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

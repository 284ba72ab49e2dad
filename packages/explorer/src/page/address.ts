import { signal } from "@preact/signals";

/** Where one is: `#/tape?example=bias&at=12`. The whole state of a room is in its fields, so that an address can be shared. */
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

/** Goes somewhere: the back button comes back from there. */
export function go(room: string, fields: Readonly<Record<string, string>> = {}): void {
  write();
  address.value = { room, fields };
  history.pushState(null, "", format(address.value));
}

/**
 * Changes fields of the room one is in; `undefined` takes one away. The back button does not go back through such changes,
 * which may come with every frame, unless `push` says so.
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
  pending ??= window.setTimeout(write, 200); // browsers refuse an address that changes a hundred times a second
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

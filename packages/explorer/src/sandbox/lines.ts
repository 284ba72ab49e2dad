import { Tensor } from "@wengert/core";

/** Formats the arguments of console.log as Node does: tensors by toString, objects down to a limited depth. */
export const lineOf = (values: readonly unknown[]): string =>
  values
    .map((value) => (typeof value === "string" ? value : textOf(value, 0)))
    .join(" ")
    .slice(0, maxLetters);
const maxLetters = 10_000;

function textOf(value: unknown, depth: number): string {
  if (value instanceof Tensor) return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `[function ${value.name || "(anonymous)"}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (depth > 3) return Array.isArray(value) ? "[…]" : "{…}";
  const more = (count: number) => (count > maxEntries ? ", …" : "");
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list = Array.from(value as unknown as ArrayLike<unknown>).slice(0, maxEntries);
    const { length } = value as unknown as ArrayLike<unknown>;
    return `[${list.map((entry) => textOf(entry, depth + 1)).join(", ")}${more(length)}]`;
  }
  const entries = Object.entries(value);
  const shown = entries.slice(0, maxEntries).map(([key, entry]) => `${key}: ${textOf(entry, depth + 1)}`);
  return shown.length === 0 ? "{}" : `{ ${shown.join(", ")}${more(entries.length)} }`;
}
const maxEntries = 100;

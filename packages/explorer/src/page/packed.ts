import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";

/** A text as a field of the address: compressed, in letters that need no escape. */
export function packed(text: string): string {
  const bytes = deflateSync(strToU8(text), { level: 9 });
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** The text again; `undefined` for what was not made by `packed`. */
export function unpacked(field: string): string | undefined {
  try {
    const bytes = atob(field.replaceAll("-", "+").replaceAll("_", "/"));
    return strFromU8(inflateSync(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))));
  } catch {
    return undefined;
  }
}

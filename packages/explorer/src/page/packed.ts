import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";

/** Compresses a text into a field of the address, in characters that need no escape. */
export function packed(text: string): string {
  const bytes = deflateSync(strToU8(text), { level: 9 });
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Restores a text; `undefined` unless `packed` made the field. */
export function unpacked(field: string): string | undefined {
  try {
    const bytes = atob(field.replaceAll("-", "+").replaceAll("_", "/"));
    return strFromU8(inflateSync(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))));
  } catch {
    return undefined;
  }
}

import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";

/** Compresses a text for a URL parameter. The result contains only characters that a URL need not escape. */
export function packed(text: string): string {
  const bytes = deflateSync(strToU8(text), { level: 9 });
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Decompresses a text. Returns `undefined` for input that `packed` did not create. */
export function unpacked(field: string): string | undefined {
  try {
    const bytes = atob(field.replaceAll("-", "+").replaceAll("_", "/"));
    return strFromU8(inflateSync(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))));
  } catch {
    return undefined;
  }
}

import { packed, unpacked } from "./packed.ts";

/** A tensor as plain data, which a page hands to the Tape page. */
export interface HandedTensor {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
  readonly data: readonly number[];
}

/** The tensors that a program of the Tape page imports from "fit", by name. */
export type Handed = Readonly<Record<string, HandedTensor>>;

const mostInAddress = 4000; // the maximum length of packed tensors in an address
const inTab = "tab"; // the field of an address whose tensors are in this browser tab
const stored = "wengert-handed";
let inMemory: Handed | undefined;

/**
 * Returns the value of a URL parameter for tensors. The value contains small tensors completely. Large tensors are
 * stored in the browser tab, so a link to them works only in the same tab.
 */
export function hand(tensors: Handed): string {
  const text = JSON.stringify(tensors);
  const field = text.length < 40 * mostInAddress ? packed(text) : undefined;
  if (field !== undefined && field.length <= mostInAddress) return field;
  inMemory = tensors;
  try {
    sessionStorage.setItem(stored, text);
  } catch {
    // If the storage is full or denied, a reload of the page loses the tensors.
  }
  return inTab;
}

/**
 * Returns the tensors to which a URL parameter refers. Returns undefined if the parameter is missing or invalid, or if
 * the tensors are not in this browser tab.
 */
export function received(field: string | undefined): Handed | undefined {
  if (field === undefined) return undefined;
  if (field === inTab && inMemory) return inMemory;
  try {
    const found: unknown = JSON.parse((field === inTab ? sessionStorage.getItem(stored) : unpacked(field)) ?? "null");
    return isHanded(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function isHanded(found: unknown): found is Handed {
  if (typeof found !== "object" || found === null || Array.isArray(found)) return false;
  return Object.values(found).every((each: Partial<HandedTensor> | null) => {
    if (!each || !isNumbers(each.shape) || !isNumbers(each.data)) return false;
    const size = each.shape.reduce((product, n) => product * n, 1);
    return (each.dtype === "float32" || each.dtype === "int32") && each.data.length === size;
  });
}

const isNumbers = (list: unknown): list is readonly number[] =>
  Array.isArray(list) && list.every((x) => typeof x === "number");

import type { Tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";

/** Returns the number that all elements of a tensor equal, or `undefined` if two elements differ. */
export function uniformValue({ array, size }: Tensor): number | undefined {
  if (array === undefined || size === 0) return undefined;
  const elements = ravel(array);
  const first = elements[0]!;
  return elements.every((x) => Object.is(x, first)) ? first : undefined;
}

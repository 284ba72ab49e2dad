import type { Tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";

const known = /* @__PURE__ */ new WeakMap<Tensor, { readonly value: number | undefined }>();

/** Returns the number that all elements of a constant equal, or `undefined` if two elements differ. */
export function uniformValue(x: Tensor): number | undefined {
  let found = known.get(x);
  if (found === undefined) {
    found = { value: uniformElement(x) };
    known.set(x, found);
  }
  return found.value;
}

function uniformElement({ array, size }: Tensor): number | undefined {
  if (array === undefined || size === 0) return undefined;
  const elements = ravel(array);
  const first = elements[0]!;
  return elements.every((x) => Object.is(x, first)) ? first : undefined;
}

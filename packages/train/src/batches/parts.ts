import { describe, fromNdarray, ShapeError, shapeText, show, Tensor } from "@wengert/core";
import { rows as flat, ndarray } from "@wengert/core/ndarray";
import { keyIn } from "../options.ts";
import { permutation } from "./permutation.ts";

/**
 * The numbers of `count` rows, in an order from which parts can be dealt: that of `key`, or as they are; with `labels`, class
 * after class, so that whoever deals evenly deals each class evenly. @throws ShapeError for labels that are not one a row
 */
export function dealingOrder(
  who: string,
  count: number,
  { key, labels }: { readonly key?: Tensor | undefined; readonly labels?: Tensor | undefined },
): Int32Array {
  const drawn = keyIn(who, "key", key);
  const order = drawn
    ? Int32Array.from(permutation(drawn, count).array!.data)
    : Int32Array.from({ length: count }, (_, i) => i);
  if (labels === undefined) return order;
  if (!(labels instanceof Tensor && String(labels.shape) === String([count]))) {
    const came = labels instanceof Tensor ? describe(labels, "labels") : show(labels);
    throw new ShapeError(`${who}: labels must be a tensor with one for each row, ${shapeText([count])}, got ${came}`);
  }
  const classes = flat(labels.array!);
  return order.sort((a, b) => classes[a]! - classes[b]!); // a stable sort keeps the order of the key within each class
}

/** The rows for which `isIn` says so of their place in `order`, in the order of the data, as indices; and the others. */
export function divided(order: Int32Array, isIn: (place: number) => boolean): [inside: Tensor, outside: Tensor] {
  const parts = [true, false].map((wanted) => {
    const rows = order.filter((_, place) => isIn(place) === wanted).sort();
    return fromNdarray(ndarray(rows, [rows.length]));
  });
  return parts as [Tensor, Tensor];
}

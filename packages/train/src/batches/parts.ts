import { fromNdarray, ShapeError, Tensor } from "@wengert/core";
import { describe, ravel as flat, ndarray, shapeText, show } from "@wengert/core/extend";
import { permutation } from "@wengert/ops";
import { keyOption } from "../checks/options.ts";

/**
 * Returns the indices of `count` rows, shuffled if `key` is given. If `labels` are given, the rows are sorted by class,
 * so that every k-th row gives a stratified sample.
 * @throws ShapeError unless there is a label for each row
 */
export function rowOrder(
  caller: string,
  count: number,
  { key, labels }: { readonly key?: Tensor | undefined; readonly labels?: Tensor | undefined },
): Int32Array {
  const checkedKey = keyOption(caller, "key", key);
  const order = checkedKey
    ? Int32Array.from(permutation(checkedKey, count).array!.data)
    : Int32Array.from({ length: count }, (_, i) => i);
  if (labels === undefined) return order;
  if (!(labels instanceof Tensor && String(labels.shape) === String([count]))) {
    const got = labels instanceof Tensor ? describe(labels, "labels") : show(labels);
    throw new ShapeError(
      `${caller}: labels must be a tensor with one label per row, ${shapeText([count])}, got ${got}`,
    );
  }
  const classes = flat(labels.array!);
  return order.sort((a, b) => classes[a]! - classes[b]!); // a stable sort: rows of one class keep their shuffled order
}

/**
 * Splits row indices into two ascending lists: the rows whose position in `order` passes the test `isInside`, and all
 * other rows.
 */
export function splitRows(order: Int32Array, isInside: (place: number) => boolean): [inside: Tensor, outside: Tensor] {
  const parts = [true, false].map((side) => {
    const rows = order.filter((_, place) => isInside(place) === side).sort();
    return fromNdarray(ndarray(rows, [rows.length]));
  });
  return parts as [Tensor, Tensor];
}

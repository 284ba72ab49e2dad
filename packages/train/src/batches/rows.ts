import { ShapeError, shapeText, type Tensor, TreeError, unflatten, walk } from "@wengert/core";
import { slice, take } from "@wengert/ops";

/** Data as rows: a tree of tensors that have as many entries along axis 0. `who` and `path` are for messages. */
export interface Rows<T> {
  readonly count: number;
  /** The rows from `start` to before `stop`: views, no number is copied. */
  between(start: number, stop: number): T;
  /** The rows that int32 `indices` name, copied. */
  at(indices: Tensor): T;
}

/** @throws TreeError, ShapeError for what has no rows, or more in one tensor than in another; it is named */
export function rowsOf<T>(who: string, data: T, path: string): Rows<T> {
  const leaves: Tensor[] = [];
  let first = { count: 0, path };
  walk(who, data, path, (leaf, place) => {
    if (leaf.shape.length === 0)
      throw new ShapeError(
        `${who}: ${place} is a scalar and has no rows, which lie along axis 0; let the loss close over it`,
      );
    const count = leaf.shape[0]!;
    if (leaves.length === 0) first = { count, path: place };
    leaves.push(leaf);
    if (count === first.count) return;
    throw new ShapeError(
      `${who}: ${place} has ${count} rows, ${first.path} has ${first.count}; rows lie along axis 0 of each tensor, here ${shapeText(leaf.shape)}`,
    );
  });
  if (leaves.length === 0)
    throw new TreeError(`${who}: ${path} holds no tensor; give a tensor, or arrays and objects of them`);
  if (first.count === 0) throw new ShapeError(`${who}: ${first.path} has no rows; there is nothing to take`);
  const each = (f: (leaf: Tensor) => Tensor): T =>
    unflatten(
      data,
      leaves.map((leaf) => labelled(f(leaf), leaf.label)),
    );
  return {
    count: first.count,
    between: (start, stop) => each((leaf) => slice(leaf, { start: [start], stop: [stop] })),
    at: (indices) => each((leaf) => take(leaf, indices, { axis: 0 })),
  };
}

/** Messages and listings call a batch as they call the data. */
function labelled(part: Tensor, label: string | undefined): Tensor {
  part.label = label;
  return part;
}

import { ShapeError, type Tensor, TreeError, withLabel } from "@wengert/core";
import { shapeText, unflatten, walk } from "@wengert/core/extend";
import { slice, take } from "@wengert/ops";

/** Data as rows: a tree of tensors that have as many entries along axis 0. `caller` and `path` are for messages. */
export interface Rows<T> {
  readonly count: number;
  /** The rows from `start` to before `stop`: views, no number is copied. */
  between(start: number, stop: number): T;
  /** The rows that int32 `indices` name, copied. */
  at(indices: Tensor): T;
}

/** @throws TreeError, ShapeError for what has no rows, or more in one tensor than in another; it is named */
export function rowsOf<T>(caller: string, data: T, path: string): Rows<T> {
  const leaves: Tensor[] = [];
  let first = { count: 0, path };
  walk(caller, data, path, (leaf, leafPath) => {
    if (leaf.shape.length === 0)
      throw new ShapeError(
        `${caller}: ${leafPath} is a scalar and has no rows, which lie along axis 0; let the loss close over it`,
      );
    const count = leaf.shape[0]!;
    if (leaves.length === 0) first = { count, path: leafPath };
    leaves.push(leaf);
    if (count === first.count) return;
    throw new ShapeError(
      `${caller}: ${leafPath} has ${count} rows, ${first.path} has ${first.count}; rows lie along axis 0 of each tensor, here ${shapeText(leaf.shape)}`,
    );
  });
  if (leaves.length === 0)
    throw new TreeError(`${caller}: ${path} holds no tensor; give a tensor, or arrays and objects of them`);
  if (first.count === 0) throw new ShapeError(`${caller}: ${first.path} has no rows; there is nothing to take`);
  const mapLeaves = (f: (leaf: Tensor) => Tensor): T =>
    unflatten(
      data,
      leaves.map((leaf) => (leaf.label === undefined ? f(leaf) : withLabel(f(leaf), leaf.label))),
    );
  return {
    count: first.count,
    between: (start, stop) => mapLeaves((leaf) => slice(leaf, { start: [start], stop: [stop] })),
    at: (indices) => mapLeaves((leaf) => take(leaf, indices, { axis: 0 })),
  };
}

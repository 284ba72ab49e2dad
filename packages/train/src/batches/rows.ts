import { ShapeError, type Tensor, TreeError, withLabel } from "@wengert/core";
import { shapeText, unflatten, walk } from "@wengert/core/extend";
import { slice, take } from "@wengert/ops";

/** A tree of tensors with the same number of entries along axis 0. */
export interface Rows<T> {
  readonly count: number;
  /** Returns the rows from `start` up to but not including `stop`, as views. */
  between(start: number, stop: number): T;
  /** Returns a copy of the rows with the given int32 indices. */
  at(indices: Tensor): T;
}

/**
 * Wraps a tree of tensors as a list of rows.
 * @throws TreeError, ShapeError unless all tensors have the same number of rows, at least 1
 */
export function rowsOf<T>(caller: string, data: T, path: string): Rows<T> {
  const { leaves, count, first } = countRows(caller, data, path);
  if (count === 0) throw new ShapeError(`${caller}: ${first} must have at least one row, got 0`);
  const mapLeaves = (f: (leaf: Tensor) => Tensor): T =>
    unflatten(
      data,
      leaves.map((leaf) => (leaf.label === undefined ? f(leaf) : withLabel(f(leaf), leaf.label))),
    );
  return {
    count,
    between: (start, stop) => mapLeaves((leaf) => slice(leaf, { start: [start], stop: [stop] })),
    at: (indices) => mapLeaves((leaf) => take(leaf, indices, { axis: 0 })),
  };
}

/**
 * Returns the tensors of a tree, their number of rows along axis 0, and the path of the first tensor.
 * @throws TreeError, ShapeError unless all tensors have the same number of rows, possibly 0
 */
export function countRows(
  caller: string,
  data: unknown,
  path: string,
): { readonly leaves: readonly Tensor[]; readonly count: number; readonly first: string } {
  const leaves: Tensor[] = [];
  let first = { count: 0, path };
  walk(caller, data, path, (leaf, leafPath) => {
    if (leaf.shape.length === 0)
      throw new ShapeError(
        `${caller}: ${leafPath} must have rows along axis 0, got a scalar; let the loss close over it`,
      );
    const count = leaf.shape[0]!;
    if (leaves.length === 0) first = { count, path: leafPath };
    leaves.push(leaf);
    if (count === first.count) return;
    throw new ShapeError(
      `${caller}: all tensors must have the same number of rows along axis 0, got ${count} for ${leafPath} ${shapeText(leaf.shape)} and ${first.count} for ${first.path}`,
    );
  });
  if (leaves.length === 0)
    throw new TreeError(
      `${caller}: ${path} must hold a tensor, got none; pass a tensor, or arrays and objects of tensors`,
    );
  return { leaves, count: first.count, first: first.path };
}

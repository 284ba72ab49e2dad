import { OutOfRangeError, type Tensor } from "@wengert/core";
import { type TreesOnly, withDefaults } from "@wengert/core/extend";
import { wholeNumber } from "../checks/options.ts";
import { rowOrder, splitRows } from "./parts.ts";
import { rowsOf } from "./rows.ts";
import { type Sequence, sequence } from "./sequence.ts";

export interface KFoldOptions {
  /** The number of parts. Each part is the test set once. */
  readonly folds: number;
  /** Which rows are in which part is drawn; without a key they are dealt in turn. */
  readonly key?: Tensor | undefined;
  /** The class of each row, [rows]: each part then gets as many rows of a class as the next, or one more. */
  readonly labels?: Tensor | undefined;
}

export interface Fold<T> {
  readonly train: T;
  readonly test: T;
}

/**
 * The rows of `data`, a tree of tensors with rows along axis 0, for a cross-validation: in each fold another part is held
 * out, and each row once. The parts differ by one row at most, and in them rows stay in their order. A fold is copied when it is
 * asked for.
 * @throws ShapeError, TreeError for data without rows; OutOfRangeError for more folds than rows
 */
export function kFold<T>(data: T & TreesOnly<T>, options: KFoldOptions): Sequence<Fold<T>> {
  const { folds, key, labels } = withDefaults<KFoldOptions>("kFold", options, {
    folds: undefined,
    key: undefined,
    labels: undefined,
  });
  const rows = rowsOf<T>("kFold", data, "data");
  const parts = wholeNumber("kFold", "folds", folds, 2);
  if (parts > rows.count) throw new OutOfRangeError(`kFold: ${parts} folds need as many rows, there are ${rows.count}`);
  const order = rowOrder("kFold", rows.count, { key, labels });
  return sequence(parts, (fold) => {
    const [test, train] = splitRows(order, (place) => place % parts === fold);
    return { train: rows.at(train), test: rows.at(test) };
  });
}

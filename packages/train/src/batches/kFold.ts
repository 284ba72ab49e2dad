import { OutOfRangeError, type Tensor } from "@wengert/core";
import { type TreesOnly, withDefaults } from "@wengert/core/extend";
import { shuffleNames, wholeNumber } from "../checks/options.ts";
import { rowOrder, splitRows } from "./parts.ts";
import { rowsOf } from "./rows.ts";
import { type Sequence, sequence } from "./sequence.ts";

export interface KFoldOptions {
  /** The number of folds. Each fold is the test set once. */
  readonly folds: number;
  /** The random key that assigns the rows to folds. Without a key, row i belongs to fold i mod `folds`. */
  readonly key?: Tensor | undefined;
  /**
   * The class of each row, [rows]. If given, the folds are stratified: the counts of a class in two folds differ by at
   * most 1.
   */
  readonly labels?: Tensor | undefined;
}

export interface Fold<T> {
  readonly train: T;
  readonly test: T;
}

/**
 * Splits `data` for cross-validation. `data` is a tree of tensors with rows along axis 0. Each row is in exactly one
 * test set. The sizes of the test sets differ by at most one row. Training and test sets keep the order of the rows. A
 * fold's rows are copied when the fold is accessed.
 * @throws ShapeError, TreeError if `data` has no rows
 * @throws OutOfRangeError if there are more folds than rows
 */
export function kFold<T>(data: T & TreesOnly<T>, options: KFoldOptions): Sequence<Fold<T>> {
  const { folds, key, labels } = withDefaults<KFoldOptions>(
    "kFold",
    options,
    {
      folds: undefined,
      key: undefined,
      labels: undefined,
    },
    { ...shuffleNames, nsplits: "folds", k: "folds", cv: "folds", stratify: "labels" },
  );
  const rows = rowsOf<T>("kFold", data, "data");
  const parts = wholeNumber("kFold", "folds", folds, 2);
  if (parts > rows.count)
    throw new OutOfRangeError(`kFold: folds must be at most the number of rows, ${rows.count}, got ${parts}`);
  const order = rowOrder("kFold", rows.count, { key, labels });
  return sequence(parts, (fold) => {
    const [test, train] = splitRows(order, (place) => place % parts === fold);
    return { train: rows.at(train), test: rows.at(test) };
  });
}

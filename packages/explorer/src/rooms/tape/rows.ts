import type { BodyRow, TensorData } from "../../sandbox/protocol.ts";
import type { Timeline } from "./timeline.ts";

/** A row of the table that shows the tape: an input, a constant, a step, or a row of an expanded loop body. */
export type ListRow = TensorRow | OpenedRow;

interface TensorRow {
  readonly kind: "tensor";
  readonly tensor: number;
  /** The index of the row's step, or undefined for inputs and constants. */
  readonly place: number | undefined;
}

interface OpenedRow {
  readonly kind: "body";
  readonly row: BodyRow;
  /** The index of the step whose loop body contains this row. */
  readonly place: number;
}

/**
 * Returns the rows of the table that shows the tape. `opened` contains the indices of the steps whose loop body is
 * expanded.
 */
export function rowsOf({ recording }: Timeline, opened: ReadonlySet<number>): readonly ListRow[] {
  const { inputs, constants, steps, tensors } = recording;
  const leaves = [...inputs, ...constants.filter((c) => !isNumber(tensors[c]!))];
  const rows: ListRow[] = leaves.map((tensor) => ({ kind: "tensor", tensor, place: undefined }));
  for (const [place, { output, body }] of steps.entries()) {
    rows.push({ kind: "tensor", tensor: output, place });
    if (body && opened.has(place)) for (const row of body.rows) rows.push({ kind: "body", row, place });
  }
  return rows;
}

/** Whether the tensor is a literal number. The name of such a tensor is its value. */
const isNumber = ({ name, shape }: TensorData): boolean => shape.length === 0 && !Number.isNaN(Number(name || "x"));

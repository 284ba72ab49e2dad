import { signal } from "@preact/signals";
import type { BufferData } from "../../sandbox/protocol.ts";

/** A row of the compiled list: an input, or a step, by its index. */
interface Row {
  readonly isInput: boolean;
  readonly place: number;
}

/** The row of the compiled list, or the buffer of the plan, that the reader points at. */
export const pointedRow = signal<Row | undefined>(undefined);
export const pointedBuffer = signal<BufferData | undefined>(undefined);

const holds = ({ inputs, steps }: BufferData, { isInput, place }: Row): boolean =>
  (isInput ? inputs : steps).includes(place);

export const isRowPointed = (row: Row): boolean => pointedBuffer.value !== undefined && holds(pointedBuffer.value, row);

export const isBufferPointed = (buffer: BufferData): boolean =>
  pointedBuffer.value === buffer || (pointedRow.value !== undefined && holds(buffer, pointedRow.value));

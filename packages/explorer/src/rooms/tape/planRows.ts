import { signal } from "@preact/signals";
import type { BufferData } from "../../sandbox/protocol.ts";

/** A row in the table of a compiled program: the index of an input or of a step. */
interface Row {
  readonly isInput: boolean;
  readonly place: number;
}

/** The table row under the pointer: an input or a step of a compiled program. */
export const pointedRow = signal<Row | undefined>(undefined);
export const pointedBuffer = signal<BufferData | undefined>(undefined);

const holds = ({ inputs, steps }: BufferData, { isInput, place }: Row): boolean =>
  (isInput ? inputs : steps).includes(place);

export const isRowPointed = (row: Row): boolean => pointedBuffer.value !== undefined && holds(pointedBuffer.value, row);

export const isBufferPointed = (buffer: BufferData): boolean =>
  pointedBuffer.value === buffer || (pointedRow.value !== undefined && holds(buffer, pointedRow.value));

import { signal } from "@preact/signals";
import type { BufferData } from "../../sandbox/protocol.ts";

/**
 * Identifies an input or a step of a compiled program. `place` is an index into the inputs if `isInput` is true, and an
 * index into the steps otherwise.
 */
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

import type { Communicator } from "./communicator.ts";

/**
 * Returns the range of rows of the current rank, from `start` up to but not including `stop`, in a batch of `count`
 * rows. The ranges of all ranks follow one another and differ by at most one row. If there are fewer rows than ranks,
 * some ranges are empty, but never that of rank 0.
 */
export function shareOf(
  { rank, size }: Pick<Communicator, "rank" | "size">,
  count: number,
): [start: number, stop: number] {
  return [Math.ceil((count * rank) / size), Math.ceil((count * (rank + 1)) / size)];
}

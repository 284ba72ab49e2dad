import { type Buffer, widthOf } from "./layout.ts";

/** The first and last instruction that uses a buffer. */
export interface Life {
  from: number;
  to: number;
}

/** Unused bytes behind each buffer, so that kernels may read whole vectors. */
const slack = 64;
const bytesOf = ({ size, dtype }: Buffer): number => (size * widthOf(dtype) + slack + 15) & ~15;

/**
 * Assigns an address to each buffer, from `start` on, beginning with the largest buffer. Each buffer gets the lowest
 * address at which it does not overlap a buffer that is in use at the same time. Returns the addresses, and the first
 * address after all buffers.
 */
export function placeBuffers(
  lives: ReadonlyMap<Buffer, Life>,
  start: number,
): { addresses: Map<Buffer, number>; end: number } {
  const addresses = new Map<Buffer, number>();
  const placed: Placed[] = []; // sorted by address
  let end = start;
  let last: Placed | undefined;
  let position = 0; // of `last` in `placed`
  const sized = [...lives].map(([buffer, { from, to }]) => ({ buffer, bytes: bytesOf(buffer), from, to }));
  for (const { buffer, bytes, from, to } of sized.sort((a, b) => b.bytes - a.bytes)) {
    // If this buffer has the size and lifetime of the previous buffer, all addresses before the previous buffer are in
    // use. So the search starts behind the previous buffer.
    const isLikeLast = last !== undefined && bytes === last.after - last.at && from === last.from && to === last.to;
    let at = isLikeLast ? last!.after : start;
    for (let i = isLikeLast ? position + 1 : 0; i < placed.length; i++) {
      const other = placed[i]!;
      if (other.to < from || to < other.from) continue;
      if (at + bytes <= other.at) break;
      if (at < other.after) at = other.after;
    }
    position = isLikeLast ? position + 1 : 0;
    for (let high = placed.length; position < high; ) {
      const middle = (position + high) >> 1;
      if (placed[middle]!.at > at) high = middle;
      else position = middle + 1;
    }
    last = { at, after: at + bytes, from, to };
    placed.splice(position, 0, last);
    addresses.set(buffer, at);
    end = Math.max(end, last.after);
  }
  return { addresses, end };
}

/** A range of addresses, and the first and last instruction that uses it. */
interface Placed {
  readonly at: number;
  readonly after: number;
  readonly from: number;
  readonly to: number;
}

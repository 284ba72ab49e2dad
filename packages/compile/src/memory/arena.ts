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
 * Assigns an address from `start` on to each buffer, beginning with the largest buffer. A buffer gets the lowest
 * address that no other buffer needs while the buffer is in use. Returns the addresses, and the first address after all
 * buffers.
 */
export function placeBuffers(
  lives: ReadonlyMap<Buffer, Life>,
  start: number,
): { addresses: Map<Buffer, number>; end: number } {
  const addresses = new Map<Buffer, number>();
  const placed: { readonly at: number; readonly bytes: number; readonly life: Life }[] = [];
  let end = start;
  for (const [buffer, life] of [...lives].sort(([a], [b]) => bytesOf(b) - bytesOf(a))) {
    const bytes = bytesOf(buffer);
    let at = start;
    // `placed` is sorted by address
    for (const other of placed) {
      if (other.life.to < life.from || life.to < other.life.from) continue;
      if (at + bytes <= other.at) break;
      at = Math.max(at, other.at + other.bytes);
    }
    const position = placed.findIndex((other) => other.at > at);
    placed.splice(position < 0 ? placed.length : position, 0, { at, bytes, life });
    addresses.set(buffer, at);
    end = Math.max(end, at + bytes);
  }
  return { addresses, end };
}

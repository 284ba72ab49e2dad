import fc from "fast-check";
import { expect, it } from "vitest";
import { type Life, placeBuffers } from "../src/memory/arena.ts";
import type { Buffer } from "../src/memory/layout.ts";

/** A brute-force version of `placeBuffers`: tries the address at the end of each buffer that already has an address. */
function placeByTrying(lives: ReadonlyMap<Buffer, Life>, bytesOf: (buffer: Buffer) => number): Map<Buffer, number> {
  const addresses = new Map<Buffer, number>();
  for (const [buffer, { from, to }] of [...lives].sort(([a], [b]) => bytesOf(b) - bytesOf(a))) {
    const others = [...addresses].filter(([other]) => lives.get(other)!.from <= to && from <= lives.get(other)!.to);
    const isFree = (at: number) =>
      others.every(([other, address]) => at + bytesOf(buffer) <= address || address + bytesOf(other) <= at);
    const candidates = [0, ...others.map(([other, address]) => address + bytesOf(other))];
    addresses.set(buffer, Math.min(...candidates.filter(isFree)));
  }
  return addresses;
}

const life = fc.record({ size: fc.constantFrom(1, 8, 8, 100), from: fc.nat(12), length: fc.nat(6) });

it("each buffer gets the lowest address that is free while the buffer is in use", () => {
  const property = fc.property(fc.array(life, { maxLength: 40 }), (list) => {
    const lives = new Map<Buffer, Life>();
    for (const { size, from, length } of list)
      lives.set({ kind: "computed", dtype: "float32", size, elements: undefined }, { from, to: from + length });
    const bytesOf = ({ size }: Buffer) => (4 * size + 64 + 15) & ~15;
    const { addresses, end } = placeBuffers(lives, 0);
    expect([...addresses]).toEqual([...placeByTrying(lives, bytesOf)]);
    expect(end).toBe(Math.max(0, ...[...addresses].map(([buffer, at]) => at + bytesOf(buffer))));
  });
  fc.assert(property, { numRuns: 300, seed: 1 });
});

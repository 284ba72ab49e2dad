/**
 * Turns a WebAssembly binary that has its own memory into one that imports a shared memory, `env.memory`. Threads that
 * pass the same memory can run the functions on the same data. The format of a binary is in the WebAssembly
 * specification, section "Binary Format", and in the threads proposal.
 */
export function withSharedMemory(binary: Uint8Array, maxPages: number): Uint8Array {
  const imports = [
    1, // one import
    ...[3, ...letters("env"), 6, ...letters("memory")],
    ...[2, 3, ...leb128(1), ...leb128(maxPages)], // a memory that is shared, and its limits in pages
  ];
  const sections: number[] = [...binary.subarray(0, 8)];
  for (let at = 8; at < binary.length; ) {
    const start = at;
    const id = binary[at++]!;
    let [size, shift, byte] = [0, 0, 0];
    do {
      byte = binary[at++]!;
      size |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
    at += size;
    if (id !== memorySection) for (const each of binary.subarray(start, at)) sections.push(each);
    if (id === typeSection) sections.push(importSection, ...leb128(imports.length), ...imports);
  }
  return Uint8Array.from(sections);
}

const [typeSection, importSection, memorySection] = [1, 2, 5];
const letters = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

/** Encodes an unsigned integer. */
function leb128(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...leb128(n >>> 7)];
}

import { type Data, type NdArray, ndarray } from "@wengert/core/extend";
import type { KernelExports } from "@wengert/ops/extend";
import { placeBuffers } from "../memory/arena.ts";
import { type Buffer, classOf, type Value, widthOf } from "../memory/layout.ts";
import type { Chosen } from "./choose.ts";
import { livesOf } from "./lives.ts";
import { type Pair, shareMemory } from "./sharing.ts";

/**
 * The largest address in the WebAssembly memory of a compiled program. JavaScript reads WebAssembly addresses as signed
 * 32-bit integers.
 */
const maxBytes = 2 ** 31 - 2 ** 16;
/** Unused bytes behind the last buffer, so that kernels may read whole vectors. */
const slackBytes = 1024;

/** The memory layout of a program: the addresses of its tensors, and which tensors share memory. */
export interface Placement {
  readonly addresses: ReadonlyMap<Buffer, number>;
  /** The address of the first buffer. */
  readonly start: number;
  /** The first address after all buffers. */
  readonly end: number;
  /** Maps each buffer without its own memory to the buffer whose memory it reuses. */
  readonly owners: ReadonlyMap<Buffer, Buffer>;
  /** For each buffer, the index of the first instruction that writes to the buffer. */
  readonly writtenAt: ReadonlyMap<Buffer, number>;
  /** The results of fused loops that must be stored in memory, because other instructions read these results. */
  readonly stored: ReadonlySet<Buffer>;
  /** Returns the address of a thread's scratch memory. The main thread is number 0. */
  readonly scratchOf: (thread: number) => number;
}

/** Assigns a memory address to each tensor of a program. */
export function placeTensors(
  { layout, outputs, instructions, scans, constants, scratchBytes }: Chosen,
  { pairs, repeats }: { readonly pairs: readonly Pair[]; readonly repeats: boolean },
  kernels: KernelExports,
  threads: number,
): Placement {
  const { lives, stored } = livesOf({ inputs: layout.inputs, outputs, constants }, instructions);
  if (repeats)
    for (const { input } of pairs) {
      const { buffer } = layout.inputs[input]!;
      if (!lives.has(buffer)) lives.set(buffer, { from: 0, to: instructions.length }); // an output may be this input
    }
  const reused = scans.flatMap((scan) => scan.reused);
  for (const [next] of reused) lives.delete(next);
  const writtenAt = new Map([...lives].map(([buffer, { from }]) => [buffer, from]));
  const owners = shareMemory(layout, instructions, lives, pairs);
  // The memory of an input is reserved until the last instruction. So if the next call receives the same tensor, that
  // call need not copy the tensor again.
  for (const { buffer } of layout.inputs) if (lives.has(buffer)) lives.get(buffer)!.to = instructions.length;
  const scratchStart = (kernels.free() + 63) & ~63;
  const scratchStep = (scratchBytes + 63) & ~63;
  const scratchOf = (thread: number) => scratchStart + thread * scratchStep;
  const start = scratchOf(threads);
  const { addresses, end } = placeBuffers(lives, start);
  for (const [buffer, owner] of [...owners, ...reused]) addresses.set(buffer, addresses.get(owner)!);
  return { addresses, start, end, owners, writtenAt, stored, scratchOf };
}

/** Lets the memory grow until it holds all tensors. Returns the reason as a text if the memory cannot grow enough. */
export function growFor({ end }: Placement, memory: KernelExports["memory"]): string | undefined {
  if (end + slackBytes > maxBytes) return `the plan needs ${end} bytes, and the memory of the kernels has ${maxBytes}`;
  try {
    const missing = end + slackBytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 2 ** 16));
    return undefined;
  } catch {
    return `there is not enough memory for the plan, which needs ${end} bytes`;
  }
}

/** The tensors of a program in the memory of the kernels. */
export interface Tensors {
  /** Returns the address of the element that is `shift` elements after the first element. */
  readonly addressOf: (value: Value, shift?: number) => number;
  readonly arrayOf: (value: Value) => NdArray;
  /** Returns the memory of a buffer, or `undefined` if no instruction uses the buffer. */
  readonly viewOf: (buffer: Buffer) => Data | undefined;
}

/** Returns functions that find the addresses of tensors, and view their elements as arrays. Call `growFor` first. */
export function tensorsIn({ buffer: bytes }: KernelExports["memory"], { addresses }: Placement): Tensors {
  const viewOf = (buffer: Buffer): Data | undefined => {
    const address = addresses.get(buffer);
    return address === undefined ? undefined : new (classOf(buffer.dtype))(bytes, address, buffer.size);
  };
  return {
    addressOf: ({ buffer, offset, dtype }, shift = 0) => addresses.get(buffer)! + (offset + shift) * widthOf(dtype),
    arrayOf: ({ buffer, shape, stride, offset }) => ndarray(viewOf(buffer)!, shape, stride, offset),
    viewOf,
  };
}

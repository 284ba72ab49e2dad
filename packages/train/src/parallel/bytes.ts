import type { Communicator } from "./communicator.ts";

/** The type `Uint8Array<ArrayBuffer>`, written so that TypeScript before 5.7 accepts it too. */
type Bytes = ReturnType<Uint8Array["slice"]>;

/** Returns the bytes that rank 0 passes, or `undefined` if rank 0 passes none. The other ranks pass nothing. */
export function bytesOfRankZero(communicator: Communicator, bytes?: Bytes): Bytes | undefined {
  const [count = -1] = communicator.broadcast(Float64Array.of(bytes?.length ?? -1));
  if (count < 0) return undefined;
  const words = new Int32Array(Math.ceil(count / 4));
  const sent = new Uint8Array(words.buffer, 0, count);
  if (bytes) sent.set(bytes);
  communicator.broadcast(words);
  return sent;
}

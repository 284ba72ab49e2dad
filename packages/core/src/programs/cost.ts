import { bytesOf, type Tensor } from "../values/tensor.ts";
import { checkListing, type Program } from "./trace.ts";

/** The cost of running a program once. */
export interface Cost {
  /** Floating-point operations. */
  readonly flops: number;
  /** The number of bytes that kernels read and write. */
  readonly bytes: number;
  /** The peak memory in bytes, if each tensor is freed after its last use. Inputs and constants are never freed. */
  readonly peakBytes: number;
}

/**
 * Computes the cost of a program from its shapes alone; the program does not run.
 * @throws ArgumentError unless given a program
 */
export function cost(program: Program): Cost {
  checkListing("cost", program);
  const { inputs, constants = [], steps, outputs } = program;
  const owner = new Map<Tensor, Tensor>(); // maps a view to the tensor whose memory it shares
  const ownerOf = (tensor: Tensor) => owner.get(tensor) ?? tensor;
  const lastUse = new Map<Tensor, number>();
  steps.forEach(({ op, inputs, output }, i) => {
    if (op.view) owner.set(output, ownerOf(inputs[0]!));
    for (const tensor of [...inputs, output]) lastUse.set(ownerOf(tensor), i);
  });
  for (const tensor of [...inputs, ...constants, ...outputs]) lastUse.set(ownerOf(tensor), Infinity);
  const lastUsedAt = steps.map((): Tensor[] => []);
  for (const [tensor, i] of lastUse) lastUsedAt[i]?.push(tensor);
  const total = (tensors: Iterable<Tensor>) => [...tensors].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  let [flops, bytes, heldBytes] = [0, 0, total(new Set([...inputs, ...constants]))];
  let peakBytes = heldBytes;
  steps.forEach(({ op, inputs, params, output }, i) => {
    flops += op.flops ? op.flops(inputs, output, params) : op.view ? 0 : output.size;
    if (!op.view) {
      bytes += total([...inputs, output]);
      heldBytes += bytesOf(output);
    }
    peakBytes = Math.max(peakBytes, heldBytes);
    heldBytes -= total(lastUsedAt[i]!);
  });
  return { flops, bytes, peakBytes };
}

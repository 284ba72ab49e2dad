import type { AnyOpSpec } from "../autodiff/op.ts";
import type { Step } from "../autodiff/tape.ts";
import { type Body, bodyOf, flopsOf } from "../transforms/body.ts";
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
 * Computes the cost of a program from its shapes alone; the program does not run. A loop counts its body once per
 * iteration, and needs the memory of one iteration.
 * @throws ArgumentError unless given a program
 */
export function cost(program: Program): Cost {
  checkListing("cost", program);
  return costOf({ ...program, constants: program.constants ?? [] });
}

function costOf({ inputs, constants, outputs, ...list }: Body): Cost {
  const steps = list.steps as readonly Step<AnyOpSpec>[];
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
  steps.forEach((step, i) => {
    const { op, inputs, output } = step;
    const nested = bodyOf(step);
    const body = nested && costOf(nested.body);
    flops += flopsOf(step);
    if (nested) bytes += nested.times * body!.bytes;
    if (!op.view) {
      bytes += total([...inputs, output]);
      heldBytes += bytesOf(output);
    }
    // `heldBytes`, the memory in use, already includes the inputs and constants of a loop. So their size is subtracted
    // from the peak memory of the loop's body.
    const bodyBytes = nested ? body!.peakBytes - total([...nested.body.constants, ...nested.body.inputs]) : 0;
    peakBytes = Math.max(peakBytes, heldBytes + bodyBytes);
    heldBytes -= total(lastUsedAt[i]!);
  });
  return { flops, bytes, peakBytes };
}

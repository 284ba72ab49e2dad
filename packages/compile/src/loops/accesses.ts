import { type Buffer, rowMajorStrides, type Value, widthOf } from "../memory/layout.ts";
import { broadcastTo, type Group, mergeAxes, sumBytes } from "./groups.ts";
import type { Access } from "./vectors.ts";

/** The tensors that a fused loop reads and writes, and the axes over which it runs. */
export interface Accesses {
  /** The tensors that the loop loads. Equal views of a buffer appear once. */
  readonly loads: readonly Access[];
  /** For each operand that the loop loads, its entry in `loads`. */
  readonly loadOf: ReadonlyMap<Value, Access>;
  /** The results that the loop stores. */
  readonly results: readonly Access[];
  /** The outputs of the loop's sums, in the order of `Group.sums`. */
  readonly sums: readonly Access[];
  /** The partial sums of each sum of columns. */
  readonly partials: readonly Access[];
  readonly all: readonly Access[];
  /** The sizes of the axes. Neighboring axes are merged where every tensor allows it. */
  readonly sizes: readonly number[];
  /** The number of outer axes. The other axes form a row. */
  readonly outerAxes: number;
}

/** The addresses of tensors, and of the memory for partial sums. */
export interface Places {
  /** The results that the fused loop stores in memory, because other instructions of the program read them. */
  readonly stored: ReadonlySet<Buffer>;
  /** Returns the address of a tensor's first element. */
  readonly addressOf: (value: Value) => number;
  /** The address of memory for the partial sums. */
  readonly scratch: number;
}

/** Lists the tensors that a fused loop reads and writes. */
export function accessesOf({ shape, steps, sums }: Group, { stored, addressOf, scratch }: Places): Accesses {
  const access = (value: Value, strides: readonly number[]): Access => ({
    value,
    address: addressOf(value),
    width: widthOf(value.dtype) as Access["width"],
    strides,
  });
  const produced = new Set(steps.map(({ output }) => output.buffer));
  const buffers = [...new Set(steps.flatMap(({ inputs }) => inputs.map(({ buffer }) => buffer)))];
  const loads = new Map<string, Access>();
  const loadOf = new Map<Value, Access>();
  for (const { inputs } of steps)
    for (const x of inputs) {
      if (x.uniform !== undefined || produced.has(x.buffer) || loadOf.has(x)) continue;
      const strides = broadcastTo(x, shape);
      const key = `${buffers.indexOf(x.buffer)} ${x.offset} ${strides}`;
      const load = loads.get(key) ?? access(x, strides);
      loads.set(key, load);
      loadOf.set(x, load);
    }
  const results = steps
    .filter(({ output }) => stored.has(output.buffer))
    .map(({ output }) => access(output, output.stride));
  // All sums of a fused loop reduce the same axes: either all axes from `boundary` on, or all axes before `boundary`.
  // The output of a sum has stride 0 along the reduced axes.
  const boundary = sums[0]?.boundary ?? 0;
  const [outerStrides, innerStrides] = [shape.slice(0, boundary), shape.slice(boundary)].map(rowMajorStrides);
  const alongColumns = [...outerStrides!.map(() => 0), ...innerStrides!];
  const sumAccesses = sums.map(({ computed: { output }, isOfRows }) =>
    access(output, isOfRows ? [...outerStrides!, ...innerStrides!.map(() => 0)] : shape.map(() => 0)),
  );
  let address = scratch;
  const partials = sums.flatMap(({ computed, isOfRows }): Access[] => {
    if (isOfRows) return [];
    const partial: Access = { value: computed.output, address, width: 8, strides: alongColumns };
    address += sumBytes(computed);
    return [partial];
  });
  const all = [...loads.values(), ...results, ...sumAccesses, ...partials];
  const merge = (from: number, to?: number) => {
    const strides = all.map((each) => each.strides.slice(from, to));
    return mergeAxes(shape.slice(from, to), strides);
  };
  const [outer, inner] = [merge(0, boundary), merge(boundary)];
  for (const [k, each] of all.entries()) each.strides = [...outer.strides[k]!, ...inner.strides[k]!];
  return {
    loads: [...loads.values()],
    loadOf,
    results,
    sums: sumAccesses,
    partials,
    all,
    sizes: [...outer.shape, ...inner.shape],
    outerAxes: outer.shape.length,
  };
}

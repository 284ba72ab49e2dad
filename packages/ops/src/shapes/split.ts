import { OutOfRangeError, ShapeError, type Tensor, type TensorLike } from "@wengert/core";
import { describe, isList, prefixErrors, shapeText, show, toTensors, withDefaults } from "@wengert/core/extend";
import { axisOf } from "../declaring/axes.ts";
import { irregular, type Sampled, withSamples } from "../declaring/samples.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

export interface SplitOptions {
  /** The number of sections of equal size, or an ascending list of the indices at which to split. */
  readonly sections: number | readonly number[];
  /** The axis to split. Default: 0. */
  readonly axis?: number | undefined;
}
type Split = (x: TensorLike, options: SplitOptions) => Tensor[];

const maxParts = 2 ** 20;

/**
 * Returns the consecutive sections of x along `axis`, as views of the memory of x. Negative indices count from the end,
 * as in a slice. The cotangent of each section goes to the entries of x in the section. `concat` is the inverse.
 * @throws ShapeError if `sections` is a number that does not divide the size of the axis, OutOfRangeError if indices
 * are not ascending
 */
export const split: Sampled<Split> = /* @__PURE__ */ withSamples<Split>(
  (x, options) => {
    const { sections, axis } = withDefaults<SplitOptions>("split", options, { sections: undefined, axis: 0 });
    const [t] = toTensors("split", [x], 1) as [Tensor];
    return prefixErrors("split", () => {
      const at = axisOf(t, axis);
      const bounds = boundsOf(t, at, sections);
      return bounds.slice(1).map((stop, i) => sliceAlong(t, at, bounds[i]!, stop));
    });
  },
  () => [
    [irregular([4]), { sections: 2 }],
    [irregular([2, 5]), { sections: [1, -2], axis: 1 }],
  ],
);

/** Returns the indices at which the sections of a split begin, followed by the size of the axis. */
function boundsOf(x: Tensor, axis: number, sections: number | readonly number[] | undefined): readonly number[] {
  const n = x.shape[axis]!;
  if (isList(sections)) return [0, ...indicesOf(x, axis, sections as readonly number[]), n];
  if (!(Number.isSafeInteger(sections) && sections! > 0 && sections! <= maxParts))
    throw new OutOfRangeError(
      `sections must be a whole number from 1 to 2^20, or a list of indices; got ${show(sections)}${sections === undefined ? "; write { sections: ... }" : ""}`,
    );
  if (n % sections! === 0) return Array.from({ length: sections! + 1 }, (_, i) => (i * n) / sections!);
  throw new ShapeError(
    `axis ${axis} of ${describe(x)} has size ${n}, which is not a multiple of ${sections}; pass a list of indices for parts of different sizes`,
  );
}

function indicesOf(x: Tensor, axis: number, sections: readonly number[]): readonly number[] {
  const n = x.shape[axis]!;
  const indices = sections.slice(0, maxParts).map((index) => (index < 0 ? index + n : index));
  if (indices.every((index, i) => Number.isInteger(index) && index >= (indices[i - 1] ?? 0) && index <= n))
    return indices;
  throw new OutOfRangeError(
    `sections must be ascending indices from 0 to ${n}, the size of axis ${axis} of ${describe(x)}; got ${shapeText(sections)}`,
  );
}

/** Returns the entries `start` to `stop` − 1 of x along one axis. */
export function sliceAlong(x: Tensor, axis: number, start: number, stop: number): Tensor {
  const boundsAt = (bound: number) => x.shape.map((_, i) => (i === axis ? bound : null));
  return slice(x, { start: boundsAt(start), stop: boundsAt(stop) });
}

export interface UnstackOptions {
  /** The axis to remove. Default: 0. */
  readonly axis?: number | undefined;
}
type Unstack = (x: TensorLike, options?: UnstackOptions) => Tensor[];

/**
 * Returns the entries of x along `axis`, without that axis: for a matrix, its rows. `stack` is the inverse.
 * @throws OutOfRangeError if x has no such axis, or more than 2²⁰ entries along it
 */
export const unstack: Sampled<Unstack> = /* @__PURE__ */ withSamples<Unstack>(
  (x, options) => {
    const { axis } = withDefaults<UnstackOptions>("unstack", options, { axis: 0 });
    const [t] = toTensors("unstack", [x], 1) as [Tensor];
    return prefixErrors("unstack", () => {
      const at = axisOf(t, axis);
      const n = t.shape[at]!;
      if (n > maxParts)
        throw new OutOfRangeError(`${describe(t)} has ${n} entries along axis ${at}, more than 2^20; use slice`);
      const shape = t.shape.toSpliced(at, 1);
      return Array.from({ length: n }, (_, i) => reshape(sliceAlong(t, at, i, i + 1), { shape }));
    });
  },
  () => [[irregular([2, 3])], [irregular([2, 3]), { axis: -1 }]],
);

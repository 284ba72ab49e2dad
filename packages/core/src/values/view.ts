export type Data = Float64Array | Float32Array | Int32Array | Uint8Array;
export type Shape = readonly number[];

/** A strided array. Element (i, j, …) is `data[offset + i * stride[0] + j * stride[1] + …]`. */
export interface Strided {
  readonly data: Data;
  readonly shape: Shape;
  readonly stride: Shape;
  readonly offset: number;
}

/**
 * Returns `data` as an array of `shape`, like ndarray(data, shape, stride, offset). Copies neither `data` nor the lists
 * `shape` and `stride`.
 */
export function viewOf(data: Data, shape: Shape, stride: Shape = rowMajor(shape), offset?: number): View {
  return new View(data, shape, stride, offset ?? startOf(shape, stride));
}

// All row-major vectors share one list of strides. This saves memory, because a long tape holds many arrays.
const scalarStride: Shape = [];
const vectorStride: Shape = [1];

function rowMajor(shape: Shape): Shape {
  if (shape.length === 0) return scalarStride;
  if (shape.length === 1) return vectorStride;
  if (shape.length === 2) return [shape[1]!, 1];
  const stride = [...shape];
  for (let axis = shape.length - 1, size = 1; axis >= 0; axis--) {
    stride[axis] = size;
    size *= shape[axis]!;
  }
  return stride;
}

/**
 * Returns the smallest offset at which every element has an index ≥ 0 in the memory. With negative strides, the offset
 * is positive.
 */
function startOf(shape: Shape, stride: Shape): number {
  let start = 0;
  for (let axis = 0; axis < stride.length; axis++) if (stride[axis]! < 0) start += (1 - shape[axis]!) * stride[axis]!;
  return start;
}

const product = (sizes: Shape): number => sizes.reduce((size, n) => size * n, 1);

/**
 * An array with all properties and methods of an ndarray, in one class for all dtypes and ranks. The class generates no
 * code from strings, because a page's Content-Security-Policy may forbid code generation.
 */
class View implements Strided {
  readonly data: Data;
  readonly shape: Shape;
  readonly stride: Shape;
  readonly offset: number;

  constructor(data: Data, shape: Shape, stride: Shape, offset: number) {
    this.data = data;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
  }

  get dtype(): string {
    return Array.isArray(this.data) ? "array" : this.data[Symbol.toStringTag].slice(0, -5).toLowerCase();
  }

  get dimension(): number {
    return this.shape.length;
  }

  get size(): number {
    return product(this.shape);
  }

  /**
   * The axes by ascending stride. For ranks 1 and 2, this getter avoids a sort, because ndarray-ops reads it in every
   * call.
   */
  get order(): number[] {
    const { stride } = this;
    if (stride.length === 1) return [0];
    if (stride.length === 2) return Math.abs(stride[0]!) > Math.abs(stride[1]!) ? [1, 0] : [0, 1];
    return [...stride.keys()].sort((i, j) => Math.abs(stride[i]!) - Math.abs(stride[j]!));
  }

  index(...at: number[]): number {
    return this.stride.reduce((position, step, axis) => position + step * at[axis]!, this.offset);
  }

  get(...at: number[]): number {
    return this.data[this.index(...at)]!;
  }

  set(...atAndValue: number[]): number {
    const value = atAndValue[this.shape.length]!;
    this.data[this.index(...atAndValue)] = value;
    return value;
  }

  /** Returns the element of a scalar, so that `a + 1` works as with ndarray. */
  valueOf(): unknown {
    return this.shape.length === 0 ? this.get() : this;
  }

  hi(...size: unknown[]): View {
    const shape = this.shape.map((n, axis) => {
      const requested = size[axis];
      return typeof requested !== "number" || requested < 0 ? n : requested | 0;
    });
    return new View(this.data, shape, this.stride, this.offset);
  }

  lo(...from: unknown[]): View {
    const starts = this.shape.map((_, axis) => (isIndex(from[axis]) ? from[axis] | 0 : 0));
    return new View(
      this.data,
      this.shape.map((n, axis) => n - starts[axis]!),
      this.stride,
      this.index(...starts),
    );
  }

  /**
   * Returns a view of every n-th element along each axis, where n is the step. A negative step starts at the end of the
   * axis.
   */
  step(...steps: unknown[]): View {
    let { offset } = this;
    const [shape, stride] = [[...this.shape], [...this.stride]];
    for (const [axis, requested] of steps.slice(0, shape.length).entries()) {
      if (typeof requested !== "number") continue;
      const stepSize = requested | 0;
      if (stepSize < 0) offset += stride[axis]! * (shape[axis]! - 1);
      shape[axis] = Math.ceil(shape[axis]! / Math.abs(stepSize));
      stride[axis]! *= stepSize;
    }
    return new View(this.data, shape, stride, offset);
  }

  transpose(...axes: (number | undefined)[]): View {
    const order = this.shape.map((_, axis) => (axes[axis] === undefined ? axis : axes[axis] | 0));
    return new View(
      this.data,
      order.map((axis) => this.shape[axis]!),
      order.map((axis) => this.stride[axis]!),
      this.offset,
    );
  }

  /** Returns a view in which the index on some axes is fixed, and these axes are removed. */
  pick(...at: unknown[]): View {
    const remainingAxes = [...this.shape.keys()].filter((axis) => !isIndex(at[axis]));
    return new View(
      this.data,
      remainingAxes.map((axis) => this.shape[axis]!),
      remainingAxes.map((axis) => this.stride[axis]!),
      this.index(...this.shape.map((_, axis) => (isIndex(at[axis]) ? at[axis] : 0))),
    );
  }
}

const isIndex = (x: unknown): x is number => typeof x === "number" && x >= 0;

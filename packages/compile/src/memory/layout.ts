import type { DType, Program, Tensor } from "@wengert/core";
import { type Data, type NdArray, ndarray, type Operand, ravel, type Shape, sizeOf } from "@wengert/core/extend";
import { reshape } from "@wengert/ops";
import type { ProgramStep } from "../passes/rewrite.ts";
import { uniformValue } from "../passes/uniform.ts";

// Each tensor of a program is a view of a buffer. A step that only makes a view, such as a transpose, needs no code at
// run time: its output is another view of the input's buffer.

/** The memory of an input, a constant, or a computed tensor of a program. */
export interface Buffer {
  readonly kind: "input" | "constant" | "computed";
  readonly dtype: DType;
  /** The number of elements. */
  readonly size: number;
  /** The elements of a constant. */
  readonly elements: Data | undefined;
}

/** A tensor of a program, described as a view of a buffer: a shape, strides and an offset. */
export interface Value {
  readonly buffer: Buffer;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly stride: Shape;
  readonly offset: number;
  /** The value of all elements, if the tensor is a constant with equal elements. Otherwise `undefined`. */
  readonly uniform: number | undefined;
  /** The change of the tensor's offset in each iteration of a scan. `undefined` if the offset is fixed. */
  readonly advance?: Advance;
}

/** In iteration i of a scan, a tensor begins at element `offset` + i · `elements` of its buffer. `counter` holds i. */
interface Advance {
  readonly counter: Value;
  readonly elements: number;
}

/** A step of a program that must be computed at run time, because its output is not a view of an input. */
export interface ComputedStep {
  readonly step: ProgramStep;
  readonly inputs: readonly Value[];
  readonly output: Value;
}

export interface Layout {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly Value[];
  readonly steps: readonly ComputedStep[];
  /** For each tensor of the program, its view of a buffer. */
  readonly valueOf: ReadonlyMap<Tensor, Value>;
}

interface DataClass {
  new (length: number): Data;
  new (elements: Data): Data;
  new (buffer: ArrayBuffer, address: number, length: number): Data;
  readonly BYTES_PER_ELEMENT: number;
}
const classes: Readonly<Record<DType, DataClass>> = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
};
/** Returns the typed array that stores a dtype. */
export const classOf = (dtype: DType): DataClass => classes[dtype];
/** Returns the number of bytes of an element. */
export const widthOf = (dtype: DType): number => classes[dtype].BYTES_PER_ELEMENT;

/** Returns the strides of a row-major array. */
export function rowMajorStrides(shape: Shape): number[] {
  const stride = new Array<number>(shape.length);
  for (let axis = shape.length - 1, size = 1; axis >= 0; axis--) {
    stride[axis] = size;
    size *= shape[axis]!;
  }
  return stride;
}

/** Returns whether a view has all elements of its buffer, in row-major order. */
export const isWhole = (value: Value): boolean =>
  value.offset === 0 && sizeOf(value.shape) === value.buffer.size && isRowMajorValue(value);

/** Returns whether the elements of a view are in row-major order without gaps. */
export function isRowMajorValue({ shape, stride }: Value): boolean {
  for (let axis = shape.length - 1, size = 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== size) return false;
    size *= shape[axis]!;
  }
  return true;
}

/** Returns a tensor with a new buffer. */
export const newValue = (
  kind: Buffer["kind"],
  { dtype, shape }: Pick<Operand, "dtype" | "shape">,
  elements?: Data,
  uniform?: number,
): Value => ({
  buffer: { kind, dtype, size: sizeOf(shape), elements },
  dtype,
  shape,
  stride: rowMajorStrides(shape),
  offset: 0,
  uniform,
});

/** Assigns a buffer, or a view of a buffer, to each tensor of a program, except to the tensors of `known`. */
export function layOut(program: Program, known: ReadonlyMap<Tensor, Value> = new Map()): Layout {
  const values = new Map(known);
  const inputs = program.inputs.map((x) => known.get(x) ?? newValue("input", x));
  for (const [i, x] of program.inputs.entries()) values.set(x, inputs[i]!);
  const constants = program.constants
    .filter((x) => !known.has(x))
    .map((x) => {
      const value = newValue("constant", x, ravel(x.array!), uniformValue(x));
      values.set(x, value);
      return value;
    });
  const steps: ComputedStep[] = [];
  for (const step of program.steps) {
    const given = step.inputs.map((x) => values.get(x)!);
    const view = viewOf(step, given);
    const output = view ?? newValue("computed", step.output);
    if (view === undefined)
      steps.push({ step, inputs: given, output: step.op === reshape.spec ? likeInput(output, given[0]!) : output });
    values.set(step.output, output);
  }
  return { inputs, constants, steps, outputs: program.outputs.map((x) => values.get(x)!), valueOf: values };
}

/**
 * Returns a view of a reshape's output with the shape of the input, so that one loop can copy the elements in order.
 */
const likeInput = (output: Value, { shape }: Value): Value => ({ ...output, shape, stride: rowMajorStrides(shape) });

/**
 * Returns the output of a step as a view of one of its inputs, as for a transpose. Returns `undefined` if the output
 * must be computed.
 */
function viewOf({ op, params, output }: ProgramStep, inputs: readonly Value[]): Value | undefined {
  if (op.view === undefined) return undefined;
  // Calls the op with arrays that have shapes and strides, but no elements. If the op returns a view of an input, the
  // view and this input have the same `data`.
  const arrays: NdArray[] = inputs.map(({ buffer, shape, stride, offset }) =>
    ndarray(new (classOf(buffer.dtype))(0), shape, stride, offset),
  );
  const view = op.view(arrays, params);
  const source = view && inputs[arrays.findIndex(({ data }) => data === view.data)];
  if (!source || source.dtype !== output.dtype) return undefined;
  const { shape, stride, offset } = view;
  return {
    buffer: source.buffer,
    dtype: source.dtype,
    shape: [...shape],
    stride: [...stride],
    offset,
    uniform: source.uniform,
  };
}

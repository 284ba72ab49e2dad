import { ArgumentError, type DType, DTypeError, OutOfRangeError, type Tensor, type TensorOptions } from "@wengert/core";
import { createZeros, show, withDefaults } from "@wengert/core/extend";
import { type Sampled, withSamples } from "../declaring/samples.ts";

export interface ArangeOptions extends TensorOptions {
  /** The difference between consecutive numbers. Default: 1; negative steps count down. */
  readonly step?: number | undefined;
}
type Arange = (start: number, stop: number, options?: ArangeOptions) => Tensor;

const maxCount = 2 ** 32;

/**
 * Returns the numbers start, start + step, start + 2 step, …, up to but not including stop, like NumPy's arange. The
 * tensor is empty if stop is not in the direction of step. The dtype is float64 unless `dtype` is passed.
 * @throws ArgumentError unless start, stop and step are finite numbers, OutOfRangeError if step is 0, DTypeError for
 * bool
 */
export const arange: Sampled<Arange> = /* @__PURE__ */ withSamples<Arange>(
  (start, stop, options) => {
    const {
      step = 1,
      dtype,
      label,
    } = withDefaults<ArangeOptions>("arange", options, {
      step: 1,
      dtype: "float64",
      label: undefined,
    });
    const hint = stop === undefined && typeof start === "number" ? `; write arange(0, ${start})` : "";
    checkFinite("arange", { start, stop, step }, hint);
    if (step === 0)
      throw new OutOfRangeError("arange: step is 0, so stop is never reached; write a positive or negative step");
    const count = Math.max(0, Math.ceil((stop - start) / step));
    checkNumberDType("arange", dtype, count > 0 ? [start, step, start + (count - 1) * step] : []);
    if (count > maxCount)
      throw new OutOfRangeError(`arange: ${count} numbers are more than an array can hold (2^32); use a larger step`);
    const result = createZeros("arange", [count], { dtype, label });
    const { data } = result.array!;
    for (let i = 0; i < count; i++) data[i] = start + i * step;
    return result;
  },
  () => [
    [0, 5],
    [2, -1, { step: -0.75, dtype: "float64" }],
  ],
);

export interface LinspaceOptions extends TensorOptions {
  /** How many numbers to return. Default: 50. */
  readonly num?: number | undefined;
}
type Linspace = (start: number, stop: number, options?: LinspaceOptions) => Tensor;

/**
 * Returns `num` numbers at equal distances from start to stop, both included. Number i is start + i (stop − start) /
 * (num − 1), and the last number is exactly stop. If `num` is 1, the only number is start. The dtype is float64 unless
 * `dtype` is passed.
 * @throws ArgumentError unless start and stop are finite and num is a whole number of at least 0, DTypeError unless the
 * dtype is a float
 */
export const linspace: Sampled<Linspace> = /* @__PURE__ */ withSamples<Linspace>(
  (start, stop, options) => {
    const {
      num = 50,
      dtype,
      label,
    } = withDefaults<LinspaceOptions>("linspace", options, {
      num: 50,
      dtype: "float64",
      label: undefined,
    });
    checkFinite("linspace", { start, stop }, "");
    if (!Number.isSafeInteger(num) || num < 0)
      throw new ArgumentError(`linspace: num must be a whole number of at least 0, got ${show(num)}`);
    if (dtype === "int32" || dtype === "bool")
      throw new DTypeError(`linspace: dtype must be float64 or float32, got ${dtype}; arange gives whole numbers`);
    const result = createZeros("linspace", [num], { dtype, label });
    const { data } = result.array!;
    const canOverflow = !Number.isFinite(stop - start);
    const step = canOverflow ? stop / (num - 1) - start / (num - 1) : (stop - start) / (num - 1);
    for (let i = 0; i < num; i++) data[i] = start + i * step;
    if (num > 1) data[num - 1] = stop;
    else if (num === 1) data[0] = start;
    return result;
  },
  () => [
    [0, 1, { num: 3 }],
    [-1, 2, { num: 1, dtype: "float64" }],
  ],
);

function checkFinite(caller: string, numbers: Readonly<Record<string, unknown>>, hint: string): void {
  for (const [name, value] of Object.entries(numbers))
    if (!Number.isFinite(value))
      throw new ArgumentError(`${caller}: ${name} must be a finite number, got ${show(value)}${hint}`);
}

/** @throws DTypeError if the dtype is bool, or cannot represent one of the numbers */
function checkNumberDType(caller: string, dtype: DType | undefined, numbers: readonly number[]): void {
  if (dtype === "bool")
    throw new DTypeError(`${caller}: dtype must be float64, float32 or int32, got bool; write notEqual(x, 0)`);
  const misfit = numbers.find((x) => x !== (x | 0));
  if (dtype !== "int32" || misfit === undefined) return;
  throw new DTypeError(`${caller}: ${misfit} is not an int32; round it, or use float64`);
}

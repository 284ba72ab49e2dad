import { Tensor } from "@wengert/core";
import {
  claim,
  type Data,
  Donation,
  exposuresOf,
  isLent,
  isRowMajor,
  keepElements,
  lend,
  type NdArray,
  ndarray,
  ravel,
  share,
  sizeOf,
  valuesOf,
} from "@wengert/core/extend";
import { classOf, type Value } from "./layout.ts";

// Copies tensors into and out of the WebAssembly memory of a compiled program. For small programs, these copies take
// most of the time.

/** Up to this number of elements, a loop copies faster than the method `set` of a typed array. */
const maxLoop = 24;

/** Up to this number of elements, the constructor of a typed array copies faster than the method `slice`. */
const maxConstructed = 512;

/**
 * From this number of elements on, reusing the array of a donated tensor takes less time than allocating a new array.
 */
const minReused = 256;

/** Copies the arguments of a compiled function into WebAssembly memory. */
export class Entrance {
  readonly #views: readonly (Data | undefined)[];
  /** For each input of a compiled program, the tensor whose elements are now in WebAssembly memory. */
  readonly #present: (Tensor | undefined)[];

  /** `views[k]` is the WebAssembly memory of input k, or `undefined` if no instruction reads input k. */
  constructor(views: readonly (Data | undefined)[]) {
    this.#views = views;
    this.#present = views.map(() => undefined);
  }

  /**
   * Copies tensors to WebAssembly memory, except those whose elements are there already. A tensor whose `.data` was
   * read is always copied, because the caller can write to its elements.
   * @throws MutationError if a tensor has been donated
   */
  write(inputs: readonly Tensor[]): void {
    for (let k = 0; k < inputs.length; k++) {
      const x = inputs[k]!;
      const array = valuesOf("compile", x);
      x.watchWrites();
      const view = this.#views[k];
      if (view === undefined || (this.#present[k] === x && exposuresOf(array).length === 0)) continue;
      copyTo(view, array);
      this.#present[k] = x;
    }
  }

  /**
   * Records that the WebAssembly memory of input k holds the elements of the tensor `x`. Pass `undefined` if the memory
   * is overwritten.
   */
  set(k: number, x: Tensor | undefined): void {
    this.#present[k] = x;
  }
}

function copyTo(view: Data, array: NdArray): void {
  const { data, offset, shape } = array;
  if (!isRowMajor(array)) view.set(ravel(array));
  else if (view.length <= maxLoop) for (let l = 0; l < view.length; l++) view[l] = data[offset + l]!;
  else view.set(offset === 0 && data.length === view.length ? data : data.subarray(offset, offset + sizeOf(shape)));
}

/**
 * An output of a compiled program: a tensor in WebAssembly memory, the index of an input that is returned unchanged, or
 * a constant.
 */
export type Output = ComputedOutput | number | Tensor;
interface ComputedOutput {
  readonly value: Value;
  /** A view of the memory. */
  readonly array: NdArray;
  readonly label: string | undefined;
}

/**
 * The index of an output that stays in the plan's memory, and the index of the input whose memory this output takes.
 */
export interface Loan {
  readonly input: number;
  readonly output: number;
}

/** A donated tensor whose elements the plan may overwrite, and the array from which `attach` restores the elements. */
interface Detached {
  readonly tensor: { array: NdArray };
  readonly array: NdArray;
}

/** Gives tensors their elements back. */
export function attach(detached: readonly Detached[]): void {
  for (const { tensor, array } of detached) tensor.array = array;
}

/**
 * Copies the outputs of a compiled program into tensors.
 *
 * An output that replaces a donated input, such as the new parameters of a training step, can stay in the plan's
 * memory. If the next call does not donate this output, `keep` copies its elements before the plan overwrites them.
 */
export class Exit {
  readonly #outputs: readonly Output[];
  readonly #copiers: readonly (Copier | undefined)[];
  readonly #donated: readonly number[];
  readonly #inputOf: ReadonlyMap<number, number>;
  readonly #donation: Donation;
  /** The indices of the donated inputs that the program also returns as outputs. */
  readonly #returned: readonly number[];
  readonly #loans: readonly Loan[];
  /**
   * For each entry of `#loans`, a tensor that the last run returned. Its elements may still be in the plan's memory.
   */
  readonly #borrowers: (Tensor | undefined)[];

  /**
   * `donated` are the indices of the donated inputs. `inputOf` maps an output to the donated input whose typed array
   * the output reuses. `reason` is part of the error message for reading a donated tensor.
   */
  constructor(
    outputs: readonly Output[],
    donated: readonly number[],
    inputOf: ReadonlyMap<number, number>,
    loans: readonly Loan[],
    reason: string,
  ) {
    const lends = (i: number) => loans.some(({ output }) => output === i);
    this.#outputs = outputs;
    this.#copiers = outputs.map((output, i) =>
      isComputed(output) ? (lends(i) ? lenderOf(output) : copierOf(output)) : undefined,
    );
    this.#donated = donated;
    this.#inputOf = inputOf;
    this.#donation = new Donation(reason);
    this.#returned = donated.filter((k) => outputs.includes(k));
    this.#loans = loans;
    this.#borrowers = loans.map(() => undefined);
  }

  /**
   * Copies the elements of earlier results out of the plan's memory, before the plan overwrites this memory. Skips
   * results that the caller donates as `inputs`, unless the plan returns these inputs.
   */
  keep(inputs: readonly Tensor[] = []): void {
    for (let l = 0; l < this.#loans.length; l++) {
      const borrower = this.#borrowers[l];
      if (borrower !== undefined && borrower !== inputs[this.#loans[l]!.input]) keepElements(borrower);
    }
    for (const k of this.#returned) if (inputs[k] !== undefined) share(inputs[k]);
  }

  /**
   * Removes the array from each donated input whose elements the plan will overwrite. If the plan throws, pass the
   * returned list to `attach`, which restores the arrays.
   */
  detach(inputs: readonly Tensor[]): readonly Detached[] {
    const detached: Detached[] = [];
    for (let l = 0; l < this.#loans.length; l++) {
      const x = inputs[this.#loans[l]!.input]!;
      const array = x.array!;
      if (x !== this.#borrowers[l] || !isLent(array)) continue;
      detached.push({ tensor: x as { array: NdArray }, array });
      this.#donation.take(x);
    }
    return detached;
  }

  /** Returns the outputs after a run. `inputs` are the inputs of the run. */
  read(inputs: readonly Tensor[]): Tensor[] {
    const outputs = new Array<Tensor>(this.#outputs.length);
    const takes = this.#donated.length > 0;
    // If a donated input is also an output, the output keeps the typed array. So this output is read before the donated
    // input loses its array.
    for (let i = 0; i < outputs.length; i++) {
      const copier = this.#copiers[i];
      if (copier === undefined) outputs[i] = this.#given(this.#outputs[i] as number | Tensor, inputs);
      else if (!takes) outputs[i] = copier(undefined);
    }
    if (!takes) return outputs;
    const freed: (Data | undefined)[] = inputs.map(() => undefined);
    for (const k of this.#donated) freed[k] = this.#donation.take(inputs[k]!);
    for (let i = 0; i < outputs.length; i++) {
      const copier = this.#copiers[i];
      if (copier === undefined) continue;
      const input = this.#inputOf.get(i);
      const x = copier(input === undefined ? undefined : freed[input]);
      if (input !== undefined && x.size >= minReused) claim(x.array!.data);
      outputs[i] = x;
    }
    for (let l = 0; l < this.#loans.length; l++) this.#borrowers[l] = outputs[this.#loans[l]!.output];
    return outputs;
  }

  /** Returns an output that the program does not compute, because the output is a constant or an input. */
  #given(output: number | Tensor, inputs: readonly Tensor[]): Tensor {
    if (typeof output !== "number") return output;
    return this.#donated.includes(output) ? sameArray(inputs[output]!) : inputs[output]!;
  }
}

const isComputed = (output: Output): output is ComputedOutput =>
  typeof output === "object" && !(output instanceof Tensor);

/**
 * Returns a new tensor with the array of `x`. If `x` is donated and loses its array, the new tensor keeps the array.
 */
function sameArray(x: Tensor): Tensor {
  return new Tensor(x.shape, x.dtype, share(x), x.label);
}

/**
 * Copies the elements of an output into a new tensor. If `memory` is given, the elements of the new tensor are stored
 * in this typed array.
 */
type Copier = (memory: Data | undefined) => Tensor;

/** Returns a function that makes tensors with elements in the plan's memory. */
function lenderOf({ value: { shape, dtype }, array, label }: ComputedOutput): Copier {
  const elements = ravel(array);
  lend(elements);
  return () => new Tensor(shape, dtype, ndarray(elements, shape), label);
}

function copierOf({ value: { shape, dtype }, array, label }: ComputedOutput): Copier {
  const { data, offset } = array;
  const n = sizeOf(shape);
  const DataClass = classOf(dtype);
  const tensorOf = (elements: Data) => new Tensor(shape, dtype, ndarray(elements, shape), label);
  if (!isRowMajor(array)) return () => tensorOf(ravel(array)); // a copy
  const elements = data.subarray(offset, offset + n);
  return (memory) => {
    if (memory?.length === n) {
      memory.set(elements);
      return tensorOf(memory);
    }
    return tensorOf(n <= maxConstructed ? new DataClass(elements) : elements.slice());
  };
}

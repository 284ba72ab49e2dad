import { Tensor } from "@wengert/core";
import {
  claim,
  type Data,
  Donation,
  exposuresOf,
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

// Copies tensors into and out of the memory of a plan. In a small plan, these copies take most of the time.

/** Up to this number of elements, a loop copies faster than the methods `set` and `slice` of typed arrays. */
const maxLoop = 24;

/**
 * From this number of elements on, reusing the array of a donated tensor takes less time than allocating a new array.
 */
const minReused = 256;

/** Copies the inputs of a plan into its memory. */
export class Entrance {
  readonly #views: readonly (Data | undefined)[];
  /** For each input, the tensor whose elements the plan's memory holds now. */
  readonly #present: (Tensor | undefined)[];

  /** `views` has the memory of each input, or `undefined` for an input that no instruction reads. */
  constructor(views: readonly (Data | undefined)[]) {
    this.#views = views;
    this.#present = views.map(() => undefined);
  }

  /**
   * Copies the tensors whose elements are not in the plan's memory yet. A tensor whose `.data` was read is always
   * copied, because the caller can write to its elements.
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
   * Records which tensor's elements the memory of input k holds now. `undefined` means that this memory is overwritten.
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
 * An output of a plan: a tensor in the plan's memory, the index of an input that is returned unchanged, or a constant.
 */
export type Output = ComputedOutput | number | Tensor;
interface ComputedOutput {
  readonly value: Value;
  /** A view of the memory. */
  readonly array: NdArray;
  readonly label: string | undefined;
}

/** A result whose elements are in the memory of a donated input, which the next call probably receives. */
export interface Loan {
  readonly input: number;
  readonly output: number;
}

/**
 * Returns the outputs of a plan as tensors. Empties the donated inputs, and reuses their typed arrays for outputs.
 *
 * An output that the next call probably donates is not copied: the plan lends its memory to the tensor. If the next call
 * receives another tensor instead, `keep` first copies the elements of the output out of the plan's memory.
 */
export class Exit {
  readonly #outputs: readonly Output[];
  readonly #copiers: readonly (Copier | undefined)[];
  readonly #donated: readonly number[];
  readonly #inputOf: ReadonlyMap<number, number>;
  readonly #donation: Donation;
  readonly #loans: readonly Loan[];
  /** For each loan, the tensor that may have its elements in the plan's memory. */
  readonly #borrowers: (Tensor | undefined)[];

  /**
   * `donated` are the indices of the inputs that the caller donates. `inputOf` maps the index of an output to the index
   * of the donated input whose typed array the output reuses. `reason` says in error messages why a donated tensor has
   * no elements.
   */
  constructor(
    outputs: readonly Output[],
    donated: readonly number[],
    inputOf: ReadonlyMap<number, number>,
    loans: readonly Loan[],
    reason: string,
  ) {
    const isLent = (i: number) => loans.some(({ output }) => output === i);
    this.#outputs = outputs;
    this.#copiers = outputs.map((output, i) =>
      isComputed(output) ? (isLent(i) ? lenderOf(output) : copierOf(output)) : undefined,
    );
    this.#donated = donated;
    this.#inputOf = inputOf;
    this.#donation = new Donation(reason);
    this.#loans = loans;
    this.#borrowers = loans.map(() => undefined);
  }

  /**
   * Copies the elements of earlier results out of the plan's memory, so that the plan can overwrite them. Skips the
   * results that the caller donates to the plan as `inputs`.
   */
  keep(inputs: readonly Tensor[] = []): void {
    for (let l = 0; l < this.#loans.length; l++) {
      const borrower = this.#borrowers[l];
      if (borrower !== undefined && borrower !== inputs[this.#loans[l]!.input]) keepElements(borrower);
    }
  }

  /** Returns the outputs after a run. `inputs` are the inputs of the run. */
  read(inputs: readonly Tensor[]): Tensor[] {
    const outputs = new Array<Tensor>(this.#outputs.length);
    const takes = this.#donated.length > 0;
    // If an output is itself a donated input, the output keeps the typed array. This loop reads such outputs before the
    // donated inputs are emptied.
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

  /** Returns an output that is a constant or an input. */
  #given(output: number | Tensor, inputs: readonly Tensor[]): Tensor {
    if (typeof output !== "number") return output;
    return this.#donated.includes(output) ? sameArray(inputs[output]!) : inputs[output]!;
  }
}

const isComputed = (output: Output): output is ComputedOutput =>
  typeof output === "object" && !(output instanceof Tensor);

/** Returns a new tensor that shares the array of `x`, and still has the array if `x` is donated. */
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
    if (n > maxLoop) return tensorOf(elements.slice());
    const copy = new DataClass(n);
    for (let l = 0; l < n; l++) copy[l] = data[offset + l]!;
    return tensorOf(copy);
  };
}

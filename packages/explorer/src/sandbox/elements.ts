import type { Tensor } from "@wengert/core";
import { ravel } from "@wengert/core/extend";
import type { Range, TensorData } from "./protocol.ts";

const maxShown = 2 ** 16; // the maximum number of elements stored per tensor
const maxTogether = 2 ** 24; // the maximum for all tensors together; later tensors store only a few elements
const few = 64;

/**
 * Assigns a number to each tensor and stores the elements of all tensors in one array, because sending thousands of
 * small arrays to the page would be slow.
 */
export class Elements {
  readonly #names: (tensor: Tensor) => string;
  readonly #numbers = new Map<Tensor, number>();
  readonly #tensors: TensorData[] = [];
  #values = new Float64Array(1024);
  #filled = 0;

  constructor(names: (tensor: Tensor) => string) {
    this.#names = names;
  }

  number(tensor: Tensor): number {
    const known = this.#numbers.get(tensor);
    if (known !== undefined) return known;
    const all = ravel(tensor.array!);
    const shown = Math.min(all.length, this.#filled < maxTogether ? maxShown : few);
    const at = this.#filled;
    this.#room(shown);
    for (let i = 0; i < shown; i++) this.#values[at + i] = all[i]!;
    const { shape, dtype, size } = tensor;
    const number = this.#tensors.length;
    this.#numbers.set(tensor, number);
    this.#tensors.push({
      name: String(this.#names(tensor)),
      shape: [...shape],
      dtype,
      size,
      at,
      shown,
      range: rangeOf(all),
    });
    return number;
  }

  data(): { tensors: readonly TensorData[]; values: Float64Array } {
    return { tensors: this.#tensors, values: this.#values.slice(0, this.#filled) };
  }

  #room(more: number): void {
    this.#filled += more;
    if (this.#filled <= this.#values.length) return;
    const larger = new Float64Array(2 * this.#filled);
    larger.set(this.#values);
    this.#values = larger;
  }
}

function rangeOf(values: ArrayLike<number>): Range {
  let [least, most, nans, infinities] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (Number.isNaN(x)) nans++;
    else if (!Number.isFinite(x)) infinities++;
    else {
      if (x < least) least = x;
      if (x > most) most = x;
    }
  }
  return { least, most, nans, infinities };
}

/** A list with entries that are computed on each access. */
export interface Sequence<T> extends Iterable<T> {
  readonly length: number;
  /** Entry `i`, from 0; `undefined` if it is out of range. */
  at(i: number): T | undefined;
}

export function sequence<T>(length: number, make: (i: number) => T): Sequence<T> {
  return {
    length,
    at: (i) => (Number.isInteger(i) && i >= 0 && i < length ? make(i) : undefined),
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) yield make(i);
    },
  };
}

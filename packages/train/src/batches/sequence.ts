/** A read-only list that computes each entry when it is accessed. */
export interface Sequence<T> extends Iterable<T> {
  readonly length: number;
  /**
   * Returns entry `i`, counted from 0, or from the end if `i` is negative: −1 is the last entry. Returns `undefined` if
   * `i` is out of range.
   */
  at(i: number): T | undefined;
}

export function sequence<T>(length: number, make: (i: number) => T): Sequence<T> {
  return {
    length,
    at: (i) => (Number.isInteger(i) && i >= -length && i < length ? make(i < 0 ? i + length : i) : undefined),
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) yield make(i);
    },
  };
}

/** What is made when it is asked for: so many of them, one at a time, as often as one likes. */
export interface Series<T> extends Iterable<T> {
  readonly length: number;
  /** Number `i`, from 0; `undefined` for one that there is not. */
  at(i: number): T | undefined;
}

export function series<T>(length: number, make: (i: number) => T): Series<T> {
  return {
    length,
    at: (i) => (Number.isInteger(i) && i >= 0 && i < length ? make(i) : undefined),
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) yield make(i);
    },
  };
}

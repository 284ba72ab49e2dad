import { type Data, isRowMajor, type NdArray, ravel } from "@wengert/core/extend";

/** A copy of an output to the memory of an input, between two runs of the program by `repeat`. */
export interface Move {
  readonly from: NdArray;
  readonly to: Data;
  /**
   * Whether `from` is a view of an input's memory. The elements of such a view are saved first, because another copy
   * may overwrite this memory.
   */
  readonly readsInput: boolean;
}

/**
 * Returns a function that copies outputs to inputs. Elements that one copy may overwrite before another copy reads them
 * are saved first.
 */
export function moverOf(moves: readonly Move[]): () => void {
  const sources = moves.map(({ from, readsInput }): (() => Data) => {
    if (!isRowMajor(from)) return () => ravel(from); // a copy
    const elements = ravel(from);
    return readsInput ? () => elements.slice() : () => elements;
  });
  return () => {
    const elements = sources.map((source) => source());
    for (let i = 0; i < moves.length; i++) moves[i]!.to.set(elements[i]!);
  };
}

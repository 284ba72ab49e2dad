const runLength = 12;

/**
 * The memory of a merge sort. `keys` holds the entries of a slice, and `order` holds their indices. The second array of
 * each pair is a temporary buffer.
 */
export interface Sortable {
  readonly keys: readonly [Float64Array, Float64Array];
  readonly order: readonly [Int32Array, Int32Array];
}

export const sortableOf = (n: number): Sortable => ({
  keys: [new Float64Array(n), new Float64Array(n)],
  order: [new Int32Array(n), new Int32Array(n)],
});

/**
 * Sorts keys[0], and writes the indices 0 … n − 1 in the same order to order[0]. Equal keys keep their order, and the
 * indices of NaN are last. Returns the number of keys that are not NaN. Uses a bottom-up merge sort, with insertion
 * sort for short runs. Moves the keys together with the indices, because reading keys by index would miss the cache.
 */
export function sortIndices(n: number, { keys, order }: Sortable): number {
  const count = moveNaNsLast(n, keys[0], keys[1], order[0]);
  for (let start = 0; start < count; start += runLength)
    insertionSort(start, Math.min(start + runLength, count), keys[0], order[0]);
  let from: 0 | 1 = 0;
  for (let width = runLength; width < count; width *= 2) {
    const to: 0 | 1 = from === 0 ? 1 : 0;
    for (let start = 0; start < count; start += 2 * width) {
      const [middle, end] = [Math.min(start + width, count), Math.min(start + 2 * width, count)];
      merge(start, middle, end, keys[from], order[from], keys[to], order[to]);
    }
    from = to;
  }
  if (from === 1) order[0].set(order[1].subarray(0, count));
  return count;
}

/** Moves the keys that are not NaN to the front, and returns their number. */
function moveNaNsLast(n: number, keys: Float64Array, scratch: Float64Array, order: Int32Array): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (!Number.isNaN(keys[i])) order[count++] = i;
  if (count === n) return n;
  scratch.set(keys);
  for (let at = 0; at < count; at++) keys[at] = scratch[order[at]!]!;
  for (let i = 0, at = count; at < n; i++) if (Number.isNaN(scratch[i])) order[at++] = i;
  return count;
}

function insertionSort(start: number, end: number, keys: Float64Array, order: Int32Array): void {
  for (let i = start + 1; i < end; i++) {
    const key = keys[i]!;
    const index = order[i]!;
    let at = i;
    for (; at > start && keys[at - 1]! > key; at--) {
      keys[at] = keys[at - 1]!;
      order[at] = order[at - 1]!;
    }
    keys[at] = key;
    order[at] = index;
  }
}

/** Merges two sorted ranges of keys, start … middle − 1 and middle … end − 1. */
function merge(
  start: number,
  middle: number,
  end: number,
  keys: Float64Array,
  order: Int32Array,
  toKeys: Float64Array,
  toOrder: Int32Array,
): void {
  let [i, j, at] = [start, middle, start];
  while (i < middle && j < end) {
    const [left, right] = [keys[i]!, keys[j]!];
    if (left <= right) {
      toKeys[at] = left;
      toOrder[at++] = order[i++]!;
    } else {
      toKeys[at] = right;
      toOrder[at++] = order[j++]!;
    }
  }
  for (; i < middle; at++, i++) {
    toKeys[at] = keys[i]!;
    toOrder[at] = order[i]!;
  }
  for (; j < end; at++, j++) {
    toKeys[at] = keys[j]!;
    toOrder[at] = order[j]!;
  }
}

import { type Tensor, tensor } from "@wengert/core";
import { add, cast, expandDims, foldIn, randomUniform, slice, take } from "@wengert/ops";

/**
 * A batch of B windows of T characters of a text: the input characters and the next character at each position, int32
 * [B, T] each.
 */
export interface Windows {
  readonly read: Tensor;
  readonly next: Tensor;
}

/**
 * Returns a batch of windows of a text, each with `places` characters. Window i begins at the character with the index
 * `starts[i, 0]`.
 */
function windowsAt(text: Tensor, starts: Tensor, places: number): Windows {
  const offsets = tensor(Int32Array.from({ length: places + 1 }, (_, i) => i));
  const characters = take(text, add(starts, offsets), { axis: 0 });
  return { read: slice(characters, { stop: [null, places] }), next: slice(characters, { start: [0, 1] }) };
}

/** Yields an endless sequence of batches, each with `count` windows at random offsets. */
export function* randomWindows(
  text: Tensor,
  { count, places, key }: { count: number; places: number; key: Tensor },
): Generator<Windows, never> {
  for (let i = 0; ; i++) {
    const starts = randomUniform(foldIn(key, i), { shape: [count, 1], max: text.size - places });
    yield windowsAt(text, cast(starts, { dtype: "int32" }), places);
  }
}

/**
 * Cuts the text into consecutive windows. If the text has more than `most` windows, returns `most` of them, evenly
 * spaced.
 */
export function allWindows(text: Tensor, places: number, most: number = Number.POSITIVE_INFINITY): Windows {
  const all = Math.floor((text.size - 1) / places);
  const count = Math.min(all, most);
  const starts = Int32Array.from({ length: count }, (_, i) => places * Math.floor((i * all) / count));
  return windowsAt(text, expandDims(tensor(starts), { axis: 1 }), places);
}

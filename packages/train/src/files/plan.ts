import { ArgumentError, DataError, ShapeError, Tensor } from "@wengert/core";
import { leaves, type NdArray, ravel, shapeText, share, show, valuesOf, withDefaults } from "@wengert/core/extend";
import { storedAs } from "./dtypes.ts";
import { fileBytes } from "./endian.ts";
import { type Entry, headerBytes } from "./header.ts";
import { isWellFormed, quoted } from "./json.ts";
import { namesOf, structureKey, structureText } from "./names.ts";
import { bytesOf, maxAxes } from "./shape.ts";

export interface SaveOptions {
  /** Strings to save with the tensors, by key. `load` returns the same strings. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** A file to be written: its size in bytes, and its content in chunks that are generated on demand. */
export interface Plan {
  readonly size: number;
  readonly parts: () => Generator<Uint8Array>;
}

export function planOf(caller: string, tree: unknown, options: SaveOptions | undefined): Plan {
  const metadata = checkMetadata(
    caller,
    withDefaults<SaveOptions>(caller, options, { metadata: undefined }).metadata ?? {},
  );
  const names = namesOf(caller, tree, "tree");
  metadata.set(structureKey, structureText(tree, names));
  const tensors = leaves(caller, tree, "tree").map((tensor, i) => ({ name: names[i]!, tensor }));
  const malformed = names.find((name) => !isWellFormed(name));
  if (malformed !== undefined)
    throw new DataError(
      `${caller}: keys must be valid Unicode, got ${quoted(malformed)}, which has a lone surrogate; rename it`,
    );
  const sorted = [...storedAs].flatMap(([dtype, kind]) =>
    tensors
      .filter(({ tensor }) => tensor.dtype === dtype)
      .sort((a, b) => compareCodePoints(a.name, b.name))
      .map(({ name, tensor }) => ({ name, tensor, kind })),
  );
  const arrays: NdArray[] = [];
  let end = 0;
  const entries = sorted.map(({ name, tensor, kind }): Entry => {
    valuesOf(caller, tensor); // throws during a trace
    const array = share(tensor); // a compiled function must not reuse the memory before it is written
    arrays.push(array);
    if (tensor.shape.length > maxAxes || bytesOf(tensor.shape, kind.width) === undefined)
      throw new ShapeError(
        `${caller}: a file holds at most ${maxAxes} axes and 2^53 bytes, got ${shapeText(tensor.shape)} for ${quoted(name)}`,
      );
    const begin = end;
    end += tensor.size * kind.width;
    return { name, dtype: kind.code, shape: tensor.shape, begin, end };
  });
  const header = headerBytes(caller, { metadata, entries });
  return {
    size: header.length + end,
    *parts() {
      yield header;
      for (const array of arrays) yield fileBytes(ravel(array, caller));
    },
  };
}

function checkMetadata(caller: string, metadata: unknown): Map<string, string> {
  const isRecord = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isRecord || metadata instanceof Tensor)
    throw new ArgumentError(
      `${caller}: metadata must be an object of strings, got ${show(metadata)}; write { classes: "..." }`,
    );
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string" || !isWellFormed(key + value))
      throw new ArgumentError(
        `${caller}: metadata values must be strings, got ${show(value)} for ${quoted(key)}; use JSON.stringify(...) to save and JSON.parse to load`,
      );
    if (key === structureKey)
      throw new ArgumentError(
        `${caller}: metadata "${key}" is reserved for the structure of the tree; use another name`,
      );
    texts.set(key, value);
  }
  return texts;
}

/**
 * Compares two names by Unicode code points, as the reference implementation does when it sorts names. JavaScript's `<`
 * compares UTF-16 units instead.
 */
function compareCodePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  if (i > 0 && isHighSurrogate(a, i - 1) && isHighSurrogate(b, i - 1)) i--; // compare from the start of a surrogate pair
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}
const isHighSurrogate = (text: string, i: number): boolean => (text.charCodeAt(i) & 0xfc00) === 0xd800;

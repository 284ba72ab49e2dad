import { ArgumentError, DataError, Tensor } from "@wengert/core";
import { leaves, ravel, show, withDefaults } from "@wengert/core/extend";
import { storedAs } from "./dtypes.ts";
import { fileBytes } from "./endian.ts";
import { type Entry, headerBytes } from "./header.ts";
import { isWellFormed, quoted } from "./json.ts";
import { namesOf, structureKey, structureText } from "./names.ts";

export interface SaveOptions {
  /** Texts to keep with the tensors; `load` gives them back. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** A file to write: its size, and its parts in order, each made on demand. */
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
    throw new DataError(`${caller}: the key ${quoted(malformed)} holds half a character, which no file can; rename it`);
  const sorted = [...storedAs].flatMap(([dtype, kind]) =>
    tensors
      .filter(({ tensor }) => tensor.dtype === dtype)
      .sort((a, b) => compareCodePoints(a.name, b.name))
      .map(({ name, tensor }) => ({ name, tensor, kind })),
  );
  let end = 0;
  const entries = sorted.map(({ name, tensor, kind }): Entry => {
    if (tensor.array === undefined) tensor.data; // throws: a program is traced. Else it would be read for a fingerprint
    const begin = end;
    end += tensor.size * kind.width;
    return { name, dtype: kind.code, shape: tensor.shape, begin, end };
  });
  const header = headerBytes(caller, { metadata, entries });
  return {
    size: header.length + end,
    *parts() {
      yield header;
      for (const { tensor } of sorted) yield fileBytes(ravel(tensor.array!));
    },
  };
}

function checkMetadata(caller: string, metadata: unknown): Map<string, string> {
  const isRecord = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isRecord || metadata instanceof Tensor)
    throw new ArgumentError(`${caller}: metadata are texts by their names, { classes: "..." }; got ${show(metadata)}`);
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string" || !isWellFormed(key + value))
      throw new ArgumentError(
        `${caller}: metadata are texts, got ${show(value)} for ${quoted(key)}; write JSON.stringify(...), and JSON.parse where it is loaded`,
      );
    if (key === structureKey)
      throw new ArgumentError(
        `${caller}: the metadata "${key}" are kept for the structure of the tree; use another name`,
      );
    texts.set(key, value);
  }
  return texts;
}

/** By code points, as the reference implementation sorts names: JavaScript compares halves of characters. */
function compareCodePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  if (i > 0 && isHighSurrogate(a, i - 1) && isHighSurrogate(b, i - 1)) i--; // the difference is in the second half of a character
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}
const isHighSurrogate = (text: string, i: number): boolean => (text.charCodeAt(i) & 0xfc00) === 0xd800;

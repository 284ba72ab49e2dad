import { ArgumentError, complete, leaves, shapeText, show, Tensor, unflatten } from "@wengert/core";
import { ndarray } from "@wengert/core/ndarray";
import { DataError } from "../errors.ts";
import type { Bytes } from "./bytes.ts";
import { dtypes, kinds, others } from "./dtypes.ts";
import { arrayOf } from "./endian.ts";
import { damaged, type Entry, parseHeader } from "./header.ts";
import { quoted } from "./json.ts";
import { checkStructure, namesOf, structureKey, treeOf } from "./names.ts";

/** Tensors, and lists and records of such trees: what a file holds, as long as nothing else is known of it. */
export type AnyTree = Tensor | readonly AnyTree[] | { readonly [key: string]: AnyTree };

export interface LoadOptions<T> {
  /**
   * A tree of the structure, the shapes and the dtypes that are expected, such as parameters newly made. The tensors are found by
   * their names alone, so that `layers.0.weight` of a state_dict comes into `{ layers: [{ weight }] }`.
   */
  readonly like?: T | undefined;
  /** `true`: a record of the tensors by their names, whatever the structure of the tree was. Default: false. */
  readonly flat?: boolean | undefined;
}

export interface Loaded<T> {
  readonly tree: T;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The options of a call that loads. @throws ArgumentError */
export function wantedIn<T>(who: string, options: LoadOptions<T> | undefined): Wanted<T> {
  const { like, flat } = complete<LoadOptions<T>>(who, options, { like: undefined, flat: false });
  if (typeof flat !== "boolean") throw new ArgumentError(`${who}: flat is true or false, got ${show(flat)}`);
  if (like === undefined || !flat) return { like, flat };
  throw new ArgumentError(`${who}: a tree like another is not flat; leave one of like and flat out`);
}
export interface Wanted<T> {
  readonly like: T | undefined;
  readonly flat: boolean;
}

/** A file whose header has been read: where its tensors lie among the numbers, and what is to be made of them. */
export interface Layout<T> {
  readonly entries: readonly Entry[];
  /** The tensor whose numbers are `bytes`, which it keeps. */
  readonly tensor: (entry: Entry, bytes: Bytes) => Tensor;
  readonly loaded: (tensors: ReadonlyMap<string, Tensor>) => Loaded<T>;
}

/**
 * Reads the header of a file in which `size` bytes follow it; `file` is what messages call it. All that can be checked without the
 * numbers is checked here, before there is memory for them.
 * @throws DataError
 */
export function layoutOf<T>(
  who: string,
  file: string,
  header: Uint8Array,
  size: number,
  { like, flat }: Wanted<T>,
): Layout<T> {
  const { metadata, entries } = parseHeader(file, header);
  for (const entry of entries) checkDType(file, entry);
  checkPlaces(file, entries, size);
  const structure = flat ? undefined : metadata.get(structureKey);
  metadata.delete(structureKey); // what is left are the user's
  const tree = like === undefined ? ownTree(file, entries, structure) : treeLike(who, file, entries, like);
  return {
    entries,
    tensor: (entry, bytes) => tensorOf(file, entry, bytes),
    loaded: (tensors) => ({ tree: tree(tensors) as T, metadata: Object.fromEntries(metadata) }),
  };
}

function checkDType(file: string, { name, dtype }: Entry): void {
  if (dtypes.has(dtype)) return;
  const cure = others.get(dtype);
  if (cure === undefined)
    throw damaged(file, `${quoted(name)} has the dtype ${quoted(dtype)}, which the format does not have`);
  throw new DataError(
    `${file}: the tensor ${quoted(name)} has the dtype ${dtype}; only ${[...dtypes.keys()].join(", ")} are read. Save ${cure}.`,
  );
}

/** As the reference implementation has it: each tensor begins where the one before it ends, and the last ends with the file. */
function checkPlaces(file: string, entries: readonly Entry[], size: number): void {
  let end = 0;
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const name = quoted(entry.name);
    if (entry.begin !== end)
      throw damaged(
        file,
        `${name} begins at byte ${entry.begin} of the numbers, where the tensor before it ends at ${end}`,
      );
    const bytes = bytesOf(entry);
    if (entry.end - entry.begin !== bytes) {
      const wanted = bytes === undefined ? "more bytes than can be counted" : `${bytes} bytes`;
      throw damaged(
        file,
        `${name} lies at bytes ${entry.begin} to ${entry.end}, where ${entry.dtype} ${shapeText(entry.shape)} takes ${wanted}`,
      );
    }
    end = entry.end;
  }
  if (end !== size) throw damaged(file, `its tensors take ${end} bytes, where ${size} follow the header`);
}

function bytesOf({ dtype, shape }: Entry): number | undefined {
  let bytes = kinds.get(dtypes.get(dtype)!)!.width;
  for (const n of shape) {
    bytes *= n;
    if (bytes > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return bytes;
}

type Arrange = (tensors: ReadonlyMap<string, Tensor>) => unknown;

/** The tree that was saved, or of another program's file the record of its tensors. */
function ownTree(file: string, entries: readonly Entry[], text: string | undefined): Arrange {
  if (text === undefined) return (tensors) => Object.fromEntries(tensors);
  const names = entries.map(({ name }) => name);
  checkStructure(
    text,
    names,
    (what) =>
      new DataError(
        `${file}: its metadata "${structureKey}" do not fit its tensors: ${what}. Write { flat: true } for the tensors by their names, or { like: ... } with the tree that is expected.`,
      ),
  );
  return (tensors) => treeOf(text, tensors);
}

/** The tree whose structure and kinds are those of `like`. */
function treeLike(who: string, file: string, entries: readonly Entry[], like: unknown): Arrange {
  const names = namesOf(who, like, "like");
  const found = new Map(entries.map((entry) => [entry.name, entry]));
  const wanted = new Set(names);
  const missing = names.filter((name) => !found.has(name));
  const unexpected = [...found.keys()].filter((name) => !wanted.has(name));
  if (missing.length + unexpected.length > 0)
    throw new DataError(
      `${file} does not hold the tensors of like: ${[
        ...(missing.length > 0 ? [`it lacks ${listed(missing)}`] : []),
        ...(unexpected.length > 0 ? [`it has ${listed(unexpected)} besides`] : []),
      ].join(", and ")}. Load it without like to see what it holds.`,
    );
  leaves(who, like, "like").forEach(({ dtype, shape }, i) => {
    const entry = found.get(names[i]!)!;
    const came = dtypes.get(entry.dtype)!;
    if (came === dtype && shapeText(shape) === shapeText(entry.shape)) return;
    const cure = came === dtype ? "" : "; load it without like, and cast it";
    throw new DataError(
      `${file}: the tensor ${quoted(entry.name)} should be ${dtype} ${shapeText(shape)}, as it is in like; got ${came} ${shapeText(entry.shape)}${cure}`,
    );
  });
  return (tensors) =>
    unflatten(
      like,
      names.map((name) => tensors.get(name)),
    );
}

function listed(names: readonly string[]): string {
  const more = names.length > 6 ? ` and ${names.length - 6} more` : "";
  return names.slice(0, 6).map(quoted).join(", ") + more;
}

function tensorOf(file: string, { name, dtype: code, shape }: Entry, bytes: Bytes): Tensor {
  const dtype = dtypes.get(code)!;
  const array = arrayOf(kinds.get(dtype)!.Array, bytes);
  if (dtype === "bool") {
    const at = array.findIndex((x) => x > 1);
    if (at >= 0)
      throw damaged(file, `${quoted(name)} holds the byte ${array[at]} at place ${at}, where a BOOL is 0 or 1`);
  }
  return new Tensor(shape, dtype, ndarray(array, shape));
}

import { ArgumentError, DataError, Tensor } from "@wengert/core";
import { leaves, ndarray, shapeText, show, unflatten, withDefaults } from "@wengert/core/extend";
import type { Bytes } from "./bytes.ts";
import { dtypes, storedAs, unsupported } from "./dtypes.ts";
import { arrayOf } from "./endian.ts";
import { damagedFile, type Entry, parseHeader } from "./header.ts";
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
export function loadOptions<T>(caller: string, options: LoadOptions<T> | undefined): CompleteLoadOptions<T> {
  const { like, flat } = withDefaults<LoadOptions<T>>(caller, options, { like: undefined, flat: false });
  if (typeof flat !== "boolean") throw new ArgumentError(`${caller}: flat is true or false, got ${show(flat)}`);
  if (like === undefined || !flat) return { like, flat };
  throw new ArgumentError(`${caller}: a tree like another is not flat; leave one of like and flat out`);
}
export interface CompleteLoadOptions<T> {
  readonly like: T | undefined;
  readonly flat: boolean;
}

/** A file whose header has been read: the places of its tensors, and the functions that build them and the tree. */
export interface Layout<T> {
  readonly entries: readonly Entry[];
  /** The tensor whose numbers are `bytes`, which it keeps. */
  readonly makeTensor: (entry: Entry, bytes: Bytes) => Tensor;
  readonly buildTree: (tensors: ReadonlyMap<string, Tensor>) => Loaded<T>;
}

/**
 * Reads the header of a file in which `size` bytes follow it; `file` is what messages call it. All that can be checked without the
 * numbers is checked here, before there is memory for them.
 * @throws DataError
 */
export function layoutOf<T>(
  caller: string,
  file: string,
  header: Uint8Array,
  size: number,
  { like, flat }: CompleteLoadOptions<T>,
): Layout<T> {
  const { metadata, entries } = parseHeader(file, header);
  for (const entry of entries) checkDType(file, entry);
  checkOffsets(file, entries, size);
  const structure = flat ? undefined : metadata.get(structureKey);
  metadata.delete(structureKey); // what is left are the user's
  const tree = like === undefined ? savedTree(file, entries, structure) : treeLike(caller, file, entries, like);
  return {
    entries,
    makeTensor: (entry, bytes) => tensorOf(file, entry, bytes),
    buildTree: (tensors) => ({ tree: tree(tensors) as T, metadata: Object.fromEntries(metadata) }),
  };
}

function checkDType(file: string, { name, dtype }: Entry): void {
  if (dtypes.has(dtype)) return;
  const hint = unsupported.get(dtype);
  if (hint === undefined)
    throw damagedFile(file, `${quoted(name)} has the dtype ${quoted(dtype)}, which the format does not have`);
  throw new DataError(
    `${file}: the tensor ${quoted(name)} has the dtype ${dtype}; only ${[...dtypes.keys()].join(", ")} are read. Save ${hint}.`,
  );
}

/** As the reference implementation has it: each tensor begins where the one before it ends, and the last ends with the file. */
function checkOffsets(file: string, entries: readonly Entry[], size: number): void {
  let end = 0;
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const name = quoted(entry.name);
    if (entry.begin !== end)
      throw damagedFile(
        file,
        `${name} begins at byte ${entry.begin} of the numbers, where the tensor before it ends at ${end}`,
      );
    const bytes = bytesOf(entry);
    if (entry.end - entry.begin !== bytes) {
      const expected = bytes === undefined ? "more bytes than can be counted" : `${bytes} bytes`;
      throw damagedFile(
        file,
        `${name} lies at bytes ${entry.begin} to ${entry.end}, where ${entry.dtype} ${shapeText(entry.shape)} takes ${expected}`,
      );
    }
    end = entry.end;
  }
  if (end !== size) throw damagedFile(file, `its tensors take ${end} bytes, where ${size} follow the header`);
}

function bytesOf({ dtype, shape }: Entry): number | undefined {
  let bytes = storedAs.get(dtypes.get(dtype)!)!.width;
  for (const n of shape) {
    bytes *= n;
    if (bytes > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return bytes;
}

type Arrange = (tensors: ReadonlyMap<string, Tensor>) => unknown;

/** The tree that was saved, or of another program's file the record of its tensors. */
function savedTree(file: string, entries: readonly Entry[], text: string | undefined): Arrange {
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
function treeLike(caller: string, file: string, entries: readonly Entry[], like: unknown): Arrange {
  const names = namesOf(caller, like, "like");
  const entryByName = new Map(entries.map((entry) => [entry.name, entry]));
  const expected = new Set(names);
  const missing = names.filter((name) => !entryByName.has(name));
  const unexpected = [...entryByName.keys()].filter((name) => !expected.has(name));
  if (missing.length + unexpected.length > 0)
    throw new DataError(
      `${file} does not hold the tensors of like: ${[
        ...(missing.length > 0 ? [`it lacks ${listNames(missing)}`] : []),
        ...(unexpected.length > 0 ? [`it has ${listNames(unexpected)} besides`] : []),
      ].join(", and ")}. Load it without like to see what it holds.`,
    );
  leaves(caller, like, "like").forEach(({ dtype, shape }, i) => {
    const entry = entryByName.get(names[i]!)!;
    const got = dtypes.get(entry.dtype)!;
    if (got === dtype && shapeText(shape) === shapeText(entry.shape)) return;
    const hint = got === dtype ? "" : "; load it without like, and cast it";
    throw new DataError(
      `${file}: the tensor ${quoted(entry.name)} should be ${dtype} ${shapeText(shape)}, as it is in like; got ${got} ${shapeText(entry.shape)}${hint}`,
    );
  });
  return (tensors) =>
    unflatten(
      like,
      names.map((name) => tensors.get(name)),
    );
}

function listNames(names: readonly string[]): string {
  const rest = names.length > 6 ? ` and ${names.length - 6} more` : "";
  return names.slice(0, 6).map(quoted).join(", ") + rest;
}

function tensorOf(file: string, { name, dtype: code, shape }: Entry, bytes: Bytes): Tensor {
  const dtype = dtypes.get(code)!;
  const array = arrayOf(storedAs.get(dtype)!.Array, bytes);
  if (dtype === "bool") {
    const at = array.findIndex((x) => x > 1);
    if (at >= 0)
      throw damagedFile(file, `${quoted(name)} holds the byte ${array[at]} at place ${at}, where a BOOL is 0 or 1`);
  }
  return new Tensor(shape, dtype, ndarray(array, shape));
}

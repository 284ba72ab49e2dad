import { ArgumentError, DataError, Tensor } from "@wengert/core";
import { leaves, ndarray, shapeText, show, unflatten, withDefaults } from "@wengert/core/extend";
import type { Bytes } from "./bytes.ts";
import { dtypes, storedAs, unsupported } from "./dtypes.ts";
import { arrayOf } from "./endian.ts";
import { damagedFile, type Entry, parseHeader } from "./header.ts";
import { quoted } from "./json.ts";
import { checkStructure, namesOf, structureKey, treeOf } from "./names.ts";
import { bytesOf } from "./shape.ts";

/** A tree of tensors from a file, whose structure is unknown until the file is read. */
export type AnyTree = Tensor | readonly AnyTree[] | { readonly [key: string]: AnyTree };

export interface LoadOptions<T> {
  /**
   * A tree with the expected structure, shapes and dtypes, such as freshly initialized parameters. Tensors are matched
   * by name: `layers.0.weight` of a PyTorch state_dict matches `{ layers: [{ weight }] }`.
   */
  readonly like?: T | undefined;
  /** If true, returns a flat object of the tensors by name, and ignores the saved tree structure. Default false. */
  readonly flat?: boolean | undefined;
}

export interface Loaded<T> {
  readonly tree: T;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Checks the options of a load function.
 * @throws ArgumentError for unknown or contradictory options
 */
export function loadOptions<T>(caller: string, options: LoadOptions<T> | undefined): CompleteLoadOptions<T> {
  const { like, flat } = withDefaults<LoadOptions<T>>(caller, options, { like: undefined, flat: false });
  if (typeof flat !== "boolean") throw new ArgumentError(`${caller}: flat must be true or false, got ${show(flat)}`);
  if (like === undefined || !flat) return { like, flat };
  throw new ArgumentError(`${caller}: like and flat exclude each other, got both; leave out one`);
}
export interface CompleteLoadOptions<T> {
  readonly like: T | undefined;
  readonly flat: boolean;
}

/**
 * A safetensors file whose header has been read: the entries of the header, and functions that build the tensors and
 * the tree.
 */
export interface Layout<T> {
  readonly entries: readonly Entry[];
  /** Returns a tensor that uses the memory of `bytes`. */
  readonly makeTensor: (entry: Entry, bytes: Bytes) => Tensor;
  readonly buildTree: (tensors: ReadonlyMap<string, Tensor>) => Loaded<T>;
}

/**
 * Reads the header of a safetensors file. `size` is the number of bytes of tensor data after the header, `file` the
 * file's name for messages. All checks that need no tensor data happen here, before memory is allocated.
 * @throws DataError for an invalid header, an unsupported dtype, or a mismatch with `like`
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
  metadata.delete(structureKey); // the remaining metadata belong to the user
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
    throw damagedFile(file, `${quoted(name)} has the dtype ${quoted(dtype)}, which the format does not define`);
  throw new DataError(
    `${file}: supported dtypes are ${[...dtypes.keys()].join(", ")}, got ${dtype} for the tensor ${quoted(name)}; save ${hint}`,
  );
}

/**
 * Checks the offsets of the tensors: each tensor must begin where the previous one ends, and the last must end at the
 * end of the file.
 */
function checkOffsets(file: string, entries: readonly Entry[], size: number): void {
  let end = 0;
  for (const entry of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    const name = quoted(entry.name);
    if (entry.begin !== end)
      throw damagedFile(
        file,
        `${name} begins at byte ${entry.begin} of the tensor data, but the previous tensor ends at byte ${end}`,
      );
    const bytes = bytesOf(entry.shape, storedAs.get(dtypes.get(entry.dtype)!)!.width);
    if (entry.end - entry.begin !== bytes) {
      const expected = bytes === undefined ? "more than 2^53 bytes" : `${bytes} bytes`;
      throw damagedFile(
        file,
        `${name} has bytes ${entry.begin} to ${entry.end}, but ${entry.dtype} ${shapeText(entry.shape)} takes ${expected}`,
      );
    }
    end = entry.end;
  }
  if (end !== size) throw damagedFile(file, `its tensors take ${end} bytes, but ${size} follow the header`);
}

type Arrange = (tensors: ReadonlyMap<string, Tensor>) => unknown;

/** Builds the saved tree. For a file from another program, builds an object of the tensors by name. */
function savedTree(file: string, entries: readonly Entry[], text: string | undefined): Arrange {
  if (text === undefined) return (tensors) => Object.fromEntries(tensors);
  const names = entries.map(({ name }) => name);
  checkStructure(
    text,
    names,
    (what) =>
      new DataError(
        `${file}: its metadata "${structureKey}" do not match its tensors: ${what}; write { flat: true } for a record of the tensors, or { like: ... } with the expected tree`,
      ),
  );
  return (tensors) => treeOf(text, tensors);
}

/** Builds a tree of the tensors of a file, with the structure of the tree `like`. The shapes and dtypes must match. */
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
        ...(unexpected.length > 0 ? [`it also has ${listNames(unexpected)}`] : []),
      ].join(", and ")}; load it without like to see its tensors`,
    );
  leaves(caller, like, "like").forEach(({ dtype, shape }, i) => {
    const entry = entryByName.get(names[i]!)!;
    const got = dtypes.get(entry.dtype)!;
    if (got === dtype && shapeText(shape) === shapeText(entry.shape)) return;
    const hint = got === dtype ? "" : "; load it without like and cast it";
    throw new DataError(
      `${file}: the tensor ${quoted(entry.name)} must be ${dtype} ${shapeText(shape)}, as in like, got ${got} ${shapeText(entry.shape)}${hint}`,
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
      throw damagedFile(file, `${quoted(name)} must hold bytes 0 or 1 as a BOOL, got ${array[at]} at index ${at}`);
  }
  return new Tensor(shape, dtype, ndarray(array, shape));
}

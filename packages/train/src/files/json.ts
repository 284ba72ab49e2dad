/** A JSON reader for text of known structure. Each method reads the next token and moves past the token, or throws. */
export interface JsonReader {
  /** Returns whether the next character is `c`, and consumes this character if so. */
  accept(c: string): boolean;
  /** Returns whether the next character is `c`, without consuming it. */
  isNext(c: string): boolean;
  string(): string;
  /** Reads an integer from 0 to 2^53 from the JSON text. */
  count(): number;
  /** Reads a JSON array. Calls `entry` for each element, to read this element. */
  list(entry: (i: number) => void): void;
  /**
   * Reads a JSON object. Calls `member` for each name, to read the value of this name. Throws for a duplicate name.
   * `isTaken` replaces the default check for duplicates.
   */
  members(member: (name: string) => void, isTaken?: (name: string) => boolean): void;
  end(): void;
  /** Returns the error for an unexpected token, without throwing. */
  unexpected(expected: string): Error;
}

/**
 * Returns a strict one-pass JSON reader of `text`. Unlike JSON.parse, the reader rejects duplicate names, and builds
 * only the values that the caller reads. So a malicious file cannot make the reader allocate many times the file's
 * size. `makeError` creates the error to throw from a description of the problem.
 */
export function jsonReader(text: string, makeError: (what: string) => Error): JsonReader {
  let at = 0;
  const unexpected = (expected: string): Error => {
    const got = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : "its end";
    return makeError(`expected ${expected} at character ${at}, got ${got}`);
  };
  const isNext = (c: string): boolean => {
    while (isSpace(text.charCodeAt(at))) at++;
    return text[at] === c;
  };
  const accept = (c: string): boolean => {
    const isThere = isNext(c);
    if (isThere) at++;
    return isThere;
  };
  const expect = (c: string): void => {
    if (!accept(c)) throw unexpected(JSON.stringify(c));
  };
  const string = (): string => {
    if (!isNext('"')) throw unexpected("a string");
    const begin = at;
    let isPlain = true;
    for (let i = begin + 1; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x20) break;
      if (c === 0x22) {
        at = i + 1;
        return isPlain ? text.slice(begin + 1, i) : parseEscapes(begin);
      }
      if (c !== 0x5c) continue;
      i++; // skips the escaped character, which may be a quote
      isPlain = false;
    }
    throw unexpected("a string");
  };
  const parseEscapes = (begin: number): string => {
    try {
      const value = JSON.parse(text.slice(begin, at)) as string;
      if (isWellFormed(value)) return value;
    } catch {} // an invalid escape sequence
    at = begin;
    throw unexpected("a string");
  };
  const count = (): number => {
    isNext("");
    const [digits = ""] = /^\d*/.exec(text.slice(at, at + 32)) ?? [];
    const value = Number(digits);
    const isWhole = /^(0|[1-9]\d*)$/.test(digits) && !/[.eE]/.test(text[at + digits.length] ?? "");
    if (!isWhole || !Number.isSafeInteger(value)) throw unexpected("a whole number from 0 to 2^53");
    at += digits.length;
    return value;
  };
  const list = (entry: (i: number) => void): void => {
    expect("[");
    if (accept("]")) return;
    let i = 0;
    do entry(i++);
    while (accept(","));
    expect("]");
  };
  const members = (member: (name: string) => void, isTaken = duplicateCheck()): void => {
    expect("{");
    if (accept("}")) return;
    do {
      const name = string();
      if (isTaken(name)) throw makeError(`${quoted(name)} appears twice`);
      expect(":");
      member(name);
    } while (accept(","));
    expect("}");
  };
  const end = (): void => {
    isNext("");
    if (at < text.length) throw unexpected("its end");
  };
  return { accept, isNext, string, count, list, members, end, unexpected };
}

/**
 * Returns a check for duplicate names: a function that returns whether it has already received the same name. The
 * function creates a Set only at the second name, because most objects have only one name.
 */
function duplicateCheck(): (name: string) => boolean {
  let first: string | undefined;
  let names: Set<string> | undefined;
  return (name) => {
    if (first === undefined) {
      first = name;
      return false;
    }
    names ??= new Set([first]);
    if (names.has(name)) return true;
    names.add(name);
    return false;
  };
}

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;

/** Returns whether `text` contains no lone surrogate, which UTF-8 cannot encode. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** Quotes a name from a file for an error message, shortened to 80 characters. */
export const quoted = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);

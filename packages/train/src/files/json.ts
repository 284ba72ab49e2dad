/** Reads JSON of which it is known what has to come next; each method takes that, or throws. */
export interface JsonReader {
  /** Whether `c` comes next: then it is taken. */
  comes(c: string): boolean;
  /** Whether `c` comes next. */
  isNext(c: string): boolean;
  string(): string;
  /** A whole number from 0 to 2^53. */
  count(): number;
  /** A list; `entry` takes each of its entries. */
  list(entry: (i: number) => void): void;
  /** An object; `member` takes the value of each of its names, of which none may come twice: `isTaken` tells, if that is known. */
  members(member: (name: string) => void, isTaken?: (name: string) => boolean): void;
  end(): void;
  /** What to throw where something else was expected. */
  fail(wanted: string): Error;
}

/**
 * A strict reader of `text`, in one pass. It builds nothing but what is asked for: JSON.parse would take the last of two members
 * of one name, and build whatever it is given, at many times the size of the file. `refuse` says what was wrong.
 */
export function jsonReader(text: string, refuse: (what: string) => Error): JsonReader {
  let at = 0;
  const fail = (wanted: string): Error => {
    const came = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : "its end";
    return refuse(`expected ${wanted} at character ${at}, got ${came}`);
  };
  const isNext = (c: string): boolean => {
    while (isSpace(text.charCodeAt(at))) at++;
    return text[at] === c;
  };
  const comes = (c: string): boolean => {
    const does = isNext(c);
    if (does) at++;
    return does;
  };
  const take = (c: string): void => {
    if (!comes(c)) throw fail(JSON.stringify(c));
  };
  const string = (): string => {
    if (!isNext('"')) throw fail("a string");
    const begin = at;
    let isPlain = true;
    for (let i = begin + 1; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x20) break;
      if (c === 0x22) {
        at = i + 1;
        return isPlain ? text.slice(begin + 1, i) : unescaped(begin);
      }
      if (c !== 0x5c) continue;
      i++; // what is escaped does not end the string
      isPlain = false;
    }
    throw fail("a string");
  };
  const unescaped = (begin: number): string => {
    try {
      const value = JSON.parse(text.slice(begin, at)) as string;
      if (isWellFormed(value)) return value;
    } catch {} // an escape that is none
    at = begin;
    throw fail("a string");
  };
  const count = (): number => {
    isNext("");
    const [digits = ""] = /^\d*/.exec(text.slice(at, at + 32)) ?? [];
    const value = Number(digits);
    const isWhole = /^(0|[1-9]\d*)$/.test(digits) && !/[.eE]/.test(text[at + digits.length] ?? "");
    if (!isWhole || !Number.isSafeInteger(value)) throw fail("a whole number from 0 to 2^53");
    at += digits.length;
    return value;
  };
  const list = (entry: (i: number) => void): void => {
    take("[");
    if (comes("]")) return;
    let i = 0;
    do entry(i++);
    while (comes(","));
    take("]");
  };
  const members = (member: (name: string) => void, isTaken = distinct()): void => {
    take("{");
    if (comes("}")) return;
    do {
      const name = string();
      if (isTaken(name)) throw refuse(`${quoted(name)} comes twice`);
      take(":");
      member(name);
    } while (comes(","));
    take("}");
  };
  const end = (): void => {
    isNext("");
    if (at < text.length) throw fail("its end");
  };
  return { comes, isNext, string, count, list, members, end, fail };
}

/** Tells whether a name was asked for before. Most objects have one or none, for which there need be no set. */
function distinct(): (name: string) => boolean {
  let first: string | undefined;
  let seen: Set<string> | undefined;
  return (name) => {
    if (first === undefined) {
      first = name;
      return false;
    }
    seen ??= new Set([first]);
    if (seen.has(name)) return true;
    seen.add(name);
    return false;
  };
}

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;

/** Whether there is no half of a surrogate pair in `text`, which UTF-8 cannot hold. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** A name in a file as messages show it. */
export const quoted = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);

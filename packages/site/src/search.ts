import type MiniSearch from "minisearch";
import type { Options } from "minisearch";

/** A search result: a heading of a page, with the URL of the heading. */
export interface Entry {
  readonly id: string;
  readonly page: string;
  readonly title: string;
  readonly text: string;
}

/**
 * The options of the search index. The build writes the index and the page reads it, so both must use the same options.
 */
export const searchOptions: Options<Entry> = {
  fields: ["title", "text", "page"],
  storeFields: ["page", "title", "text"],
  searchOptions: {
    prefix: true,
    fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    combineWith: "AND",
    boost: { title: 4, page: 2 },
  },
};

export interface Hit {
  readonly url: string;
  readonly page: string;
  readonly title: string;
  /** The text around a match of the search, split into strings. Every second string is a search term. */
  readonly around: readonly string[];
}

export function find(index: MiniSearch<Entry>, query: string): Hit[] {
  return index
    .search(query)
    .slice(0, 12)
    .map(({ id, page, title, text, terms }) => ({ url: id, page, title, around: around(text, terms) }));
}

const width = 140;

function around(text: string, terms: readonly string[]): string[] {
  const flat = text.replaceAll(/\s+/g, " ").trim();
  const word = new RegExp(`(${terms.map((term) => term.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "i");
  const at = flat.search(word);
  const from = Math.max(0, at - 40);
  const cut = `${from > 0 ? "… " : ""}${flat.slice(from, from + width)}${from + width < flat.length ? " …" : ""}`;
  return cut.split(word);
}

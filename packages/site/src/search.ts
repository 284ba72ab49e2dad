import type { Options, SearchOptions, SearchResult } from "minisearch";
import MiniSearch from "minisearch";

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
  /** The text around a match of the search, split at the search terms. The strings at odd indices are search terms. */
  readonly around: readonly string[];
}

/** Words of questions, such as "what" and "how". The search ignores these words if the query has other words. */
const ignored: ReadonlySet<string> = new Set(
  "a an and are can could do does for how i in is it me mean means my of on or please should the there this to use was what when which why with would you your".split(
    " ",
  ),
);

/**
 * Returns the search results for a query, which may be a question. If no entry contains all words of the query, returns
 * entries that contain some of the words.
 */
export function find(index: MiniSearch<Entry>, query: string): Hit[] {
  const words = query.toLowerCase().match(/[\p{L}\p{M}\p{N}_]+/gu) ?? [];
  const content = words.filter((word) => !ignored.has(word));
  const wanted = content.length > 0 ? content : words;
  const boostDocument = boostFor(words, wanted);
  const singular = wanted.map((word) => word.replace(/(?<=..[^s])s$/, "")).join(" "); // finds the plural too, as a prefix
  const search = (options: SearchOptions): SearchResult[] => index.search(singular, options);
  const all = search({ boostDocument });
  const found = all.length > 0 ? all : search({ boostDocument, combineWith: "OR" });
  return found
    .slice(0, 12)
    .map(({ id, page, title, text, terms }) => ({ url: id, page, title, around: around(text, terms) }));
}

/**
 * Returns a function that raises the search score of some entries: the page of an op whose name is the query, the
 * glossary entry of the query, and, if the query begins with "how", the FAQ and the recipes.
 */
function boostFor(words: readonly string[], wanted: readonly string[]): NonNullable<SearchOptions["boostDocument"]> {
  const [name, joined] = [wanted.join(" "), wanted.join("")];
  const asksHow = words[0] === "how";
  return (id: string, _term, fields): number => {
    const title = String(fields?.title).toLowerCase();
    if (id.startsWith("ops/") && title === joined) return 100;
    if (id.startsWith("glossary.html#") && (title === name || `${title}s` === name)) return 50;
    const isPart = id.startsWith("api/") || id.startsWith("ops/") || id.startsWith("ops.html");
    if (asksHow) return isPart ? 0.2 : /^(faq|recipes|fitting)\.html#/.test(id) ? 4 : 1;
    return title === name ? 2 : isPart ? 0.5 : 1;
  };
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

/** Returns the words in the last part of an address, such as "cross entropy" for "/docs/ops/crossEntropy.html". */
export function wordsOfPath(path: string): string {
  const last = path.split("/").filter(Boolean).at(-1) ?? "";
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // If the address contains an invalid escape sequence, the name stays encoded.
  }
  return name
    .replace(/\.\w+$/, "")
    .replaceAll(/([a-z])(?=[A-Z])/g, "$1 ")
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .toLowerCase();
}

/** Returns the pages whose file names are most similar to the last part of an address, then search results for it. */
export function findPages(index: MiniSearch<Entry>, path: string): Hit[] {
  const query = wordsOfPath(path);
  if (query === "") return [];
  const names = new MiniSearch<{ id: string; name: string }>({
    fields: ["name"],
    searchOptions: {
      fuzzy: 0.3,
      prefix: true,
      boostDocument: (id) => (path.includes(`/${id.slice(0, id.indexOf("/") + 1) || "/"}`) ? 3 : 1), // the same folder
    },
  });
  const entries = new Map(index.search(MiniSearch.wildcard).map((entry) => [String(entry.id), entry]));
  names.addAll([...entries.keys()].filter((id) => !id.includes("#")).map((id) => ({ id, name: wordsOfPath(id) })));
  const similar = names.search(query).slice(0, 3);
  const named = similar.map(({ id }) => {
    const { page, title } = entries.get(id) as unknown as Entry;
    return { url: id, page, title, around: [] };
  });
  const others = find(index, query).filter(({ url }) => named.every((hit) => hit.url !== url));
  return [...named, ...others].slice(0, 5);
}

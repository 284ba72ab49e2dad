import { readFileSync } from "node:fs";
import Slugger from "github-slugger";
import type { Token } from "markdown-it";
import { root } from "./pages.ts";

// On each page, links the first use of a word that docs/glossary.md defines to the definition, and shows the definition
// as a tooltip.

export const glossaryPath = "docs/glossary.md";

/** A word that the glossary defines. */
export interface Term {
  readonly name: string;
  /** The id of the word's heading in the glossary. */
  readonly id: string;
  readonly aliases: readonly string[];
  /** The definition as Markdown: the two sentences below the heading, without the link that follows them. */
  readonly definition: string;
}

/** Returns the words that a glossary defines: a word below each heading of level 3. */
export function termsOf(text: string): Term[] {
  const slugger = new Slugger();
  return text.split(/^(?=#{1,3} )/m).flatMap((section) => {
    const [, marks = "", name = ""] = /^(#+) (.*)$/m.exec(section) ?? [];
    const id = slugger.slug(name);
    if (marks !== "###") return [];
    const [, paragraph = ""] = section.split("\n\n");
    const [, aliases = ""] = /^\*Also:\* (.*)$/m.exec(section) ?? [];
    return [{ name, id, aliases: aliases.split(", ").filter(Boolean), definition: definitionIn(paragraph, name) }];
  });
}

function definitionIn(paragraph: string, name: string): string {
  const sentences = paragraph.replaceAll(/\s+/g, " ").split(/(?<=[.])(?<! R\.| E\.) (?=[A-Z[`])/);
  if (sentences.length !== 3 || !sentences[2]!.includes("]("))
    throw new Error(`site: ${glossaryPath}: write a definition of two sentences and a sentence with a link: ${name}`);
  return sentences.slice(0, 2).join(" ");
}

/** Glossary words that the documentation also uses in their everyday meaning. These words get no tooltip. */
const everyday: ReadonlySet<string> = new Set(
  "Step Leaf Program Trace Plan Kernel Seed Reduction Shape Dtype Tensor Loss Batch Epoch".split(" "),
);
const everydayAliases: ReadonlySet<string> = new Set([
  "scores",
  "cost",
  "objective",
  "operation",
  "primitive",
  "recording",
]);

export const terms = (): Term[] => termsOf(readFileSync(root + glossaryPath, "utf8"));

/** Returns the spellings of a term that get a tooltip, in lower case. */
const spellings = ({ name, aliases }: Term): string[] =>
  everyday.has(name)
    ? []
    : [name, ...aliases].map((word) => word.toLowerCase()).filter((word) => word.length > 2 || word === "op");

/**
 * Replaces the first use of each term in the text of a page by a token of type `term`. Headings, links and code are
 * left alone. Returns the terms that the page uses.
 */
export function markTerms(tokens: readonly Token[], all: readonly Term[]): Term[] {
  const byWord = new Map(
    all.flatMap((term) =>
      spellings(term)
        .filter((word) => !everydayAliases.has(word))
        .map((word) => [word, term] as const),
    ),
  );
  if (byWord.size === 0) return [];
  const words = [...byWord.keys()]
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{M}\\w./-])(${words.join("|")})(s?)(?![\\p{L}\\p{M}\\w-])`, "giu");
  const used: Term[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.type !== "inline" || tokens[i - 1]?.type === "heading_open" || !token.children) continue;
    let inside = 0; // links around the current text
    token.children = token.children.flatMap((child) => {
      if (child.type === "link_open" || /^<a\b/.test(child.content)) inside++;
      if (child.type === "link_close" || child.content === "</a>") inside--;
      return child.type === "text" && inside === 0 ? split(child, pattern, byWord, used) : [child];
    });
  }
  return used;
}

/** Splits a text token at each glossary term that occurs for the first time on the page. */
function split(token: Token, pattern: RegExp, byWord: ReadonlyMap<string, Term>, used: Term[]): Token[] {
  const pieces: Token[] = [];
  const add = (type: string, content: string): Token => {
    const piece = Object.assign(Object.create(Object.getPrototypeOf(token)) as Token, token, { type, content });
    pieces.push(piece);
    return piece;
  };
  let end = 0;
  for (const { 0: found, 1: word = "", index } of token.content.matchAll(pattern)) {
    const term = byWord.get(word.toLowerCase())!;
    if (used.includes(term)) continue;
    used.push(term);
    add("text", token.content.slice(end, index));
    add("term", found).meta = { term };
    end = index + found.length;
  }
  if (pieces.length === 0) return [token];
  add("text", token.content.slice(end));
  return pieces;
}

/** Renders the definitions of the terms of a page. A script shows them as tooltips. */
export function definitionsOf(used: readonly Term[], inline: (markdown: string) => string): string {
  const each = used.map(({ id, definition }) => {
    return `<span class="definition" id="term-${id}" role="tooltip" popover="manual">${inline(definition)}</span>`;
  });
  return each.length > 0 ? `<div class="definitions">${each.join("\n")}</div>\n` : "";
}

import { readFileSync } from "node:fs";
import MiniSearch from "minisearch";
import type { Plugin } from "vite";
import { searchOptions } from "../src/search.ts";
import { withExamples } from "./apiExamples.ts";
import { terms } from "./glossary.ts";
import { deadLinks } from "./links.ts";
import { fileUrl, isCopied, quotation, type Rendered, render, type Section } from "./markdown.ts";
import { type OpPage, opPages, opPath } from "./opPages.ts";
import { missingUrl, pageOf, previewUrl } from "./page.ts";
import { groups, root, type Source, titleOf } from "./pages.ts";
import { previewImage } from "./preview.ts";

interface Finished extends Rendered {
  readonly url: string;
  readonly title: string;
  /** Whether the table of contents lists the page. */
  readonly isListed: boolean;
  /** Whether the page documents an op. */
  readonly isOp?: boolean;
}

/** Builds the site and its search index from the Markdown files of the repository. Throws if a link is dead. */
export function site(): Plugin {
  return {
    name: "site",
    async generateBundle(_, bundle) {
      const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry);
      if (entry?.type !== "chunk") throw new Error("site: the bundle has no entry chunk.");
      const styles = [...(entry.viteMetadata?.importedCss ?? [])];
      const contents = await groups();
      const sources = contents.flatMap((group) => group.sources);
      for (const { path } of sources) if (path.startsWith("docs/")) this.addWatchFile(root + path);
      const { pages, copies } = allPages(sources, await opPages());

      const emitted = new Map<string, string>();
      for (const page of pages) {
        const { url, title, html, sections, isListed } = page;
        const shown = {
          url,
          title,
          html,
          description: (sections[0]?.body ?? "").split("\n")[0] || title,
          headings: sections,
          groups: contents,
          script: entry.fileName,
          styles,
          isListed,
        };
        emitted.set(url, pageOf(shown));
      }
      this.emitFile({ type: "asset", fileName: previewUrl, source: await previewImage() });
      for (const path of copies)
        this.emitFile({ type: "asset", fileName: fileUrl(path), source: readFileSync(root + path) });
      const others = [...Object.keys(bundle), ...copies.map(fileUrl), "early.js", previewUrl].map(
        (name) => [name, ""] as const,
      );
      const dead = deadLinks(new Map([...others, ...emitted]), (path) => ["index.html", "icon.svg"].includes(path));
      if (dead.length > 0) throw new Error(`site: dead links\n${dead.join("\n")}`);
      for (const [fileName, source] of emitted) this.emitFile({ type: "asset", fileName, source });
      this.emitFile({ type: "asset", fileName: "search.json", source: JSON.stringify(indexOf(pages)) });
    },
  };
}

/** Renders the pages of the table of contents, the pages of the ops, and all files that these pages link to. */
function allPages(sources: readonly Source[], ops: readonly OpPage[]): { pages: Finished[]; copies: string[] } {
  const urls = new Map([...sources, ...ops].map(({ path, url }) => [path, url]));
  const words = terms();
  const pages: Finished[] = [
    ...withExamples(sources.map((source) => withOpPages(source, ops))).map((source) => ({
      ...source,
      ...render(source, urls, words),
      isListed: true,
    })),
    ...ops.map((page) => ({ ...page, ...render(page, urls, words), isListed: false, isOp: true })),
    { ...missing, ...render(missing, urls), isListed: false },
  ];
  const copies: string[] = [];
  const done = new Set<string>();
  const waiting = pages.flatMap(({ files }) => files);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (done.has(path)) continue;
    done.add(path);
    if (isCopied(path)) copies.push(path);
    else {
      const page = filePage(path, urls);
      pages.push(page);
      waiting.push(...page.files);
    }
  }
  return { pages, copies };
}

/**
 * The page 404.html, which servers send for an address that does not exist. A script adds links to the pages with the
 * most similar names.
 */
const missing: Source = {
  path: "docs/404.md",
  url: missingUrl,
  title: "Page not found",
  text: `# Page not found

There is no page at this address.

<div data-suggestions></div>

These pages may help:

- [Start](/docs/README.md): what Wengert is, and all pages
- [Recipes](/docs/recipes.md): short programs
- [The ops](/docs/ops.md): all ops by family
- [Questions](/docs/faq.md): answers to “how do I …”
- [Glossary](/docs/glossary.md): the words of automatic differentiation
`,
};

/** Adds links to the pages of the ops: to the list in docs/ops.md, and to the entries of the API reference. */
function withOpPages(source: Source, ops: readonly OpPage[]): Source {
  const { path, text } = source;
  if (path === "docs/ops.md") {
    const names = new Set(ops.map(({ title }) => title));
    const linked = text.replaceAll(/\[(\w+)\]\(#(\w+)\)/g, (link, name: string, id: string) =>
      name === id && names.has(name) ? `[${name}](/${opPath(name)})` : link,
    );
    return { ...source, text: linked };
  }
  const entries = new Map(ops.filter(({ module }) => apiPath(module) === path).map((page) => [page.title, page]));
  if (entries.size === 0) return source;
  const completed = text.replaceAll(
    /^### (\w+)(?:\(\))?\n\n(.*?)(?=^\*\*\*$|^#{1,3} |(?![\s\S]))/gms,
    (entry, name: string, rest: string) => {
      const page = entries.get(name);
      if (page === undefined) return entry;
      return `### ${name}\n\n${rest.replace(/^#### .*/ms, "").trim()}\n\n${page.reference}\n\n`;
    },
  );
  return { ...source, text: completed };
}

const apiPath = (module: string): string => (module === "@wengert/ops" ? "api/ops.md" : "api/ops-extend.md");

function filePage(path: string, urls: ReadonlyMap<string, string>) {
  const [url, isListed] = [fileUrl(path), false];
  if (!path.endsWith(".md")) {
    const source = { path, url, title: path, text: "" };
    return { ...source, html: quotation(path), sections: [], files: [], isListed };
  }
  const text = readFileSync(root + path, "utf8");
  const source = { path, url, title: titleOf(text), text };
  return { ...source, ...render(source, urls), isListed };
}

function indexOf(pages: readonly Finished[]): object {
  const index = new MiniSearch(searchOptions);
  for (const { url, title, sections, isListed, isOp } of pages) {
    if (isOp) index.add({ id: url, page: "The ops", title, text: opText(title, sections) });
    if (!isListed) continue;
    const isApi = url.startsWith("api/");
    for (const { level, id, text, body } of isApi ? folded(sections) : sections)
      index.add({ id: level === 1 ? url : `${url}#${id}`, page: title, title: text, text: body });
  }
  return index.toJSON();
}

/** Returns the text of an op's entry in the search index: the name in words, the description, and the special cases. */
function opText(name: string, sections: readonly Section[]): string {
  const texts = sections.filter(({ text }) => [name, "Parameters", "Special cases"].includes(text));
  return `${texts.map(({ body }) => body).join("\n")}\n${name.replaceAll(/(?=[A-Z])/g, " ")}`;
}

/**
 * Merges the sections of the API reference into one search entry for each exported name, so that a search for a
 * parameter finds its function.
 */
function folded(sections: readonly Section[]): Section[] {
  const found: Section[] = [];
  for (const section of sections) {
    const last = found.at(-1);
    if (section.level <= 3 || !last) {
      if (section.level !== 2) found.push(section);
    } else found[found.length - 1] = { ...last, body: `${last.body}${section.text}\n${section.body}` };
  }
  return found;
}

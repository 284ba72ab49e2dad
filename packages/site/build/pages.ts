import { existsSync, readdirSync, readFileSync } from "node:fs";
import { api } from "./api.ts";

// The list of pages in reading order.

export const root: string = new URL("../../../", import.meta.url).pathname;

/** A Markdown file that becomes a page. */
export interface Source {
  /** The path from the root of the repository, which links in other files name. */
  readonly path: string;
  /** The path of the page in the site. */
  readonly url: string;
  readonly text: string;
  /** The title in the list of contents. */
  readonly title: string;
}

export interface Group {
  readonly title: string;
  readonly sources: readonly Source[];
}

const contents = "docs/README.md";

/**
 * Returns the groups of the list of contents: the headings of docs/README.md with their linked pages, then pages that it does not
 * list, then the API.
 */
export async function groups(): Promise<Group[]> {
  const text = readFileSync(root + contents, "utf8");
  const left = new Set(markdownIn("docs"));
  left.delete(contents);
  const start: Source = { path: contents, url: "index.html", text, title: "Start" };
  const listed = text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = ""] = section.split("\n", 1);
      const links = [...section.matchAll(/^- \[([^\]]+)\]\(([^)#:]+\.md)\)/gm)];
      return { title, sources: links.map(([, name = "", file = ""]) => source(`docs/${file}`, name, left)) };
    })
    .filter(({ sources }) => sources.length > 0);
  const forgotten = [...left].map((path) => source(path, titleOf(readFileSync(root + path, "utf8")), left));
  return [
    { title: "Wengert", sources: [start] },
    ...listed,
    ...(forgotten.length > 0 ? [{ title: "More", sources: forgotten }] : []),
    { title: "API", sources: await api() },
  ];
}

function source(path: string, title: string, left: Set<string>): Source {
  if (!existsSync(root + path)) throw new Error(`site: ${contents} lists ${path}, which does not exist; fix the link.`);
  left.delete(path);
  return { path, url: urlOf(path), text: readFileSync(root + path, "utf8"), title };
}

const urlOf = (path: string): string =>
  path
    .slice("docs/".length)
    .replace(/README\.md$/, "index.html")
    .replace(/\.md$/, ".html");

/** Returns all Markdown files of a folder. */
function markdownIn(folder: string): string[] {
  return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return markdownIn(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

export const titleOf = (text: string): string => /^# (.+)$/m.exec(text)?.[1] ?? "Untitled";

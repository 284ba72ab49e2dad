import { existsSync, readdirSync, readFileSync } from "node:fs";
import { api } from "./api.ts";

// The list of all pages of the site in reading order.

export const root: string = new URL("../../../", import.meta.url).pathname;

/** A Markdown file that becomes a page of the site. */
export interface Source {
  /** The path of the Markdown file, relative to the root of the repository. Links in other files use this path. */
  readonly path: string;
  /** The path of the page within the site. */
  readonly url: string;
  readonly text: string;
  /** The title of the page in the table of contents. */
  readonly title: string;
}

export interface Group {
  readonly title: string;
  readonly sources: readonly Source[];
}

const contents = "docs/README.md";

/**
 * Returns the groups of the table of contents. First come the headings of docs/README.md with the pages linked below
 * them, then pages that docs/README.md does not list, then the API.
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

/** Returns the paths of all Markdown files in a folder. */
function markdownIn(folder: string): string[] {
  return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return markdownIn(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

export const titleOf = (text: string): string => /^# (.+)$/m.exec(text)?.[1] ?? "Untitled";

import { posix } from "node:path";

/**
 * Returns the dead links of a site, one per line. `outside` returns whether a link to a file outside the site is
 * allowed.
 */
export function deadLinks(files: ReadonlyMap<string, string>, outside: (path: string) => boolean): string[] {
  const ids = new Map(
    [...files].map(([url, html]) => [url, new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = ""]) => id))]),
  );
  const dead: string[] = [];
  for (const [url, html] of files) {
    if (!url.endsWith(".html")) continue;
    for (const [, , target = ""] of html.matchAll(/<[^>]*\s(href|src)="([^"]*)"/g)) {
      if (/^(https?|mailto|data):/.test(target)) continue;
      const [path = "", anchor] = target.replaceAll("&amp;", "&").split("#");
      const found = path === "" ? url : posix.normalize(posix.join(posix.dirname(url), path));
      if (found.startsWith("../") ? !outside(found.slice("../".length)) : !files.has(found))
        dead.push(`${url}: ${target} names a missing file`);
      else if (
        anchor &&
        found.endsWith(".html") &&
        !found.startsWith("../") &&
        !ids.get(found)?.has(decodeURIComponent(anchor))
      )
        dead.push(`${url}: ${target} names a missing heading`);
    }
  }
  return [...new Set(dead)];
}

import { createHash } from "node:crypto";
import { previewSize } from "../../explorer/build/preview.ts";
import { escaped, type Heading, relative } from "./markdown.ts";
import type { Group, Source } from "./pages.ts";

// Builds the HTML of a page: header, table of contents and outline around the rendered Markdown.

export interface Page {
  readonly url: string;
  readonly title: string;
  readonly html: string;
  /** The first sentence of the page, as its description for search engines. */
  readonly description: string;
  readonly headings: readonly Heading[];
  readonly groups: readonly Group[];
  readonly script: string;
  readonly styles: readonly string[];
  /** Whether the page has links to the previous and the next page. */
  readonly isListed: boolean;
}

/** The page that a server sends for an address that does not exist. */
export const missingUrl = "404.html";
/** The file of the preview image. */
export const previewUrl = "preview.png";
/**
 * The address at which the site is published, for example "https://example.org/docs/". Social networks show the preview
 * image only if its address is absolute. Without this variable, the address is relative.
 */
const address = process.env.SITE_ADDRESS?.replace(/\/?$/, "/") ?? "";

/**
 * Makes relative addresses work on the page 404.html, which a server may send for an address in any folder of the site.
 */
const setBase = `document.head.prepend(Object.assign(document.createElement("base"), { href: /^.*\\/docs\\//.exec(location.pathname)?.[0] ?? "./" }));`;

const policyOf = (isMissing: boolean): string => {
  const inline = isMissing ? ` 'sha256-${createHash("sha256").update(setBase).digest("base64")}'` : "";
  return `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'${inline}; ${policy}; base-uri ${isMissing ? "'self'" : "'none'"}`;
};
const policy =
  "style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'";

export function pageOf({ url, title, html, description, headings, groups, script, styles, isListed }: Page): string {
  const to = (target: string) => escaped(relative(url, target));
  const top = relative(url, "index.html").replace(/index\.html$/, "");
  const room = (name: string) => `${top}../index.html#/${name}`;
  const rooms = ["Tour", "Tape", "Softmax", "Fit"].map((name) => `<a href="${room(name.toLowerCase())}">${name}</a>`);
  const isMissing = url === missingUrl;
  const image = escaped(address ? address + previewUrl : relative(url, previewUrl));
  const fullTitle = escaped(title === "Start" ? "Wengert" : `${title} · Wengert`);
  const outline = headings.filter(({ level }) => level === 2 || level === 3);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(isMissing)}">${isMissing ? `\n<script>${setBase}</script>` : ""}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${fullTitle}</title>
<meta name="description" content="${escaped(description)}">
<meta property="og:title" content="${fullTitle}">
<meta property="og:description" content="${escaped(description)}">
<meta property="og:type" content="article">
<meta property="og:site_name" content="Wengert">
${address ? `<meta property="og:url" content="${escaped(address + url)}">\n` : ""}<meta property="og:image" content="${image}">
<meta property="og:image:width" content="${previewSize.width}">
<meta property="og:image:height" content="${previewSize.height}">
<meta property="og:image:alt" content="Wengert: a list of three steps, with an arrow that reads it backwards">
<meta name="twitter:card" content="summary_large_image">
<link rel="icon" href="${top}../icon.svg">
<script src="${to("early.js")}"></script>
${styles.map((style) => `<link rel="stylesheet" href="${to(style)}">`).join("\n")}
<script type="module" src="${to(script)}"></script>
</head>
<body data-top="${top}">
<header class="head">
<a class="skip button" href="${isMissing ? missingUrl : ""}#text">Skip to the text</a>
<button type="button" class="button quiet menu" aria-expanded="false" aria-controls="contents" aria-label="Contents">☰</button>
<a class="wordmark" href="${to("index.html")}" aria-label="Wengert, the documentation">${mark}<span>Wengert</span></a>
<nav aria-label="Rooms of the explorer">${rooms.join("")}<a href="${to("index.html")}" aria-current="true">Docs</a></nav>
<div class="tools" data-tools></div>
</header>
<div class="body${outline.length > 1 ? "" : " plain"}">
<nav id="contents" class="contents" aria-label="Contents">${groups.map((group) => groupOf(group, url)).join("")}</nav>
<main id="text" tabindex="-1"><article>
${html}</article>${isListed ? neighbors(url, groups) : ""}</main>
${outline.length > 1 ? `<nav class="outline" aria-label="On this page"><h2>On this page</h2><ul>${outline.map(({ level, id, text }) => `<li class="level-${level}"><a href="#${id}">${escaped(text)}</a></li>`).join("")}</ul></nav>` : ""}
</div>
</body>
</html>
`;
}

function groupOf({ title, sources }: Group, url: string): string {
  const links = sources.map((source) => {
    const current = source.url === url ? ' aria-current="page"' : "";
    return `<li><a href="${escaped(relative(url, source.url))}"${current}>${escaped(source.title)}</a></li>`;
  });
  return `<h2>${escaped(title)}</h2><ul>${links.join("")}</ul>`;
}

/** Returns the links to the previous and the next page in reading order. */
function neighbors(url: string, groups: readonly Group[]): string {
  const all = groups.flatMap(({ sources }) => sources);
  const at = all.findIndex((source) => source.url === url);
  const link = (source: Source | undefined, which: string) =>
    source
      ? `<a class="${which}" href="${escaped(relative(url, source.url))}"><span class="soft small">${which === "next" ? "Next" : "Previous"}</span> ${escaped(source.title)}</a>`
      : "";
  return `<nav class="neighbors" aria-label="Previous and next page">${link(all[at - 1], "before")}${link(all[at + 1], "next")}</nav>`;
}

const mark = `<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M4 8h16M4 16h11M4 24h6" stroke="var(--forward)" stroke-width="3" stroke-linecap="round"/><path d="M26 26V7m0 0-4.5 4.5M26 7l4.5 4.5" stroke="var(--backward)" stroke-width="2.8" fill="none" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

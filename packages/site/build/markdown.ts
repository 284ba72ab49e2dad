import { existsSync, readFileSync, statSync } from "node:fs";
import { posix } from "node:path";
import Slugger from "github-slugger";
import MarkdownIt, { type Token } from "markdown-it";
import { packed } from "../../explorer/src/page/packed.ts";
import { tokensOf } from "../../explorer/src/parts/tokens.ts";
import { formulaOf } from "./formula.ts";
import { definitionsOf, glossaryPath, markTerms, type Term } from "./glossary.ts";
import { markFormulas, renderFormula } from "./inlineFormulas.ts";
import { root, type Source } from "./pages.ts";

export interface Heading {
  readonly level: number;
  readonly id: string;
  readonly text: string;
}

/** An entry of the search index: a heading with the text below it. */
export interface Section extends Heading {
  readonly body: string;
}

export interface Rendered {
  readonly html: string;
  readonly sections: readonly Section[];
  /**
   * The paths of linked repository files that do not have a page yet. The build creates a page for each of these files.
   */
  readonly files: readonly string[];
}

/** Returns the relative path from the page at `url` to another file of the site. */
export const relative = (url: string, target: string): string => {
  const path = posix.relative(posix.dirname(url), target);
  return path === "" ? posix.basename(target) : path;
};

export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Returns the path in the site of a repository file that is not Markdown. */
export const fileUrl = (path: string): string => (isCopied(path) ? `files/${path}` : `files/${path}.html`);
/**
 * Whether a linked file is copied to the site instead of rendered as a page: browsers can show pictures and data files.
 */
export const isCopied = (path: string): boolean => /\.(svg|png|webp|jpe?g|json|csv)$/.test(path);

/**
 * Renders Markdown to HTML like GitHub. Links to `.md` files become links to their pages, and the first use of each term
 * becomes a link to its definition in the glossary.
 * @throws Error for a link to a missing file or to a folder
 */
export function render(
  { path, url, text }: Source,
  pages: ReadonlyMap<string, string>,
  terms: readonly Term[] = [],
): Rendered {
  const files = new Set<string>();
  const slugger = new Slugger();
  const md = new MarkdownIt({ html: true });

  const follow = (target: string): string => {
    if (/^(https?:|mailto:|#)/.test(target)) return target;
    const [file = "", anchor] = target.split("#");
    const named = file.startsWith("/")
      ? posix.normalize(file.slice(1))
      : posix.normalize(posix.join(posix.dirname(path), file));
    const readme = posix.join(named, "README.md"); // a link to a folder shows its README on GitHub
    const found = existsSync(root + readme) ? readme : named;
    const hash = anchor === undefined ? "" : `#${anchor}`;
    const page = pages.get(found);
    if (page !== undefined) return relative(url, page) + hash;
    if (!existsSync(root + found)) throw new Error(`${path} links to ${target}, which does not exist.`);
    if (statSync(root + found).isDirectory())
      throw new Error(`${path} links to the folder ${target}: link to a file in it.`);
    files.add(found);
    return relative(url, fileUrl(found)) + hash;
  };

  const { rules } = md.renderer;
  rules.fence = (tokens, at) => block(tokens[at]!, url, follow);
  // Indented text is a formula in the docs, and code in doc comments and in the README files of packages.
  rules.code_block = (tokens, at) =>
    path.startsWith("docs/") ? formula(tokens[at]!.content) : block(tokens[at]!, url, follow);
  rules.table_open = () => '<div class="scroll wide" tabindex="0" role="group" aria-label="Table"><table>\n';
  rules.table_close = () => "</table></div>\n";
  /** Rewrites links in raw HTML, such as the sources of pictures for light and dark mode. */
  const html = (written: string): string =>
    written.replaceAll(/\b(src|srcset|href)="([^"\s]+)"/g, (_, name, target) => `${name}="${follow(target)}"`);
  rules.html_block = (tokens, at) => html(live(tokens[at]!.content));
  rules.html_inline = (tokens, at) => html(tokens[at]!.content);
  rules.code_inline = (tokens, at) => inlineCode(tokens[at]!.content, url);

  rules.term = (tokens, at) => {
    const { content, meta } = tokens[at]!;
    const { id } = meta!.term as Term;
    return `<a class="term" href="${escaped(follow(`/${glossaryPath}`))}#${id}" aria-describedby="term-${id}">${escaped(content)}</a>`;
  };

  rules.formula = (tokens, at) => renderFormula(tokens[at]!);

  const tokens = md.parse(text, {});
  const displayed = tokens.filter(({ type }) => type === "code_block" && path.startsWith("docs/"));
  markFormulas(
    tokens,
    displayed.map(({ content }) => content),
  );
  const used = path === glossaryPath ? [] : markTerms(tokens, terms);
  for (const [i, token] of tokens.entries()) {
    for (const { attrs } of [token, ...(token.children ?? [])]) {
      for (const pair of attrs ?? []) if (pair[0] === "href" || pair[0] === "src") pair[1] = follow(String(pair[1]));
    }
    if (token.type === "heading_open") token.attrSet("id", slugger.slug(plain(tokens[i + 1]!)));
  }
  const rendered = md.renderer
    .render(tokens, md.options, {})
    // Browsers would break the line between a formula and the punctuation beside it.
    .replaceAll(/([^\s<>]*)(<span class="katex"><math.*?<\/math><\/span>)([^\s<>]*)/gs, (all, before, _, after) =>
      before || after ? `<span class="unbroken">${all}</span>` : all,
    )
    .replaceAll(/<th([^>]*)><\/th>/g, "<td$1></td>") // an empty header cell would be an accessibility error
    .replaceAll(/<(h[2-5]) id="([^"]+)">(.*?)<\/\1>/gs, (_, tag, id, inner) => {
      const name = escaped(inner.replaceAll(/<[^>]+>/g, "").trim());
      return `<${tag} id="${id}">${inner} <a class="here" href="#${id}" aria-label="Copy link to ${name}" title="Copy link">#</a></${tag}>`;
    });
  return {
    html: rendered + definitionsOf(used, (definition) => md.renderInline(definition)),
    sections: sectionsOf(tokens),
    files: [...files],
  };
}

/** Returns the plain text of a token. */
function plain(token: Token): string {
  if (token.children) return token.children.map(plain).join("");
  if (token.type === "softbreak" || token.type === "hardbreak") return " ";
  return token.type === "html_inline" ? "" : token.content;
}

/** The HTML with which a collapsed example in the API reference starts. */
export const exampleStart = "<details><summary>Example</summary>";

function sectionsOf(tokens: readonly Token[]): Section[] {
  const sections: { level: number; id: string; text: string; body: string }[] = [];
  let isExample = false; // the search should find an export where it is explained, not where an example uses it
  for (const [i, token] of tokens.entries()) {
    if (token.type === "html_block") isExample = token.content.startsWith(exampleStart);
    if (isExample) continue;
    if (token.type === "heading_open") {
      const [level, id] = [Number(token.tag.slice(1)), String(token.attrGet("id"))];
      sections.push({ level, id, text: plain(tokens[i + 1]!), body: "" });
    } else if (["inline", "fence", "code_block"].includes(token.type) && tokens[i - 1]?.type !== "heading_open") {
      const current = sections.at(-1);
      if (current) current.body += `${plain(token)}\n`;
    }
  }
  return sections;
}

/**
 * Replaces the comment `<!-- live: name -->` by an element that loads the interactive component src/live/name.tsx.
 * Without JavaScript, the static text remains.
 */
function live(html: string): string {
  const name = /^<!-- live: ([\w-]+) -->\s*$/.exec(html)?.[1];
  return name ? `<div class="live" data-live="${name}"></div>\n` : html;
}

/**
 * Renders inline code. A URL such as `#/tape?example=bias` becomes a link to the explorer. Long code may break across
 * lines, so that tables stay narrow.
 */
function inlineCode(code: string, url: string): string {
  const isLong = code.length > longest;
  const text = isLong
    ? `<code class="long">${escaped(code).replaceAll(longWord, (word) => word.replaceAll(/[._](?=\w)/g, "$&<wbr />"))}</code>`
    : `<code>${escaped(code)}</code>`;
  return /^#\/\w+/.test(code) ? `<a href="${escaped(explorer(url) + code)}">${text}</a>` : text;
}

const longest = 26;
const longWord = /[\w.]{24,}/g;

/** Returns the relative path from the page at `url` to the explorer. */
const explorer = (url: string): string => `${relative(url, "index.html").replace(/index\.html$/, "")}../index.html`;

const formula = (text: string): string =>
  `<div class="displayed" tabindex="0" role="group" aria-label="Formula">${formulaOf(text)}</div>\n`;

const sandboxed: ReadonlySet<string> = new Set([
  "@wengert/core",
  "@wengert/core/gradcheck",
  "@wengert/core/extend",
  "@wengert/ops/extend",
  "@wengert/ops",
]);

/**
 * Whether the code can run in the explorer: a complete program that imports only the library, and uses neither await
 * nor global APIs.
 */
function isProgram(info: string, code: string): boolean {
  const imports = [...code.matchAll(/\bfrom "([^"]+)"/g)].map(([, name = ""]) => name);
  const isAlone = imports.length > 0 && imports.every((name) => sandboxed.has(name));
  return (
    info === "ts" &&
    isAlone &&
    !/\b(?:await|process|fetch|Worker|document|window)\b/.test(code.replaceAll(/\/\/.*/g, ""))
  );
}

/** Removes the comments with expected output (`// →`), because the explorer prints the output. */
export const withoutOutput = (code: string): string => code.replaceAll(/^\s*\/\/ →.*\n?/gm, "");

function block({ info, content }: Token, url: string, follow: (target: string) => string): string {
  const quoted = /^ts (\S+\.ts)$/.exec(info)?.[1];
  const exercise = /^ts (exercise-\d+)$/.exec(info)?.[1];
  const bar: string[] = [];
  const open = (verb: string, fields: string) =>
    bar.push(
      `<a class="open" href="${explorer(url)}#/tape?${fields}" title="Open this program in the explorer">${verb} in the explorer</a>`,
    );
  if (quoted) bar.push(`<a class="quoted code" href="${escaped(follow(`/${quoted}`))}">${escaped(quoted)}</a>`);
  if (exercise) open("Check", `example=${exercise}&amp;code=${packed(content)}`);
  if (isProgram(info, content))
    open(content.includes("record(") ? "Step through" : "Run", `code=${packed(withoutOutput(content))}`);
  if (bar.length > 0 || (info === "ts" && /^import /m.test(content)))
    bar.push('<button type="button" class="copy" hidden>Copy</button>');
  const label = quoted ? `From ${quoted}` : info.startsWith("ts") ? "Program" : "Text";
  const code = /^(ts|js)\b/.test(info)
    ? colored(content)
    : info === "diff"
      ? difference(content)
      : escaped(content.trimEnd());
  return `<figure class="block">${bar.length > 0 ? `<figcaption>${bar.join("")}</figcaption>` : ""}<pre class="code-block code" tabindex="0" role="group" aria-label="${escaped(label)}"><code>${code}</code></pre></figure>\n`;
}

export function colored(code: string): string {
  return tokensOf(code.trimEnd())
    .map(({ kind, text }) => {
      if (kind === "plain") return escaped(text);
      return `<span class="token-${text.startsWith("// →") ? "output" : kind}">${escaped(text)}</span>`;
    })
    .join("");
}

/** Renders a diff with colors for added and removed lines. */
function difference(text: string): string {
  const names: Readonly<Record<string, string>> = { "+": "ins", "-": "del" };
  const line = (text: string): string => {
    const name = names[text.slice(0, 1)];
    const code = `${escaped(text.slice(0, 1))}${colored(text.slice(1))}\n`;
    return name ? `<${name}>${code}</${name}>` : code;
  };
  return text.trimEnd().split("\n").map(line).join("");
}

/** Renders a source file of the repository with line numbers. */
export function quotation(path: string): string {
  const code = readFileSync(root + path, "utf8").trimEnd();
  const html = /\.(m?[tj]sx?)$/.test(path) ? colored(code) : escaped(code);
  // Line numbers get their own column, because a token can span several lines, and the id of a line cannot be inside a
  // token.
  const numbers = code.split("\n").map((_, i) => `<a id="L${i + 1}" href="#L${i + 1}">${i + 1}</a>`);
  return `<h1 class="code">${escaped(path)}</h1><div class="file scroll" tabindex="0" role="group" aria-label="${escaped(path)}"><pre class="code numbers">${numbers.join("\n")}</pre><pre class="code"><code>${html}</code></pre></div>\n`;
}

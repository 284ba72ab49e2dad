import * as Plot from "@observablehq/plot";
import { type Content, escapeHtml, Html, html } from "./html.ts";
import { pageStyle } from "./style.ts";

export interface PageOptions {
  readonly title: string;
  readonly body: Content;
  /** CSS, to be added to that of the page. */
  readonly style?: string | undefined;
}

/**
 * A page in one file: light or dark as the reader's system is, readable without a script, on paper, and from 320 pixels on.
 * It loads nothing from elsewhere and runs no script, which its own policy forbids. The colors of its plots are the variables
 * --ink, --muted, --line, --blue and --orange.
 */
export async function page({ title, body, style = "" }: PageOptions): Promise<string> {
  const pieces = Html.piecesOf(body);
  const document = pieces.some((piece) => typeof piece !== "string") ? await getDocument() : undefined;
  const content = pieces.map((piece) => (typeof piece === "string" ? piece : renderPlot(piece, document)));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${`${pageStyle}\n${style}`.trim().replaceAll("</", "<\\/")}
</style>
</head>
<body>
<main>
${content.join("")}
</main>
</body>
</html>
`;
}

type Drawable = Plot.PlotOptions["document"];

/** The document of the page this runs in, or else one made for drawing. */
async function getDocument(): Promise<Drawable> {
  const pageDocument = (globalThis as { document?: Drawable }).document;
  if (pageDocument) return pageDocument;
  const { parseHTML } = await import("linkedom"); // no page has to load it
  return parseHTML("<!doctype html><html><body></body></html>").document;
}

/** A plot as SVG. A screen reader presents it as one image with its label; the labels of its parts are removed. */
function renderPlot(options: Plot.PlotOptions, document: Drawable): string {
  const style = { background: "none", color: "var(--ink)", fontFamily: "var(--data)", fontSize: "12px" };
  const figure = Plot.plot({ ...options, document, style });
  figure.setAttribute("role", "img");
  for (const part of figure.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  return figure.outerHTML;
}

/** Numbers of a page's head, each with what it is. */
export type KeyFigures = readonly (readonly [value: Content, name: Content])[];

export interface HeadOptions {
  readonly title: Content;
  /** What the page is about. */
  readonly lead?: Content;
  /** What to type for the same page. */
  readonly command?: string | undefined;
  readonly figures?: KeyFigures | undefined;
}

/** The head of a page: its title, what it is about, and the numbers that matter. */
export function head({ title, lead, command, figures = [] }: HeadOptions): Html {
  const numbers = figures.map(([value, name]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return html`<header>
<h1>${title}</h1>
${lead !== undefined && html`<p class="lead">${lead}</p>\n`}${
  command !== undefined && html`<p class="note">The same figures again: <code>${command}</code></p>\n`
}${figures.length > 0 && html`<dl>${numbers}</dl>\n`}</header>
`;
}

/** A table of cells. The first row is its header. */
export function table([top = [], ...rows]: readonly (readonly Content[])[]): Html {
  const heads = top.map((cell) => html`<th scope="col">${cell}</th>`);
  const lines = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`);
  return html`<div class="scroll" tabindex="0"><table class="plain">
<thead><tr>${heads}</tr></thead>
<tbody>${lines}</tbody>
</table></div>`;
}

/** The colors of a page that tell things apart. */
export type Color = "--blue" | "--orange" | "--ink" | "--muted";

/** Words with a square of a color before them: a legend, or a sentence that is one. */
export function colored(color: Color, words: Content): Html {
  return html`<span class="colored"><i style="background: var(${color})"></i>${words}</span>`;
}

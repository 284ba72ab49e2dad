import * as Plot from "@observablehq/plot";
import { type Content, escapeHtml, Html, html } from "./html.ts";
import { pageStyle } from "./style.ts";

export interface PageOptions {
  readonly title: string;
  readonly body: Content;
  /** CSS that is appended to the style of the page. */
  readonly style?: string | undefined;
}

/**
 * Returns a page as one HTML file. The page follows the system's light or dark mode, can be printed, and fits screens
 * that are at least 320 pixels wide. The page loads no other files and runs no scripts; its Content-Security-Policy
 * forbids both. The CSS variables for plot colors are --ink, --muted, --line, --blue and --orange.
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

/**
 * Returns a DOM document in which plots are drawn: the current page's document in a browser, and elsewhere a document
 * that linkedom creates.
 */
async function getDocument(): Promise<Drawable> {
  const pageDocument = (globalThis as { document?: Drawable }).document;
  if (pageDocument) return pageDocument;
  const { parseHTML } = await import("linkedom"); // imported only outside a page
  return parseHTML("<!doctype html><html><body></body></html>").document;
}

/**
 * Draws a plot as SVG. Screen readers present it as one image with one label, so the ARIA labels inside the plot are
 * removed.
 */
function renderPlot(options: Plot.PlotOptions, document: Drawable): string {
  const style = { background: "none", color: "var(--ink)", fontFamily: "var(--data)", fontSize: "12px" };
  const figure = Plot.plot({ ...options, document, style });
  figure.setAttribute("role", "img");
  for (const part of figure.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  return figure.outerHTML;
}

/** Key figures in the head of a page: pairs of a value and its name. */
export type KeyFigures = readonly (readonly [value: Content, name: Content])[];

export interface HeadOptions {
  readonly title: Content;
  /** The lead: a paragraph below the page's title that describes the page. */
  readonly lead?: Content;
  /** The command that reproduces this page. */
  readonly command?: string | undefined;
  readonly figures?: KeyFigures | undefined;
}

/** Returns the head of a page: title, lead paragraph, command and key figures. */
export function head({ title, lead, command, figures = [] }: HeadOptions): Html {
  const numbers = figures.map(([value, name]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return html`<header>
<h1>${title}</h1>
${lead !== undefined && html`<p class="lead">${lead}</p>\n`}${
  command !== undefined && html`<p class="note">To reproduce this page: <code>${command}</code></p>\n`
}${figures.length > 0 && html`<dl>${numbers}</dl>\n`}</header>
`;
}

/** Returns an HTML table. The first row is the header. */
export function table([top = [], ...rows]: readonly (readonly Content[])[]): Html {
  const heads = top.map((cell) => html`<th scope="col">${cell}</th>`);
  const lines = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`);
  return html`<div class="scroll" tabindex="0"><table class="plain">
<thead><tr>${heads}</tr></thead>
<tbody>${lines}</tbody>
</table></div>`;
}

/** The color variables of the page's CSS, for plots and legends. */
export type Color = "--blue" | "--orange" | "--ink" | "--muted";

/** Returns text with a colored square in front of it, like an entry of a legend. */
export function colored(color: Color, words: Content): Html {
  return html`<span class="colored"><i style="background: var(${color})"></i>${words}</span>`;
}

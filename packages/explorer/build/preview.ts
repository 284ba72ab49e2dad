import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import type { HtmlTagDescriptor, Plugin } from "vite";

// The tags and the image that chats and social networks show for a link to the explorer.

const require = createRequire(import.meta.url);
const read = (path: string): Buffer => readFileSync(require.resolve(path));

/** The size of a preview image in pixels, as Open Graph recommends it. */
export const previewSize = { width: 1200, height: 630 };

/** The logo, the colors and the panel of a preview image. */
export const previewParts = {
  paper: `<rect width="1200" height="630" fill="#f6f5f1"/>
<g transform="translate(72 72) scale(3)"><path d="M4 8h16M4 16h11M4 24h6" stroke="#0b5cad" stroke-width="3" stroke-linecap="round"/><path d="M26 26V7m0 0-4.5 4.5M26 7l4.5 4.5" stroke="#a84a00" stroke-width="2.8" fill="none" stroke-linecap="round" stroke-linejoin="round"/></g>`,
  ink: "#1d2026",
  soft: "#555a64",
  forward: "#0b5cad",
  backward: "#a84a00",
  panel: `<rect x="640" y="170" width="496" height="310" rx="16" fill="#ffffff" stroke="#e0ddd4" stroke-width="2"/>`,
} as const;

/**
 * Initializes resvg, which a process can do only once. Vite copies this module into the configuration of the explorer and
 * into that of the documentation, so the promise is a property of the global object.
 */
function initResvg(): Promise<void> {
  const shared = globalThis as unknown as Record<symbol, Promise<void> | undefined>;
  const key = Symbol.for("wengert: resvg");
  shared[key] ??= initWasm(read("@resvg/resvg-wasm/index_bg.wasm"));
  return shared[key];
}

/** Draws the content of an SVG picture of the size `previewSize` as a PNG file. */
export async function previewPng(content: string): Promise<Uint8Array> {
  await initResvg();
  const fonts = [
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
  ];
  const { width, height } = previewSize;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${content}</svg>`;
  return new Resvg(svg, { font: { fontBuffers: fonts.map((path) => new Uint8Array(read(path))) } }).render().asPng();
}

const { paper, ink, soft, forward, backward, panel } = previewParts;

/** The list of x exp(x) at x = 2, with the cotangents of its sweep. */
const rows = [
  { name: "x", value: "2", cotangent: "22.17" },
  { name: "#1 exp", value: "7.389", cotangent: "2" },
  { name: "#2 mul", value: "14.78", cotangent: "1" },
];
const middle = (i: number): number => 290 + 70 * i;

const picture = `${paper}
<g font-family="Inter Variable" fill="${ink}">
<text x="190" y="150" font-size="76" stroke="${ink}" stroke-width="2.4">Wengert explorer</text>
<text x="76" y="290" font-size="40">Watch reverse mode run,</text>
<text x="76" y="344" font-size="40">one step at a time,</text>
<text x="76" y="398" font-size="40">in your browser.</text>
<text x="76" y="560" font-size="28" fill="${soft}">Edit a program · take the tour · train a model</text>
</g>
<g transform="translate(0 40)">
${panel}
<g font-family="Inter Variable" font-size="26" text-anchor="end"><text x="934" y="228" fill="${forward}">value</text><text x="1086" y="228" fill="${backward}">cotangent</text></g>
<g font-family="JetBrains Mono" font-size="30">
${rows.map(({ name, value, cotangent }, i) => `<text x="700" y="${middle(i)}" fill="${ink}">${name}</text><text x="934" y="${middle(i)}" text-anchor="end" fill="${forward}">${value}</text><text x="1086" y="${middle(i)}" text-anchor="end" fill="${backward}">${cotangent}</text>`).join("\n")}
</g>
<path d="M668 262V444m0 0-12-14M668 444l12-14" stroke="${forward}" stroke-width="5" fill="none" stroke-linecap="round" stroke-linejoin="round"/>
<path d="M1110 444V262m0 0-12 14M1110 262l12 14" stroke="${backward}" stroke-width="5" fill="none" stroke-linecap="round" stroke-linejoin="round"/>
</g>`;

const previewUrl = "preview.png";
const title = "Wengert explorer";

/**
 * A Vite plugin that draws the preview image of the explorer and adds its Open Graph tags to index.html. Social networks
 * show the image only if its address is absolute. The variable SITE_ADDRESS has the address of the published
 * documentation, whose parent folder is that of the explorer. Without the variable, the address is relative.
 */
export function preview(): Plugin {
  const docs = process.env.SITE_ADDRESS?.replace(/\/?$/, "/");
  const folder = docs && new URL("../", docs).href;
  const tag = (property: string, content: string): HtmlTagDescriptor => ({
    tag: "meta",
    attrs: { [property.startsWith("og:") ? "property" : "name"]: property, content },
    injectTo: "head",
  });
  return {
    name: "preview",
    async generateBundle() {
      this.emitFile({ type: "asset", fileName: previewUrl, source: await previewPng(picture) });
    },
    transformIndexHtml: (html) => [
      tag("og:title", title),
      tag("og:description", /<meta name="description" content="([^"]*)"/.exec(html)![1]!),
      tag("og:type", "website"),
      tag("og:site_name", "Wengert"),
      ...(folder ? [tag("og:url", folder)] : []),
      tag("og:image", `${folder ?? ""}${previewUrl}`),
      tag("og:image:width", `${previewSize.width}`),
      tag("og:image:height", `${previewSize.height}`),
      tag("og:image:alt", "The list of x exp(x): values from top to bottom, and cotangents from bottom to top"),
      tag("twitter:card", "summary_large_image"),
    ],
  };
}

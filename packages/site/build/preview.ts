import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

// Draws the image that chats and social networks show for a link to the site: 1200 × 630 pixels, as Open Graph asks.

const require = createRequire(import.meta.url);
const read = (path: string): Buffer => readFileSync(require.resolve(path));

export const previewSize = { width: 1200, height: 630 };

const steps = [
  { y: 240, text: "#1 = exp(x)" },
  { y: 330, text: "#2 = mul(x, #1)" },
  { y: 420, text: "#3 = sum(#2)" },
];

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 630" width="1200" height="630">
<rect width="1200" height="630" fill="#f6f5f1"/>
<g transform="translate(72 72) scale(3)"><path d="M4 8h16M4 16h11M4 24h6" stroke="#0b5cad" stroke-width="3" stroke-linecap="round"/><path d="M26 26V7m0 0-4.5 4.5M26 7l4.5 4.5" stroke="#a84a00" stroke-width="2.8" fill="none" stroke-linecap="round" stroke-linejoin="round"/></g>
<g font-family="Inter Variable" fill="#1d2026">
<text x="190" y="150" font-size="76" stroke="#1d2026" stroke-width="2.4">Wengert</text>
<text x="76" y="290" font-size="40">Reverse-mode derivatives</text>
<text x="76" y="344" font-size="40">over tensors, in TypeScript:</text>
<text x="76" y="398" font-size="40">one list, read backwards.</text>
<text x="76" y="560" font-size="28" fill="#555a64">Documentation and explorer</text>
</g>
<rect x="640" y="170" width="496" height="310" rx="16" fill="#ffffff" stroke="#e0ddd4" stroke-width="2"/>
<g font-family="JetBrains Mono" font-size="30" fill="#0b5cad">
${steps.map(({ y, text }) => `<text x="680" y="${y}">${text}</text>`).join("\n")}
</g>
<path d="M1090 410V188m0 0-14 14M1090 188l14 14" stroke="#a84a00" stroke-width="6" fill="none" stroke-linecap="round" stroke-linejoin="round"/>
<g fill="#fcebdb" stroke="#a84a00" stroke-width="3">${steps.map(({ y }) => `<circle cx="1090" cy="${y - 10}" r="13"/>`).join("")}</g>
</svg>`;

let ready: Promise<void> | undefined;

/** Returns the preview image as PNG. */
export async function previewImage(): Promise<Uint8Array> {
  ready ??= initWasm(read("@resvg/resvg-wasm/index_bg.wasm"));
  await ready;
  const fonts = [
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
  ];
  return new Resvg(svg, { font: { fontBuffers: fonts.map((path) => new Uint8Array(read(path))) } }).render().asPng();
}

import { previewParts, previewPng } from "../../explorer/build/preview.ts";

// Draws the image that chats and social networks show for a link to the site.

const { paper, ink, soft, forward, backward, panel } = previewParts;

const steps = [
  { y: 240, text: "#1 = exp(x)" },
  { y: 330, text: "#2 = mul(x, #1)" },
  { y: 420, text: "#3 = sum(#2)" },
];

const picture = `${paper}
<g font-family="Inter Variable" fill="${ink}">
<text x="190" y="150" font-size="76" stroke="${ink}" stroke-width="2.4">Wengert</text>
<text x="76" y="290" font-size="40">Reverse-mode derivatives</text>
<text x="76" y="344" font-size="40">over tensors, in TypeScript:</text>
<text x="76" y="398" font-size="40">one list, read backwards.</text>
<text x="76" y="560" font-size="28" fill="${soft}">Documentation and explorer</text>
</g>
${panel}
<g font-family="JetBrains Mono" font-size="30" fill="${forward}">
${steps.map(({ y, text }) => `<text x="680" y="${y}">${text}</text>`).join("\n")}
</g>
<path d="M1090 410V188m0 0-14 14M1090 188l14 14" stroke="${backward}" stroke-width="6" fill="none" stroke-linecap="round" stroke-linejoin="round"/>
<g fill="#fcebdb" stroke="${backward}" stroke-width="3">${steps.map(({ y }) => `<circle cx="1090" cy="${y - 10}" r="13"/>`).join("")}</g>`;

/** Returns the preview image as PNG. */
export const previewImage = (): Promise<Uint8Array> => previewPng(picture);

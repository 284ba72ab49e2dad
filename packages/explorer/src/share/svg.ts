import type { Drawn, Mark } from "./drawn.ts";

/** Writes a figure as an SVG file. */
export function svgOf({ width, height, background, marks }: Drawn): string {
  const all = marks.map(elementOf).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="${width}" height="${height}" fill="${escaped(background)}"/>
${all}
</svg>
`;
}

function elementOf(mark: Mark, i: number): string {
  if (mark.kind === "image") {
    const { canvas, x, y, width, height } = mark;
    const place = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
    return `<image ${place} style="image-rendering: pixelated" preserveAspectRatio="none" href="${canvas.toDataURL()}"/>`;
  }
  const isMoved = mark.matrix.some((number, i) => number !== [1, 0, 0, 1, 0, 0][i]);
  const shared = `${isMoved ? ` transform="matrix(${mark.matrix.map(round).join(" ")})"` : ""}${mark.opacity === 1 ? "" : ` opacity="${round(mark.opacity)}"`}`;
  if (mark.kind === "words") {
    const { text, x, y, width, font, fill } = mark;
    const place = `x="${round(x)}" y="${round(y)}" textLength="${round(width)}" lengthAdjust="spacingAndGlyphs"`;
    const look = `font-family="${escaped(font.family)}" font-size="${font.size}" font-weight="${font.weight}" font-style="${font.style}"`;
    return `<text ${place} ${look} fill="${escaped(fill)}" xml:space="preserve"${shared}>${escaped(text)}</text>`;
  }
  const dash = mark.dash.length > 0 ? ` stroke-dasharray="${mark.dash.join(" ")}"` : "";
  const stroke =
    mark.stroke === "none" ? "" : ` stroke="${escaped(mark.stroke)}" stroke-width="${mark.strokeWidth}"${dash}`;
  const path = `<path d="${escaped(mark.path)}" fill="${escaped(mark.fill)}"${stroke}${shared}/>`;
  if (!mark.clip) return path;
  const outline = `<path d="${escaped(mark.clip.path)}" transform="matrix(${mark.clip.matrix.map(round).join(" ")})"/>`;
  return `<clipPath id="clip-${i}">${outline}</clipPath><g clip-path="url(#clip-${i})">${path}</g>`;
}

const round = (x: number): string => String(Math.round(x * 1000) / 1000);
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

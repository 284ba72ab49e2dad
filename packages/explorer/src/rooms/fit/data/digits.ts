import { images, labels } from "virtual:digits";
import type { Dataset } from "./dataset.ts";

/** Loads the digits that come with the page. */
export async function digits(): Promise<Dataset> {
  const packed = new Blob([Uint8Array.from(atob(images), (letter) => letter.charCodeAt(0))]);
  const unpacked = packed.stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const halves = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const rows = new Uint8Array(2 * halves.length);
  for (let i = 0; i < rows.length; i++) rows[i] = 17 * (i % 2 === 0 ? halves[i >> 1]! & 15 : halves[i >> 1]! >> 4);
  return {
    title: `${labels.length.toLocaleString("en")} handwritten digits of MNIST`,
    rows,
    labels: Int32Array.from(labels, Number),
    classes: Array.from("0123456789"),
    features: { width: 28, height: 28 },
    areDrawn: true,
  };
}

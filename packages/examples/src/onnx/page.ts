import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { inPackage } from "../shared/files.ts";
import { type Batch, pixelsPerImage } from "../shared/mnist.ts";
import { whole } from "../shared/table.ts";

interface PageContent {
  /** The bytes of an ONNX file whose input `images` has the shape [n, 784]. */
  readonly model: Uint8Array;
  /** The test set. The page shows the first images. */
  readonly test: Batch;
  /** The share of the test set that the network classifies correctly. */
  readonly correct: string;
}

const shown = 48;

const sourceOf = (name: string): string => readFileSync(new URL(`../../src/onnx/${name}`, import.meta.url), "utf8");
const runtimeFile = (name: string): Buffer => readFileSync(inPackage("onnxruntime-web", name));
const encode = (bytes: Uint8Array): string => gzipSync(bytes).toString("base64");

/**
 * Returns a page in which ONNX Runtime runs an exported network. The page is a single file, so a browser can open it
 * from the disk: a page from the disk may not load scripts or WebAssembly from other files.
 */
export function classifierPage({ model, test: { images, labels }, correct }: PageContent): string {
  const pixels = images.array!.data.slice(0, shown * pixelsPerImage) as Float32Array;
  const parts: Readonly<Record<string, string>> = {
    correct,
    count: whole(labels.size),
    size: `${(model.length / 1000).toFixed(0)} kB`,
    runtime: encode(runtimeFile("ort.wasm.bundle.min.mjs")),
    wasm: encode(runtimeFile("ort-wasm-simd-threaded.wasm")),
    model: encode(model),
    images: encode(Uint8Array.from(pixels, (ink) => Math.round(255 * ink))),
    labels: encode(Uint8Array.from(labels.array!.data.slice(0, shown) as Int32Array)),
    program: `<script type="module">\n${sourceOf("page.mjs")}</script>`,
  };
  return sourceOf("page.html").replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name]!);
}

import { defineConfig } from "vite";
import { examples } from "./build/examples.ts";
import { library } from "./build/library.ts";
import { preview } from "./build/preview.ts";
import { samples } from "./build/samples.ts";
import { sandbox } from "./build/sandbox.ts";

export default defineConfig({
  root: import.meta.dirname,
  base: "./", // a relative path, so that the build works in any folder
  resolve: { conditions: ["@wengert/source", "module", "browser", "production"] },
  plugins: [sandbox(), library(), examples(), samples(), preview()],
  worker: { format: "es" }, // the worker of the Fit room loads the compiler on demand
  build: {
    target: "es2022",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the Content-Security-Policy allows fonts only as files
    modulePreload: { polyfill: false }, // the polyfill uses fetch, which the page's policy forbids
    chunkSizeWarningLimit: 1000, // in kB; the editor is large, but it is loaded on demand
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});

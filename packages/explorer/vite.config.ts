import { defineConfig } from "vite";
import { examples } from "./build/examples.ts";
import { library } from "./build/library.ts";
import { samples } from "./build/samples.ts";
import { sandbox } from "./build/sandbox.ts";

export default defineConfig({
  root: import.meta.dirname,
  base: "./", // any folder at any path
  resolve: { conditions: ["@wengert/source", "module", "browser", "production"] },
  plugins: [sandbox(), library(), examples(), samples()],
  build: {
    target: "es2022",
    emptyOutDir: true,
    assetsInlineLimit: 0, // fonts come from files, as the policy wants
    modulePreload: { polyfill: false }, // it would fetch, which the page's policy forbids
    chunkSizeWarningLimit: 1000, // the editor, which comes on demand
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});

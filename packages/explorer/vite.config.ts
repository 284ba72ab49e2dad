import { defineConfig } from "vite";
import { examples } from "./build/examples.ts";
import { library } from "./build/library.ts";
import { samples } from "./build/samples.ts";
import { sandbox } from "./build/sandbox.ts";

export default defineConfig({
  root: import.meta.dirname,
  base: "./", // relative, so that the build works under any path
  resolve: { conditions: ["@wengert/source", "module", "browser", "production"] },
  plugins: [sandbox(), library(), examples(), samples()],
  build: {
    target: "es2022",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy allows fonts only from files
    modulePreload: { polyfill: false }, // the polyfill would fetch, which the page's policy forbids
    chunkSizeWarningLimit: 1000, // the editor is large, but loaded on demand
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});

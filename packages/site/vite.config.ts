import { defineConfig } from "vite";
import { site } from "./build/site.ts";

export default defineConfig({
  root: import.meta.dirname,
  base: "./", // any folder at any path
  resolve: { conditions: ["@wengert/source", "module", "browser", "production"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [site()],
  build: {
    target: "es2022",
    emptyOutDir: true,
    assetsInlineLimit: 0, // fonts come from files, as the policy wants
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: "src/main.ts", checks: { pluginTimings: false } },
  },
});

import { defineConfig } from "vite";
import { site } from "./build/site.ts";

export default defineConfig({
  root: import.meta.dirname,
  base: "./", // a relative path, so that the build works in any folder
  resolve: { conditions: ["@wengert/source", "module", "browser", "production"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [site()],
  build: {
    target: "es2022",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the Content-Security-Policy allows fonts only as files
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: "src/main.ts", checks: { pluginTimings: false } },
  },
});

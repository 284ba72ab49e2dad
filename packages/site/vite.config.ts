import { defineConfig } from "vite";
import { site } from "./build/site.ts";

export default defineConfig({
  root: import.meta.dirname,
  base: "./", // relative, so that the build works under any path
  resolve: { conditions: ["@wengert/source", "module", "browser", "production"] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [site()],
  build: {
    target: "es2022",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy allows fonts only from files
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: "src/main.ts", checks: { pluginTimings: false } },
  },
});

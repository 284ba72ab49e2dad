import { resolve } from "node:path";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

const root = resolve(import.meta.dirname, "../../..");

/**
 * Makes imports of @wengert packages load the mutated sources. By default they would load the original sources, to
 * which node_modules links.
 */
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@wengert\/(core|ops|compile|nn|train|data|report|onnx)$/,
        replacement: `${root}/packages/$1/src/index.ts`,
      },
      { find: /^@wengert\/(core|ops|train)\/extend$/, replacement: `${root}/packages/$1/src/extend.ts` },
      { find: "@wengert/core/gradcheck", replacement: `${root}/packages/core/src/programs/gradcheck.ts` },
    ],
  },
  ssr: { resolve: { conditions: ["@wengert/source", ...defaultServerConditions] } },
  test: {
    projects: ["core", "ops", "compile", "nn", "train", "data", "report", "mpi", "onnx"].map((name) => ({
      extends: true as const,
      test: {
        name,
        root: `${root}/packages/${name}`,
        include: ["test/**/*.test.ts"],
        // Exclude tests that bundle, open a page or start a process, because they never run the mutants. Exclude the
        // fuzzer, because it overwrites Stryker's counters.
        exclude: ["test/**/*browser.test.ts", "test/**/{kill,killed}.test.ts", "test/fuzz.test.ts"],
        testTimeout: 600_000, // counting what each test reaches makes loops slow
        env: { WENGERT_TIMES: "0.1", WENGERT_MUTATED: "yes" },
      },
    })),
  },
});

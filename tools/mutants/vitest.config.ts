import { resolve } from "node:path";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

const root = resolve(import.meta.dirname, "../..");

/** The tests of core and ops on the mutated sources: node_modules would lead to the sources that nobody has touched. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@wengert\/(core|ops)$/, replacement: `${root}/packages/$1/src/index.ts` },
      { find: /^@wengert\/core\/(\w+)$/, replacement: `${root}/packages/core/src/$1.ts` },
    ],
  },
  ssr: { resolve: { conditions: ["@wengert/source", ...defaultServerConditions] } },
  test: {
    projects: ["core", "ops"].map((name) => ({
      extends: true as const,
      test: {
        name,
        root: `${root}/packages/${name}`,
        include: ["test/**/*.test.ts"],
        // one builds a bundle, the other replaces what the module of the mutants counts with
        exclude: ["test/browser.test.ts", "test/fuzz.test.ts"],
        testTimeout: 600_000, // counting what each test reaches makes loops slow
        env: { WENGERT_TIMES: "0.1", WENGERT_MUTATED: "yes" },
      },
    })),
  },
});

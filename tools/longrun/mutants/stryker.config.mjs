// How tools/longrun/mutants.mjs runs Stryker. Incremental mode stays off: it would not see a change in a file that is not mutated.
export default {
  plugins: ["@stryker-mutator/vitest-runner", "./tools/longrun/mutants/prose.mjs"],
  ignorers: ["prose"],
  testRunner: "vitest",
  vitest: { configFile: "tools/longrun/mutants/vitest.config.ts" },
  coverageAnalysis: "perTest", // a mutant meets the tests that reach it, and no others
  // Into the sandbox goes what the tests of core and ops read; what is installed is linked there.
  ignorePatterns: ["/*", "!/packages", "/packages/examples", "!/docs", "!/tools", "!/*.json", "node_modules", "dist"],
  tsconfigFile: "-", // it would be rewritten through an interface that TypeScript 7 does not have
  tempDirName: "out/stryker",
  concurrency: 2,
  timeoutMS: 10_000, // beside half as long again as the tests took
  reporters: ["clear-text", "progress-append-only", "html", "json"],
  clearTextReporter: { allowColor: false, reportTests: false },
};

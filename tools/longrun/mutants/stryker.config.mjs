// The Stryker settings of tools/longrun/mutants.mjs. Stryker's incremental mode is off, because it would reuse old
// results even if a file that is not mutated has changed.
export default {
  plugins: ["@stryker-mutator/vitest-runner", "./tools/longrun/mutants/prose.mjs"],
  ignorers: ["prose"],
  testRunner: "vitest",
  vitest: { configFile: "tools/longrun/mutants/vitest.config.ts" },
  coverageAnalysis: "perTest", // a mutant runs only the tests that reach it
  // Stryker's sandbox, a copy of the repository, contains only the files that the tests of core and ops read, and a
  // link to the installed packages.
  ignorePatterns: ["/*", "!/packages", "/packages/examples", "!/docs", "!/tools", "!/*.json", "node_modules", "dist"],
  tsconfigFile: "-", // Stryker would rewrite it through an API that TypeScript 7 lacks
  tempDirName: "out/stryker",
  concurrency: 2,
  timeoutMS: 10_000, // in addition to 1.5 times the normal test time
  reporters: ["clear-text", "progress-append-only", "html", "json"],
  clearTextReporter: { allowColor: false, reportTests: false },
};

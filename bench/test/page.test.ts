import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { verdicts } from "../runner/goals.mjs";
import { filled, page, report, sections } from "../runner/page.mjs";
import { newestResults, type Results } from "../runner/results.mjs";

const timing = (...rounds: number[]) => ({ median: rounds[0]!, low: rounds[0]!, high: rounds[0]!, rounds, count: 9 });
const results: Results = {
  date: "2026-01-02T03:04:05.000Z",
  seconds: 59.6,
  machine: { cpu: "Abacus", cores: 1, memory: 2, os: "None 1", pinned: true, commit: "abc" },
  versions: {
    wengert: { node: "20.1.0", wengert: "this tree", kernels: "simd" },
    torch: { torch: "1.0", blasCore: "Old" },
  },
  titles: { float64: "Wengert float64", wengert: "Wengert", limit: "limit of SIMD128", torch: "PyTorch" },
  missing: { "jax-js": "there is no network" },
  cases: [
    {
      name: "gemm-512x512x512",
      title: "gemm",
      family: "gemm",
      sizes: {},
      timings: { wengert: timing(100, 200), float64: timing(210, 420), limit: timing(90, 180) },
      differences: {},
      out: { torch: "WRONG NUMBERS: product differs by 0.5 of its largest", "tfjs-cpu": "has no gemm" },
    },
    {
      name: "tiny-mlp",
      title: "tiny",
      family: "tiny",
      sizes: {},
      timings: { wengert: timing(1000), torch: timing(2000) },
      differences: {},
      out: {},
    },
  ],
  first: [{ name: "wengert", title: "Wengert", timing: timing(50e6) }],
  bundles: [{ name: "wengert-all", title: "everything", minified: 99_000, gzipped: 36_000, binary: 9000 }],
};

test("a goal is reached up to its limit, and open if nothing was measured", () => {
  const lines = verdicts(results, results.titles).map((v) => `${v.title}: ${v.goal}: ${v.measured}: ${v.reached}`);
  expect(lines).toEqual([
    "gemm: ≥ 85 % of the limit of SIMD128: 90 %: true",
    "gemm: float64 ≤ 2 × float32: 2.1: false",
    "tiny: ≤ 0.6 × PyTorch: 0.50: true",
    "tiny: float64 ≤ 2 × float32: –: undefined",
    "import → first gradient: ≤ 60 ms: 50.0 ms: true",
    "import → first gradient: ≤ 0.3 × tfjs: –: undefined",
    "everything: ≤ 35 kB gzipped: 36.0 kB: false",
    "everything: its kernels ≤ 15 kB: 9.0 kB: true",
  ]);
});

test("the page reports wrong numbers and missing peers, but not unsupported cases", () => {
  expect(sections(results)["left out"]).toBe(
    '- jax-js was not measured: `there is no network`\n- torch failed in the case "gemm": `WRONG NUMBERS: product differs by 0.5 of its largest`',
  );
});

test("the terminal shows every nonempty section", () => {
  expect(report(results)).toContain("Abacus");
  expect(report({ ...results, first: [], bundles: [] })).not.toContain("Bundles");
});

describe("docs/performance.md", () => {
  const text = readFileSync(page, "utf8");

  test("has marks for each table, and keeps the text around them", () => {
    const once = filled(text, sections(results));
    expect(once).toContain("Abacus");
    expect(filled(once, sections(results))).toBe(once);
    const outside = (page: string) => page.replaceAll(/(<!-- npm run bench: .*? -->).*?(<!-- end: )/gs, "$1$2");
    expect(outside(once)).toBe(outside(text));
    expect(() => filled("", sections(results))).toThrow("lacks the marks of machine");
  });

  test("shows the newest results", () => {
    const newest = newestResults();
    if (newest) expect(filled(text, sections(newest)) === text, "run `npm run bench`, or commit its output").toBe(true);
  });
});

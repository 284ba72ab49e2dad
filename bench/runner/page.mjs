/**
 * Writes the tables of docs/performance.md between HTML comments. The text outside of these comments is written by hand.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { kilobytes, verdicts } from "./goals.mjs";
import { writeWhole } from "./results.mjs";
import { duration, ratiosTable, table, timesTable } from "./tables.mjs";

/** @typedef {import("./results.mjs").Results} Results */

export const page = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));

/**
 * Returns the generated tables of the page, by the names in the HTML comments.
 * @param {Results} results @returns {Record<string, string>}
 */
export function sections(results) {
  const { titles } = results;
  return {
    machine: machineText(results),
    times: timesTable(results.cases, titles),
    ratios: ratiosTable(results.cases, titles),
    "left out": leftOut(results),
    first: firstTable(results),
    bundles: bundlesTable(results),
    goals: goalsTable(results),
  };
}

/**
 * Returns the Markdown page `text` with each generated table inserted between its pair of HTML comments.
 * @param {string} text @param {Record<string, string>} tables
 */
export function filled(text, tables) {
  return Object.entries(tables).reduce((whole, [name, content]) => {
    const [opening, closing] = [`<!-- npm run bench: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [whole.indexOf(opening), whole.indexOf(closing)];
    if (from < 0 || to < from)
      throw new Error(`docs/performance.md lacks the marks of ${name}: ${opening} … ${closing}`);
    return `${whole.slice(0, from)}${opening}\n\n${content}\n\n${whole.slice(to)}`;
  }, text);
}

/** @param {Results} results */
export function writePage(results) {
  writeWhole(page, filled(readFileSync(page, "utf8"), sections(results)));
}

/** Formats all tables of benchmark results for a terminal. @param {Results} results */
export function report(results) {
  const heads = {
    machine: "",
    times: "Time of one run: the median, and half the distance of the quartiles",
    ratios: "Time of Wengert ÷ time of the peer",
    "left out": "Left out",
    first: "From before the import to the first gradient, in a new process",
    bundles: "Bundles for a page",
    goals: "Goals",
  };
  return Object.entries(sections(results))
    .filter(([, content]) => content !== "")
    .map(([name, content]) => `\n${heads[/** @type {keyof typeof heads} */ (name)]}\n\n${content}`)
    .join("\n");
}

/** @param {Results} results */
function machineText({ machine, versions, date, seconds }) {
  const { cpu, cores, memory, os, pinned } = machine;
  /** @type {Map<string, string>} */
  const known = new Map();
  for (const { blasCore, kernels, backend, ...rest } of Object.values(versions)) {
    for (const [name, version] of Object.entries(rest)) known.set(name, version);
  }
  known.delete("wengert");
  const [kernels, blas] = [versions.wengert?.kernels, versions.torch?.blasCore];
  return [
    `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memory} GB, ${os}; ${pinned ? "each process on the same core" : "one thread each"};`,
    `${[...known].map(([name, version]) => `${name} ${version}`).join(", ")}${blas ? ` (kernels for ${blas})` : ""};`,
    `Wengert's kernels: ${kernels ?? "–"}. The run took ${Math.round(seconds)} s.`,
  ].join("\n");
}

/** @param {Results} results */
function leftOut({ missing, cases, first = [], bundles = [] }) {
  const lines = [
    ...Object.entries(missing).map(([name, why]) => `${name} was not measured: \`${why}\``),
    ...cases.flatMap(({ title, out }) =>
      Object.entries(out)
        .filter(([, why]) => !/^has no /.test(why))
        .map(([name, why]) => `${name} failed in the case "${title}": \`${why}\``),
    ),
    ...[...first, ...bundles].flatMap(({ title, out }) =>
      out === undefined ? [] : [`${title} was not measured: \`${out}\``],
    ),
  ];
  return lines.map((line) => `- ${line}`).join("\n");
}

/** @param {Results} results */
function firstTable({ first = [] }) {
  const rows = first.flatMap(({ title, timing }) =>
    timing ? [[title, duration(timing.median), `${duration(timing.low)} – ${duration(timing.high)}`]] : [],
  );
  return rows.length === 0 ? "" : table([["", "median", "quartiles"], ...rows]);
}

/** @param {Results} results */
function bundlesTable({ bundles = [] }) {
  const rows = bundles.flatMap(({ title, minified, gzipped, binary }) =>
    minified === undefined || gzipped === undefined
      ? []
      : [[title, kilobytes(minified), kilobytes(gzipped), binary === undefined ? "–" : kilobytes(binary)]],
  );
  return rows.length === 0 ? "" : table([["", "minified", "gzipped", "WebAssembly on top, gzipped"], ...rows]);
}

/** @param {Results} results */
function goalsTable(results) {
  const rows = verdicts(results, results.titles).map(({ title, goal, measured, reached }) => [
    title,
    goal,
    measured,
    reached === undefined ? "–" : reached ? "yes" : "**no**",
  ]);
  return rows.length === 0 ? "" : table([["", "goal", "measured", "reached"], ...rows]);
}

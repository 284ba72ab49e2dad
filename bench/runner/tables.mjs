/** Formats benchmark results as Markdown tables that are also readable in a terminal. */
import { ratio } from "./statistics.mjs";

/**
 * @typedef {import("./measure.mjs").Outcome} Outcome
 * @typedef {object} Measured a case as a file of results holds it
 * @property {string} title
 * @property {Record<string, import("./measure.mjs").Timing>} timings
 * @property {Record<string, string>} out
 */

/**
 * Formats a Markdown table with aligned columns.
 * @param {readonly (readonly string[])[]} rows the first row is the header
 */
export function table(rows) {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.slice(1).map(line)].join("\n");
}

/**
 * Formats a table of median times with half the interquartile range.
 * @param {readonly Measured[]} cases @param {Record<string, string>} titles
 */
export function timesTable(cases, titles) {
  const names = Object.keys(titles).filter((name) => cases.some(({ timings }) => timings[name]));
  const rows = cases.map(({ title, timings }) => [title, ...names.map((name) => timeText(timings[name]))]);
  return table([["", ...names.map((name) => /** @type {string} */ (titles[name]))], ...rows]);
}

/**
 * Formats a table of ratios: the time of the library `base` divided by the time of each other library.
 * @param {readonly Measured[]} cases @param {Record<string, string>} titles
 */
export function ratiosTable(cases, titles, base = "wengert") {
  const names = Object.keys(titles).filter((name) => name !== base && cases.some(({ timings }) => timings[name]));
  const rows = cases
    .filter(({ timings }) => timings[base])
    .map(({ title, timings }) => {
      const cells = names.map((name) => {
        const [ours, theirs] = [timings[base], timings[name]];
        return ours && theirs ? ratio(ours.rounds, theirs.rounds).toPrecision(2) : "–";
      });
      return [title, ...cells];
    });
  return table([["", ...names.map((name) => /** @type {string} */ (titles[name]))], ...rows]);
}

/** @param {import("./measure.mjs").Timing | undefined} timing */
function timeText(timing) {
  if (!timing) return "–";
  const spread = (timing.high - timing.low) / 2 / timing.median;
  return `${duration(timing.median)} ±${Math.round(100 * spread)} %`;
}

/** Formats a duration with three digits and a unit, such as 1.23 ms. @param {number} nanoseconds */
export function duration(nanoseconds) {
  for (const [size, unit] of /** @type {const} */ ([
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
  ])) {
    if (nanoseconds >= 0.9995 * size) return `${digits(nanoseconds / size)} ${unit}`;
  }
  return `${digits(nanoseconds)} ns`;
}

/** @param {number} number at least 0.001 */
function digits(number) {
  return number >= 99.95 ? number.toFixed(0) : number.toPrecision(3);
}

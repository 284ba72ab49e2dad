/**
 * Measures the rounding errors of each op with all available kernels, and prints the largest errors as two tables. With
 * --write, updates docs/numerics.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { runnerImport } from "vite";

const page = "docs/numerics.md";
/** The marks around each table. */
const marks = [
  ["<!-- npm run accuracy -- --write -->", "<!-- end of the table -->"],
  ["<!-- npm run accuracy -- --write: residuals -->", "<!-- end of the residuals -->"],
];

const load = async (/** @type {string} */ file) =>
  (await runnerImport(`packages/ops/test/${file}.ts`, { configFile: false, logLevel: "error" })).module;
const [accuracy, residuals] = [await load("accuracy"), await load("residuals")];
const tables = [accuracy.table(accuracy.measureAll()), residuals.residualTable(residuals.measureAllResiduals())];
console.log(tables.join("\n\n"));
if (process.argv.includes("--write")) {
  let text = readFileSync(page, "utf8");
  for (const [i, [opening, closing]] of /** @type {[string, string][]} */ (marks).entries()) {
    const [from, to] = [text.indexOf(opening), text.indexOf(closing)];
    if (from < 0 || to < from) throw new Error(`${page} lacks the marks of a table: ${opening} … ${closing}`);
    text = `${text.slice(0, from)}${opening}\n\n${tables[i]}\n\n${text.slice(to)}`;
  }
  writeFileSync(page, text);
}

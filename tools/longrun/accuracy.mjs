/** Prints the largest rounding errors of each op over all available kernels. With --write, updates docs/numerics.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { runnerImport } from "vite";

const page = "docs/numerics.md";
const [opening, closing] = ["<!-- npm run accuracy -- --write -->", "<!-- end of the table -->"];

const { module } = await runnerImport("packages/ops/test/accuracy.ts", { configFile: false, logLevel: "error" });
const table = module.table(module.measureAll());
console.log(table);
if (process.argv.includes("--write")) {
  const text = readFileSync(page, "utf8");
  const [from, to] = [text.indexOf(opening), text.indexOf(closing)];
  if (from < 0 || to < from) throw new Error(`${page} lacks the marks of the table: ${opening} … ${closing}`);
  writeFileSync(page, `${text.slice(0, from)}${opening}\n\n${table}\n\n${text.slice(to)}`);
}

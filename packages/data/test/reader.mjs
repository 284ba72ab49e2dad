// Reads a CSV file and prints the result or the error, and by how many bytes the memory of the process grew: node
// reader.mjs FILE OPTIONS. Uses the built package in plain Node.

import { readFileSync } from "node:fs";
import { argv } from "node:process";

const { readCsv } = await import(new URL("../dist/index.js", import.meta.url).href);

const [path = "", options = "{}"] = argv.slice(2);
await readCsv(new TextEncoder().encode("x\n1\n"));
const before = process.memoryUsage.rss();
const outcome = await readCsv(readFileSync(path), JSON.parse(options)).then(
  (/** @type {{ rows: number }} */ { rows }) => `${rows} rows`,
  (/** @type {Error} */ { name, message }) => `${name}: ${message}`,
);
const grown = 1024 * process.resourceUsage().maxRSS - before;
console.log(JSON.stringify({ outcome, grown }));

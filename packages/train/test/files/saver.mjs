// Saves two trees alternately to a file until the process is killed. Usage: node saver.mjs FILE VALUE. The script runs
// in plain Node and imports the built package.

import { argv, stdout } from "node:process";

const { save } = await import(new URL("../../dist/index.js", import.meta.url).href);
const { full } = await import(new URL("../../../core/dist/index.js", import.meta.url).href);

const [path = "", first = ""] = argv.slice(2);

/** Returns a tree of 4 MB filled with `value`. If `value` is odd, the list `layers` has one more tensor. */
const treeOf = (/** @type {number} */ value) => ({
  step: full([], value, { dtype: "int32" }),
  layers: Array.from({ length: 8 + (value % 2) }, () => full([256, 256], value)),
});

const trees = [0, 1].map((i) => treeOf(Number(first) + i));
stdout.write("ready\n");
for (let i = 0; ; i++) await save(path, trees[i % 2], { metadata: { value: String(Number(first) + (i % 2)) } });

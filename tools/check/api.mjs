/**
 * Writes the declarations of each published package's exports to api/*.md, including unexported types that they refer
 * to. The files are committed, so a review shows every change of the API.
 *
 *   node tools/check/api.mjs [--check]   --check lists outdated files instead of writing
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { publicModel } from "../docs/model.mjs";

const folder = fileURLToPath(new URL("../../api/", import.meta.url));
const reports = new Map(publicModel().modules.map((module) => [`${module.report}.md`, reportOf(module)]));
if (process.argv.includes("--check")) check();
else write();

/** @param {import("../docs/model.mjs").Module} module @returns {string} */
function reportOf({ name, exports, unexported }) {
  const texts = exports.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ text }) => text);
  const rest = unexported.length > 0 ? `\nNamed above, but not exported:\n\n${block(unexported)}` : "";
  return `# ${name}\n\nWritten by \`npm run api\`.\n\n${block(texts)}${rest}`;
}

/** @param {readonly string[]} texts */
function block(texts) {
  return `\`\`\`ts\n${texts.join("\n")}\n\`\`\`\n`;
}

function write() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [file, text] of reports) writeFileSync(folder + file, text);
}

function check() {
  const existing = new Set(readdirSync(folder));
  const changed = [...new Set([...existing, ...reports.keys()])].filter((file) => {
    return !existing.has(file) || readFileSync(folder + file, "utf8") !== reports.get(file);
  });
  if (changed.length === 0) return;
  const list = changed.map((file) => `api/${file}`).join(", ");
  console.error(
    `check: the public API differs from ${list}; if the change is intended, run \`npm run api\` and commit the files. ` +
      "CONTRIBUTING.md says which changes need which version.",
  );
  process.exitCode = 1;
}

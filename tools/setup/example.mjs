/**
 * Runs an example in plain Node: `npm run example -- NAME [options]`. If NAME is missing or unknown, lists the examples.
 */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const examples = new URL("../../packages/examples/", import.meta.url);
// The names of the examples are read from src/, because dist/ may still contain deleted examples.
const names = readdirSync(new URL("src/", examples), { withFileTypes: true })
  .filter((entry) => existsSync(new URL(`src/${entry.name}/main.ts`, examples))) // src/shared is not an example
  .map((entry) => entry.name);
const [name, ...args] = process.argv.slice(2);

if (name !== undefined && names.includes(name)) {
  // An example runs only if process.argv[1] is the path of the example, so the next line sets process.argv.
  process.argv = [process.execPath, fileURLToPath(mainOf(name)), ...args];
  await load(name);
} else {
  const width = Math.max(...names.map((known) => known.length));
  const lines = [];
  for (const known of names) lines.push(`  ${known.padEnd(width)}  ${(await load(known)).default.summary}`);
  const asked = name === undefined || name === "--help" || name === "-h";
  const list = `npm run example -- NAME [options]   (NAME --help shows its options)\n\n${lines.join("\n")}`;
  if (asked) console.log(list);
  else console.error(`unknown example "${name}"; the examples are\n\n${list}`);
  process.exitCode = asked ? 0 : 1;
}

function mainOf(/** @type {string} */ example) {
  return new URL(`dist/${example}/main.js`, examples);
}

async function load(/** @type {string} */ example) {
  if (!existsSync(mainOf(example))) broken(`${example} is not built; run \`npm run example -- ${example}\`.`);
  try {
    return await import(mainOf(example).href);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (!missing) throw error;
    const [what] = error.message.split(" imported from");
    broken(`${what}; delete node_modules and the dist folder of each package, then run the command again.`);
  }
}

/** @type {(message: string) => never} */
function broken(message) {
  console.error(`example: ${message}`);
  process.exit(1);
}

/** Compiles test programs with several versions of TypeScript, both module resolutions, and different `lib` settings. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compilers } from "./hosts.mjs";
import { entriesOf, output } from "./project.mjs";
import { step } from "./report.mjs";

const typeRoots = [fileURLToPath(new URL("../../../node_modules/@types", import.meta.url))];

/**
 * The `lib` and `types` settings to test. train, data and report need file and signal types, which only the DOM or Node
 * declares.
 */
const surroundings = [
  { title: "only the language", lib: ["es2022"], types: [], needsHost: false },
  { title: "a page (dom)", lib: ["es2022", "dom"], types: [], needsHost: true },
  { title: "@types/node", lib: ["es2022"], types: ["node"], needsHost: true },
];

/** @param {string} project its folder */
export async function checkTypes(project) {
  for (const { name, version, command } of compilers()) {
    for (const moduleResolution of ["nodenext", "bundler"]) {
      await step("types", `${name} ${version}`, moduleResolution, () => compile(project, command, moduleResolution));
    }
  }
}

/** @param {string} project @param {readonly string[]} compiler @param {string} moduleResolution @throws Error with the compiler's output */
export function compile(project, compiler, moduleResolution) {
  for (const { title, lib, types, needsHost } of surroundings) {
    for (const skipLibCheck of [false, true]) {
      const settings = { lib, types, skipLibCheck, moduleResolution };
      const files = ["types.ts", ...(needsHost ? ["train.ts"] : []), everyEntry(project, needsHost)];
      try {
        output(project, [...compiler, "-p", configuration(project, settings, files)]);
      } catch (error) {
        throw new Error(`${title}, skipLibCheck ${skipLibCheck}:\n${/** @type {Error} */ (error).message}`);
      }
    }
  }
}

/**
 * Writes a module that imports every entry point, so that the compiler reads all declarations.
 * @param {string} project @param {boolean} withHost
 */
function everyEntry(project, withHost) {
  const entries = entriesOf(project).filter(
    (entry) => withHost || ["core", "ops", "compile", "nn"].includes(entry.package),
  );
  const file = `every${withHost ? "" : "-without-host"}.ts`;
  const lines = entries.map(({ name }, i) => `import * as all${i} from "${name}";\nexport { all${i} };`);
  writeFileSync(join(project, file), `${lines.join("\n")}\n`);
  return file;
}

/**
 * @param {string} project
 * @param {{ lib: readonly string[], types: readonly string[], skipLibCheck: boolean, moduleResolution: string }} settings
 * @param {readonly string[]} files @returns {string}
 */
function configuration(project, settings, files) {
  const module = settings.moduleResolution === "bundler" ? "esnext" : "nodenext";
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
  const compilerOptions = { ...settings, ...strict, module, typeRoots, target: "es2022", noEmit: true };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  return "tsconfig.json";
}

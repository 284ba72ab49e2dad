/**
 * The public API as text: for each entry of each published package, what it exports, and what is named there without being
 * exported. These files are committed, so that a change of the API is seen in review.
 *
 *   node tools/api.mjs [--check]   writes api/*.md; or only says which of them are not as the declarations are
 *
 * Reads the declarations that are published, by the compiler as a library: version 6, which the documentation has for
 * typedoc. (API Extractor brings a third TypeScript and wants a configuration for each entry.)
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {typeof import("../packages/site/node_modules/typescript/lib/typescript.js")} Compiler */
/** @typedef {import("../packages/site/node_modules/typescript/lib/typescript.js").Node} Node */
/** @typedef {import("../packages/site/node_modules/typescript/lib/typescript.js").Symbol} Named */

const root = fileURLToPath(new URL("../", import.meta.url));
/** @type {Compiler} */
const ts = createRequire(join(root, "packages/site/package.json"))("typescript");
const printer = ts.createPrinter({ removeComments: true });

const entries = entriesOfPackages();
const program = ts.createProgram({
  rootNames: entries.map(({ types }) => types),
  options: {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  },
});
const checker = program.getTypeChecker();
const exported = new Set(entries.flatMap(({ types }) => exportsOf(types).map(({ symbol }) => symbol)));

const reports = new Map(entries.map((entry) => [entry.file, report(entry)]));
if (process.argv.includes("--check")) check();
else write();

/** @typedef {{ name: string, file: string, types: string }} Entry - Of a package: its name to importers, its report, its declarations. */

/** @returns {Entry[]} */
function entriesOfPackages() {
  return readdirSync(join(root, "packages")).flatMap((folder) => {
    const {
      name,
      private: hidden,
      exports,
    } = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"));
    if (hidden) return [];
    return Object.entries(exports).flatMap(([path, { types }]) => {
      if (types === undefined) return []; // package.json
      const entry = path.slice(2);
      return {
        name: entry ? `${name}/${entry}` : name,
        file: `${[folder, ...entry.split("/")].filter(Boolean).join("-")}.md`,
        types: join(root, "packages", folder, types),
      };
    });
  });
}

/** What a module exports, under which name, by name. @param {string} path @returns {{ name: string, symbol: Named }[]} */
function exportsOf(path) {
  const file = program.getSourceFile(path);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${path} is missing, or exports nothing: run \`npm run build\`.`);
  const all = checker.getExportsOfModule(module).map((symbol) => ({ name: symbol.name, symbol: original(symbol) }));
  return all.sort(byName);
}

/** @param {Entry} entry @returns {string} */
function report({ name, types }) {
  const api = exportsOf(types);
  const unnamed = notExported(api.map(({ symbol }) => symbol));
  const code = api.map((one) => textOf(one.symbol, one.name)).join("\n");
  const named = unnamed.map((symbol) => textOf(symbol, symbol.name)).join("\n");
  const rest = named && `\nNamed above, but not exported:\n\n\`\`\`ts\n${named}\n\`\`\`\n`;
  return `# ${name}\n\nWritten by \`npm run api\`.\n\n\`\`\`ts\n${code}\n\`\`\`\n${rest}`;
}

/** What declarations of ours name, and what that names in turn, as far as no package exports it. @param {Named[]} symbols @returns {Named[]} */
function notExported(symbols) {
  /** @type {Set<Named>} */
  const found = new Set();
  /** @param {Node} node */
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const symbol = original(checker.getSymbolAtLocation(node));
      if (symbol && isOurs(symbol) && !exported.has(symbol) && !found.has(symbol)) {
        found.add(symbol);
        for (const declaration of symbol.declarations ?? []) visit(declaration);
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const { declarations } of symbols) declarations?.forEach(visit);
  return [...found].sort(byName);
}

/** Whether it is declared at the top of a module of a published package. @param {Named} symbol */
function isOurs({ declarations }) {
  return declarations?.some((declaration) => {
    const parent = statementOf(declaration).parent;
    const path = declaration.getSourceFile().fileName.replaceAll(sep, "/");
    return parent !== undefined && ts.isSourceFile(parent) && /\/packages\/\w+\/dist\//.test(path);
  });
}

/** Its declarations without comments, but for that it is deprecated. @param {Named} symbol @param {string} name */
function textOf(symbol, name) {
  const statements = new Set((symbol.declarations ?? []).map(statementOf));
  const texts = [...statements].map((statement) => {
    const text = printer.printNode(ts.EmitHint.Unspecified, statement, statement.getSourceFile());
    return text.replace(/^(export )?(declare )?/, "");
  });
  const deprecated = symbol.getJsDocTags(checker).find((tag) => tag.name === "deprecated");
  const reason = deprecated && `// deprecated: ${ts.displayPartsToString(deprecated.text)}`;
  const renamed = name === symbol.name ? undefined : `// exported as ${name}:`;
  return [reason, renamed, ...texts].filter(Boolean).join("\n");
}

/** A variable is declared within a statement. @param {Node} declaration @returns {Node} */
function statementOf(declaration) {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

/**
 * What stands behind an import or an export.
 * @template {Named | undefined} T @param {T} symbol @returns {T}
 */
function original(symbol) {
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? /** @type {T} */ (checker.getAliasedSymbol(symbol)) : symbol;
}

function write() {
  rmSync(join(root, "api"), { recursive: true, force: true });
  mkdirSync(join(root, "api"));
  for (const [file, text] of reports) writeFileSync(join(root, "api", file), text);
}

function check() {
  const there = new Set(readdirSync(join(root, "api")));
  const files = new Set([...there, ...reports.keys()]);
  const changed = [...files].filter((file) => {
    return !there.has(file) || readFileSync(join(root, "api", file), "utf8") !== reports.get(file);
  });
  if (changed.length === 0) return;
  const list = changed.map((file) => `api/${file}`).join(", ");
  console.error(
    `The public API is not what ${list} says. Where the change is meant, run \`npm run api\` and commit what it writes; ` +
      "CONTRIBUTING.md says which changes need which version.",
  );
  process.exitCode = 1;
}

/** @param {{ readonly name: string }} a @param {{ readonly name: string }} b */
function byName(a, b) {
  return a.name < b.name ? -1 : 1;
}

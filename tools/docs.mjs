/**
 * Writes docs/ops.md, the reference of all that @wengert/ops exports, from the declarations: `npm run docs`.
 *
 * Signatures, formulas and policies are what types and doc comments say; what can be found out by calling an op is found
 * out. The table of packages/ops/README.md gives the families.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { differentiableBy, dtypesOf } from "./behaviour.mjs";
import { declarationsOf } from "./declarations.mjs";

/** @typedef {import("./declarations.mjs").Declaration} Declaration */
/** @typedef {import("./behaviour.mjs").Exported} Exported */
/** @typedef {import("./behaviour.mjs").Core} Core */
/** @typedef {import("./behaviour.mjs").Ops} Ops */

const root = new URL("../", import.meta.url);
const page = new URL("docs/ops.md", root);

const introduction = `# The ops

<!-- \`npm run docs\` writes this page from the declarations in packages/ops/src. Change those. -->

All that \`@wengert/ops\` exports, by family. y is the output, g its cotangent, x̄ the cotangent that the VJP gives to x. In
\`{ axis = -1, where? }\` options stand with their defaults; one with a \`?\` may be left out, one without either must be given.

Everywhere: a plain number stands where a tensor may. Shapes broadcast as in NumPy, and the cotangent of an input that was
repeated is summed over its copies. Negative axes count from the end. Dtypes do not mix, and the error names the cast to write.
Sums accumulate in float64, a float32 result is rounded once for each element, and int32 wraps around. A NaN or an infinity stays
in its own lane; \`nonFinite\` tells where it came from, and what to do. Derivatives are of any order. [softmax.md](softmax.md)
derives softmax and its relatives.

The columns: *by* names the inputs to which a cotangent flows back. *dtypes* are those that the op takes, float64 and float32 as
float; the result has the dtype of the inputs unless an arrow says otherwise.
`;

/** The page, from the sources and from what they export. @param {Core} core @param {Ops} ops @returns {string} */
export function opsPage(core, ops) {
  const families = familiesOf(declarationsOf(fileURLToPath(new URL("packages/ops/src/index.ts", root))));
  const contents = families.map(({ title, members }) => {
    const links = members.map(({ name }) => `[${name}](#${name})`);
    return `- **[${title}](#${title.toLowerCase().replaceAll(" ", "-")})** ${links.join(" ")}`;
  });
  const entries = families.map(({ title, members }) => `## ${title}\n\n${entriesOf(members, core, ops)}`);
  return `${introduction}\n${contents.join("\n")}\n\n${entries.join("\n\n")}\n`;
}

/**
 * The families in the order of the README's table; what is not in it comes last, as ops of which rules are made.
 * @param {readonly Declaration[]} declarations @returns {{ title: string, members: Declaration[] }[]}
 */
function familiesOf(declarations) {
  const readme = readFileSync(new URL("packages/ops/README.md", root), "utf8");
  const left = new Map(declarations.map((declaration) => [declaration.name, declaration]));
  const families = [...readme.matchAll(/^\| (\w[^|]*?) \|(.*)\|$/gm)].map(([, title = "", row = ""]) => {
    const names = [...row.matchAll(/`(\w+(?: \w+)*)`/g)].flatMap(([, list = ""]) => list.split(" "));
    const members = names.map((name) => {
      const found = left.get(name);
      if (!found) throw new Error(`packages/ops/README.md lists ${name} as ${title}, but index.ts does not export it.`);
      left.delete(name);
      return found;
    });
    return { title: title.charAt(0).toUpperCase() + title.slice(1), members };
  });
  return [...families, { title: "For rules", members: [...left.values()] }].filter(({ members }) => members.length > 0);
}

/** A row for each, and then what their options mean. @param {readonly Declaration[]} members @param {Core} core @param {Ops} ops */
function entriesOf(members, core, ops) {
  const rows = members.map((declaration) => {
    const { name, file, doc } = declaration;
    const op = /** @type {Exported} */ (/** @type {unknown} */ (ops[/** @type {keyof Ops} */ (name)]));
    return row([
      `<a id="${name}"></a>[\`${signature(declaration, op)}\`](../packages/ops/src/${file})`,
      text(doc),
      differentiableBy(declaration, op, core, ops).map(code).join(" ") || "–",
      dtypesOf(declaration, op, core, ops),
    ]);
  });
  const head = [row(["op", "formula, VJP, policy", "by", "dtypes"]), "| --- | --- | --- | --- |"];
  return [...head, ...rows, ...optionList(members)].join("\n");
}

/** The call as one would write it, with the defaults. @param {Declaration} declaration @param {Exported} op */
function signature({ name, inputs, options }, { spec }) {
  const defaults = /** @type {Readonly<Record<string, unknown>>} */ (spec?.options ?? {});
  const each = options.map(({ name: option, optional, doc }) => {
    const [, said] = /Default:? ("[^"]*"|-?[\d.]*\d)/.exec(doc) ?? [];
    const declared = defaults[option] === undefined ? undefined : JSON.stringify(defaults[option]);
    if (said !== undefined && declared !== undefined && said !== declared)
      throw new Error(`${name}: the comment on ${option} says "Default: ${said}", but its spec has ${declared}.`);
    const value = declared ?? said;
    if (!optional) return option;
    return value === undefined ? `${option}?` : `${option} = ${value}`;
  });
  return `${name}(${[...inputs, ...(each.length > 0 ? [`{ ${each.join(", ")} }`] : [])].join(", ")})`;
}

/** What options mean, where a comment says so, each once with those that have it. @param {readonly Declaration[]} members */
function optionList(members) {
  /** @type {Map<string, string[]>} */
  const users = new Map();
  for (const { name, options } of members) {
    for (const { name: option, type, doc } of options) {
      const meaning = `${code(`${option}: ${type}`)}\n${text(doc)}`;
      if (doc !== "") users.set(meaning, [...(users.get(meaning) ?? []), name]);
    }
  }
  const rows = [...users].map(([meaning, names]) => row([...meaning.split("\n"), names.map(code).join(" ")]));
  return rows.length > 0 ? ["", row(["option", "", "of"]), "| --- | --- | --- |", ...rows] : [];
}

/** @param {readonly string[]} cells */
const row = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** A doc comment as Markdown: whole sentences, with the names of errors as code. @param {string} doc */
function text(doc) {
  const [said = "", ...thrown] = doc.split(/\s*@throws /).map((part) => part.replace(/[^.!?]$/, "$&."));
  return [said, ...thrown.map((what) => `Throws ${what}`)]
    .join(" ")
    .replaceAll(/`[^`]*`|\b[A-Z]\w+Error\b|</g, (found) => {
      if (found === "<") return "&lt;";
      return found.startsWith("`") ? found : code(found);
    });
}

/** @param {string} name */
const code = (name) => `\`${name}\``;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = (/** @type {string} */ name) => import(new URL(`packages/${name}/dist/index.js`, root).href);
  writeFileSync(page, opsPage(await built("core"), await built("ops")));
  console.log(`wrote ${fileURLToPath(page)}`);
}

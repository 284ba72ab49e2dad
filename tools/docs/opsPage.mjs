/**
 * Writes docs/ops.md, the reference of the ops, from their declarations: `npm run docs`.
 *
 * Signatures, formulas and policies are those of the types and doc comments; differentiability and dtypes are found by
 * calling each op. The table of packages/ops/README.md gives the families.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { differentiableBy, dtypesOf } from "./behavior.mjs";
import { publicModel } from "./model.mjs";

/** @typedef {import("./model.mjs").Export} Declaration */
/** @typedef {import("./behavior.mjs").Exported} Exported */
/** @typedef {import("./behavior.mjs").Core} Core */
/** @typedef {import("./behavior.mjs").Ops} Ops */

const root = new URL("../../", import.meta.url);
const page = new URL("docs/ops.md", root);

const introduction = `# The ops

<!-- \`npm run docs\` writes this page from the declarations in packages/ops/src. Change those. -->

The ops of \`@wengert/ops\`, by family, and last those of \`@wengert/ops/extend\`. y is the output, g its cotangent, x̄ the
cotangent that the VJP gives to x. In \`{ axis = -1, where? }\` options stand with their defaults; one with a \`?\` may be left out,
one without either must be given.

Everywhere: a plain number stands where a tensor may. Shapes broadcast as in NumPy, and the cotangent of an input that was
repeated is summed over its copies. Negative axes count from the end. Dtypes do not mix, and the error names the cast to write.
Sums accumulate in float64, a float32 result is rounded once for each element, and int32 wraps around. A NaN or an infinity stays
in its own slice; \`nonFinite\` tells where it came from, and what to do. Derivatives are of any order. [softmax.md](softmax.md)
derives softmax and its relatives.

The columns: *by* names the inputs to which a cotangent flows back. *dtypes* are those that the op takes, float64 and float32 as
float; the result has the dtype of the inputs unless an arrow says otherwise.
`;

const forRulesLead = "VJP rules are made of these ops. Import them from `@wengert/ops/extend`.";

/** The page, from the declarations and the exports of both entries of ops. @param {Core} core @param {Ops} ops @returns {string} */
export function opsPage(core, ops) {
  const families = familiesOf(opsOf("@wengert/ops", ops), opsOf("@wengert/ops/extend", ops));
  const contents = families.map(({ title, members }) => {
    const links = members.map(({ name }) => `[${name}](#${name})`);
    return `- **[${title}](#${title.toLowerCase().replaceAll(" ", "-")})** ${links.join(" ")}`;
  });
  const entries = families.map(({ title, lead, members }) => {
    return [`## ${title}`, ...(lead ? [lead] : []), entriesOf(members, core, ops)].join("\n\n");
  });
  return `${introduction}\n${contents.join("\n")}\n\n${entries.join("\n\n")}\n`;
}

/** The ops that a module exports, and its functions made of ops. @param {string} module @param {Ops} ops @returns {Declaration[]} */
function opsOf(module, ops) {
  const { exports = [] } = publicModel().modules.find(({ name }) => name === module) ?? {};
  return exports.filter(({ name, file, doc }) => {
    const value = ops[/** @type {keyof Ops} */ (name)];
    if (typeof value !== "function" || !("spec" in value || "samples" in value)) return false;
    if (doc === "") throw new Error(`${file}: ${name} has no doc comment; write its formula, consequence and policy.`);
    return true;
  });
}

/**
 * The families in the order of the README's table, and last the ops for rules.
 * @param {readonly Declaration[]} forUsers @param {readonly Declaration[]} forRules
 * @returns {{ title: string, lead?: string, members: readonly Declaration[] }[]}
 */
function familiesOf(forUsers, forRules) {
  const readme = readFileSync(new URL("packages/ops/README.md", root), "utf8");
  const left = new Map(forUsers.map((declaration) => [declaration.name, declaration]));
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
  if (left.size > 0) throw new Error(`packages/ops/README.md does not list ${[...left.keys()].join(", ")}.`);
  return [...families, { title: "For rules", lead: forRulesLead, members: forRules }];
}

/** A row for each, and then what their options mean. @param {readonly Declaration[]} members @param {Core} core @param {Ops} ops */
function entriesOf(members, core, ops) {
  const rows = members.map((declaration) => {
    const { name, file, doc } = declaration;
    const op = /** @type {Exported} */ (/** @type {unknown} */ (ops[/** @type {keyof Ops} */ (name)]));
    return row([
      `<a id="${name}"></a>[\`${signature(declaration, op)}\`](../${file})`,
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
  /** Both entries of a package. @param {string} name */
  const built = async (name) => {
    const entries = ["index", "extend"].map((entry) => import(new URL(`packages/${name}/dist/${entry}.js`, root).href));
    return Object.assign({}, ...(await Promise.all(entries)));
  };
  writeFileSync(page, opsPage(await built("core"), await built("ops")));
  console.log(`wrote ${fileURLToPath(page)}`);
}

/**
 * Writes docs/ops.md, the reference of the ops, from the declarations of the ops: `npm run docs`.
 *
 * The signatures come from the types, and the descriptions from the doc comments. The differentiable inputs and the
 * dtypes are found by calling each op. The families of ops come from the table in packages/ops/README.md.
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

This page lists the ops of \`@wengert/ops\` by family, then the ops of \`@wengert/ops/extend\`. In the formulas, y is the output
of the op, g is the cotangent of y, and x̄ is the cotangent of the input x. In a signature such as \`{ axis = -1, where? }\`, \`=\`
gives the default of an option, and \`?\` marks an option without a default.

These rules hold for all ops:

- Every op accepts a plain number in place of a tensor.
- Shapes broadcast as in NumPy. The cotangent of a broadcast input is the sum of the cotangents of its copies.
- Negative axes count from the end.
- All inputs of an op must have the same dtype.
- Sums accumulate in float64, except in large float32 matrix products.
- A NaN or an infinity in one slice does not affect other slices.
- Every op has derivatives of every order. [softmax.md](softmax.md) derives the VJPs of the softmax family.

The column *by* lists the differentiable inputs of an op. The column *dtypes* lists the accepted dtypes, where float means float64
and float32. An arrow, as in "float → bool", shows the dtype of the result if this dtype differs from the input's.
`;

const forRulesLead = "VJP rules use these ops. Import them from `@wengert/ops/extend`.";

/**
 * Returns the text of docs/ops.md. `core` and `ops` are the exports of the built packages.
 * @param {Core} core @param {Ops} ops @returns {string}
 */
export function opsPage(core, ops) {
  const families = allFamilies(ops);
  const contents = families.map(({ title, members }) => {
    const links = members.map(({ name }) => `[${name}](#${name})`);
    return `- **[${title}](#${title.toLowerCase().replaceAll(" ", "-")})** ${links.join(" ")}`;
  });
  const entries = families.map(({ title, lead, members }) => {
    return [`## ${title}`, ...(lead ? [lead] : []), entriesOf(members, core, ops)].join("\n\n");
  });
  return `${introduction}\n${contents.join("\n")}\n\n${entries.join("\n\n")}\n`;
}

/** Returns all ops, grouped into families such as reductions. @param {Ops} ops */
export const allFamilies = (ops) => familiesOf(opsOf("@wengert/ops", ops), opsOf("@wengert/ops/extend", ops));

/**
 * Returns the declarations of all ops that a module exports, and of its functions that are composed of ops.
 * @param {string} module @param {Ops} ops @returns {Declaration[]}
 */
function opsOf(module, ops) {
  const { exports = [] } = publicModel().modules.find(({ name }) => name === module) ?? {};
  return exports.filter(({ name, file, doc }) => {
    const value = ops[/** @type {keyof Ops} */ (name)];
    if (typeof value !== "function" || !("spec" in value || "samples" in value)) return false;
    if (doc === "") throw new Error(`${file}: ${name} has no doc comment; add its formula, consequence and policy.`);
    return true;
  });
}

/**
 * Groups the ops into families, such as reductions, by the table in packages/ops/README.md. The last group has the ops
 * that only VJP rules use.
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

/**
 * Returns a table with a row for each op, followed by a table of the ops' options.
 * @param {readonly Declaration[]} members @param {Core} core @param {Ops} ops
 */
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

/**
 * Returns the call signature of an op with the default values of its options.
 * @param {Declaration} declaration @param {Exported} op
 */
export function signature({ name, inputs, options }, { spec }) {
  const defaults = /** @type {Readonly<Record<string, unknown>>} */ (spec?.options ?? {});
  const each = options.map(({ name: option, optional, doc }) => {
    const [, said] = /Default:? ("[^"]*"|-?[\d.]*\d(?:e-?\d+)?)/.exec(doc) ?? [];
    const declared = defaults[option] === undefined ? undefined : JSON.stringify(defaults[option]);
    if (said !== undefined && declared !== undefined && JSON.stringify(JSON.parse(said)) !== declared)
      throw new Error(`${name}: the comment on ${option} says "Default: ${said}", but its spec has ${declared}.`);
    const value = said ?? declared;
    if (!optional) return option;
    return value === undefined ? `${option}?` : `${option} = ${value}`;
  });
  return `${name}(${[...inputs, ...(each.length > 0 ? [`{ ${each.join(", ")} }`] : [])].join(", ")})`;
}

/**
 * Returns a table of documented options. Each row names the ops that have the option.
 * @param {readonly Declaration[]} members
 */
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
  return rows.length > 0 ? ["", row(["option", "meaning", "of"]), "| --- | --- | --- |", ...rows] : [];
}

/** @param {readonly string[]} cells */
const row = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/**
 * Returns a doc comment as Markdown. Each
 * @throws tag becomes a sentence, and error names become inline code. @param {string} doc
 */
export function text(doc) {
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
  /** Imports the built entry points `index` and `extend` of a package. @param {string} name */
  const built = async (name) => {
    const entries = ["index", "extend"].map((entry) => import(new URL(`packages/${name}/dist/${entry}.js`, root).href));
    return Object.assign({}, ...(await Promise.all(entries)));
  };
  writeFileSync(page, opsPage(await built("core"), await built("ops")));
  console.log(`wrote ${fileURLToPath(page)}`);
}

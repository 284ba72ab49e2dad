/**
 * Finds words and phrases that are not plain American English. prose.json lists these words and phrases.
 *
 *   node tools/check/prose.mjs [path...]       prints each finding as file:line, the words, and what to write instead
 *   node tools/check/prose.mjs --count         also prints the number of findings in each folder
 *
 * The script checks comments, strings of three words or more, text in JSX, and Markdown outside of code. It skips lines
 * that contain `prose-ok`, such as quotations. prose.json omits words that are usually good English, such as "beside"
 * and "whereas".
 *
 * Existing tools do not fit: textlint has no plugin for TypeScript comments, alex and write-good have fixed lists, cspell
 * forbids only single words, and vale is not on npm.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import jsTokens from "js-tokens";

/** @typedef {{ pattern: string, instead: string, example: string, passes?: string[], where?: "start", case?: boolean }} Rule */
/** @typedef {{ line: number, words: string, instead: string }} Finding */

/** @type {readonly Rule[]} */
export const rules = JSON.parse(readFileSync(new URL("prose.json", import.meta.url), "utf8"));
const compiled = rules.map((rule) => ({ ...rule, regex: regexOf(rule) }));

/** Paths of files that the prose check skips, because they are generated or quote other authors. */
const written = /(?:^|\/)(?:api\/|THIRD_PARTY\.md|docs\/ops\.md|.*\.snapshot\.md)/;

/** @param {string} path @param {string} source @returns {Finding[]} */
export function findingsIn(path, source) {
  const prose = path.endsWith(".md") ? proseOfMarkdown(source) : proseOfCode(source, path.endsWith("x"));
  const lines = source.split("\n");
  const findings = compiled.flatMap(({ regex, instead }) =>
    [...prose.matchAll(regex)].map(({ 0: words, index }) => {
      const line = prose.slice(0, index).split("\n").length;
      return { line, words: words.replaceAll(/\s+/g, " ").trim(), instead };
    }),
  );
  return findings.filter(({ line }) => !lines[line - 1]?.includes("prose-ok")).sort((a, b) => a.line - b.line);
}

/**
 * Returns the regular expression of a rule. A space in the pattern matches any white space, so a phrase may continue on
 * the next line. The searched text has the character "\0" in place of code, so a match cannot span two comments.
 * @param {Rule} rule
 */
function regexOf({ pattern, where, case: isCased }) {
  const start = where === "start" ? "(?<=\\0\\s*)" : "(?<![\\w-])";
  return new RegExp(
    `${start}(?:${pattern.replaceAll(" ", "\\s+")})${where === "start" ? "" : "(?![\\w-])"}`,
    isCased ? "g" : "gi",
  );
}

/**
 * Replaces inline code and addresses in a text by blanks, so that the other words keep their lines and columns.
 * @param {string} text @returns {string}
 */
function withoutCode(text) {
  return text.replaceAll(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, blank).replaceAll(/\{@\w+ [^}]*\}|https?:[^\s)>"]+/g, blank);
}

/** @param {string} text @returns {string} */
function blank(text) {
  return text.replaceAll(/[^\n]/g, "\u0001");
}

/** @param {string} source @returns {string} */
function proseOfMarkdown(source) {
  const text = source
    .replaceAll(/^( *)(`{3,}|~{3,})[\s\S]*?^ *\2[^\n]*$/gm, blank)
    .replaceAll(/<(?!!--)[^<>]*>/g, (tag) =>
      tag.replaceAll(/(?:alt|title)="[^"]*"|[^\n]/g, (part) => (part.length > 1 ? part : "\u0001")),
    )
    .replaceAll(/\]\([^)\s]*\)/g, blank)
    .replaceAll(/^\s*>/gm, (mark) => mark.replace(">", " "));
  return withoutCode(text);
}

/**
 * Returns the prose of a source file: replaces all code by "\0", and keeps comments, strings and white space. Comments
 * on adjacent lines thus form one text.
 *
 * @param {string} source @param {boolean} jsx @returns {string}
 */
function proseOfCode(source, jsx) {
  let prose = "";
  for (const { type, value } of jsTokens(source, { jsx: /** @type {true} */ (jsx) })) {
    if (type === "WhiteSpace" || type === "LineTerminatorSequence") prose += value;
    else if (type === "SingleLineComment") prose += withoutCode(value.replace(/^\/\/+/, spaces));
    else if (type === "MultiLineComment") {
      const text = value.replace(/^\/\*+|\*\/$/g, bars).replaceAll(/^\s*\*+/gm, spaces);
      prose += withoutCode(text);
    } else if (isProse(type, value)) {
      const text = value.replaceAll(/\\[nrt]/g, spaces).replace(/^["'`}]|(?:["'`]|\$\{)$/g, bars);
      prose += withoutCode(text);
    } else prose += bars(value);
  }
  return prose;
}

/**
 * Returns whether a token is prose: a string of three words or more, a template piece of two words or more, or JSX text.
 */
function isProse(/** @type {string} */ type, /** @type {string} */ value) {
  const words = value.split(/\s+/).filter((word) => /[A-Za-z]/.test(word)).length;
  if (type === "StringLiteral" || type === "JSXString" || type === "NoSubstitutionTemplate") return words >= 3;
  return type === "JSXText" || (type.startsWith("Template") && words >= 2);
}

/** @param {string} text @returns {string} */
function spaces(text) {
  return text.replaceAll(/[^\n]/g, " ");
}

/** @param {string} text @returns {string} */
function bars(text) {
  return text.replaceAll(/[^\n]/g, "\0");
}

/**
 * Prints the findings in the files of the repository.
 * @param {readonly string[]} args @returns {number} the number of findings
 */
function main(args) {
  const paths = args.filter((arg) => !arg.startsWith("--"));
  const { stdout } = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "--", ...paths], {
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  const files = stdout.split("\n").filter((path) => /\.(?:md|tsx?|m?js)$/.test(path) && !written.test(path));
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const path of files) {
    if (!existsSync(path)) continue; // deleted, but not committed yet
    for (const { line, words, instead } of findingsIn(path, readFileSync(path, "utf8"))) {
      console.error(`${path}:${line}: "${words}": ${instead}`);
      const area = path
        .split("/")
        .slice(0, path.startsWith("packages/") ? 2 : 1)
        .join("/");
      counts.set(area, (counts.get(area) ?? 0) + 1);
    }
  }
  if (args.includes("--count")) console.log([...counts].map(([area, count]) => `${count} ${area}`).join("\n"));
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const count = main(process.argv.slice(2));
  if (count > 0) console.error(`prose: ${count} findings; tools/check/prose.json has the list.`);
  process.exitCode = count > 0 ? 1 : 0;
}
